"""A model folder as one value, and errors that say what to do."""

import shutil
from pathlib import Path

import pytest

from albert_ner_onnx import ModelError, default_model, load
from albert_ner_onnx.model.folder import ModelFolder
from toy_models import INT8


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(INT8, tmp_path / "model"))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_flipped_bit_is_refused(model: Path, name: str) -> None:
    data = bytearray((model / name).read_bytes())
    data[len(data) // 2] ^= 1
    (model / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"{name}: damaged, expected sha256") as error:
        load(model)
    assert str(error.value).startswith(f"{model}: ")
    assert str(error.value).endswith("; copy or export the model again")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(ModelError, match=name):
        load(model)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere: no such folder; expected a model made by `albert-ner export`"):
        load(tmp_path / "nowhere")


def test_a_manifest_that_can_not_be_read_is_named(model: Path) -> None:
    (model / "manifest.json").unlink()
    (model / "manifest.json").mkdir()
    with pytest.raises(ModelError, match=r"manifest\.json: can't be read \(Is a directory\); copy or export"):
        load(model)


def test_sizes_are_those_on_the_disk(model: Path) -> None:
    folder = ModelFolder.open(model)
    assert folder.file_sizes() == {file.name: file.stat().st_size for file in model.iterdir()}
    (model / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"model: tokenizer\.json: can't be read \(No such file or directory\)"):
        folder.file_sizes()


def test_the_model_of_the_wheel_is_reinstalled_not_exported() -> None:
    assert str(ModelFolder.open(default_model()).failure("x")) == f"{default_model()}: x; reinstall albert-ner-onnx"


def test_links_inside_the_folder_are_followed(model: Path) -> None:
    data = model / "..data"  # as volumes of Kubernetes have it
    data.mkdir()
    for name in ("model.onnx", "tokenizer.json", "manifest.json"):
        (model / name).rename(data / name)
        (model / name).symlink_to(Path("..data") / name)
    assert load(model).recognize("John") == load(INT8).recognize("John")


def test_a_link_to_the_folder_is_followed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(model)
    assert load(tmp_path / "link").recognize("John") == load(INT8).recognize("John")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
@pytest.mark.parametrize("place", ["model", "snapshots/1", "models--a--b/snapshots/1"])
def test_links_out_of_the_folder_are_refused(model: Path, tmp_path: Path, name: str, place: str) -> None:
    folder = tmp_path / "elsewhere" / place
    folder.parent.mkdir(parents=True)
    shutil.move(model, folder)
    shutil.move(folder / name, tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(ModelError, match=f"{name}: a link out of the folder, to .*; put the file itself there"):
        load(folder)


def test_links_in_a_cache_of_the_hub_are_followed(model: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--anna--toy"
    (repository / "snapshots" / "1").mkdir(parents=True)
    shutil.move(model, repository / "blobs")
    for name in ("model.onnx", "tokenizer.json", "manifest.json"):
        (repository / "snapshots" / "1" / name).symlink_to(Path("../../blobs") / name)
    assert load(repository / "snapshots" / "1").recognize("John") == load(INT8).recognize("John")


def test_a_link_that_leads_nowhere_and_a_circle_are_errors(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    (model / "tokenizer.json").symlink_to("nothing")
    with pytest.raises(ModelError, match=r"tokenizer\.json: can't be read \(No such file or directory\)"):
        load(model)
    (model / "tokenizer.json").unlink()
    (model / "tokenizer.json").symlink_to("tokenizer.json")
    with pytest.raises(ModelError, match=r"tokenizer\.json: can't be read \(Too many levels of symbolic links\)"):
        load(model)
