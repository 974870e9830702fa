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
