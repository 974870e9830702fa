import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.onnx.file import is_onnx, read_onnx
from albert_ner_onnx import ExportError

FIXTURE = Path(__file__).parents[1] / "fixtures" / "onnx" / "dynamo-18.onnx"
CONFIG = toy.config(num_hidden_layers=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one exported model and the files that belong to it."""
    shutil.copy(FIXTURE, tmp_path / "model.onnx")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tokenizer.json").write_text(toy.tokenizer())
    return tmp_path


def read_error(path: Path, labels: tuple[str, ...] | None = None) -> str:
    with pytest.raises(ExportError) as error:
        read_onnx(path, SourceOptions(labels=labels))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_checkpoint_is_read_with_the_files_that_describe_it(folder: Path) -> None:
    checkpoint = read_onnx(folder, SourceOptions(max_sentence_length=20))
    expected = toy.tensors(CONFIG)
    assert checkpoint.tensors.keys() == expected.keys()
    assert all(np.array_equal(checkpoint.tensors[name], tensor) for name, tensor in expected.items())
    assert checkpoint.config == AlbertConfig.from_dict(CONFIG)
    assert checkpoint.tokenizer == toy.tokenizer().encode()
    assert (checkpoint.folder, checkpoint.name, checkpoint.max_pieces) == (None, folder.name, 20)
    assert set(checkpoint.sha256) == {"model.onnx", "config.json", "tokenizer.json"}


@pytest.mark.parametrize("place", [".", "onnx"])
def test_licence_and_language_come_from_the_front_matter(folder: Path, place: str) -> None:
    (folder / place).mkdir(exist_ok=True)
    (folder / "model.onnx").rename(folder / place / "model.onnx")
    checkpoint = read_onnx(folder, SourceOptions())
    assert (checkpoint.license, checkpoint.language) == (None, None)
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage: en\n---\n")
    checkpoint = read_onnx(folder, SourceOptions())
    assert (checkpoint.license, checkpoint.language) == ("mit", "en")
    assert "README.md" not in checkpoint.sha256


@pytest.mark.parametrize("place", [".", "assets", ".."])
def test_without_a_config_graph_and_labels_suffice(folder: Path, place: str) -> None:
    inner = folder / "onnx"
    (inner / place).mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink()
    for name in ("model.onnx", "tokenizer.json"):
        (folder / name).rename(inner / (name if name == "model.onnx" else f"{place}/{name}"))
    (inner / place / "labels.txt").write_text("\n".join(toy.TAGS))
    checkpoint = read_onnx(folder, SourceOptions())
    assert checkpoint.config == AlbertConfig.from_dict(CONFIG)
    assert checkpoint.name == folder.name


def test_labels_given_win(folder: Path) -> None:
    tags = ("O", "B-A", "I-A", "B-B", "I-B")
    (folder / "labels.txt").write_text("\n".join(toy.TAGS))
    assert read_onnx(folder, SourceOptions(labels=tags)).config.tags == tags
    (folder / "config.json").unlink()
    assert read_onnx(folder, SourceOptions(labels=tags)).config.tags == tags


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocab_size", 99),
        ("num_hidden_layers", 4),
        ("num_attention_heads", 4),
        ("hidden_act", "gelu_new"),
        ("layer_norm_eps", 1e-5),
        ("type_vocab_size", 3),
    ],
)
def test_a_config_of_another_model_is_named(folder: Path, name: str, value: object) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG | {name: value}))
    message = read_error(folder)
    assert f"config.json: {name} is {value!r} here, but {CONFIG[name]!r} in" in message


def test_external_data_is_read_from_the_same_folder(folder: Path) -> None:
    inside = read_onnx(folder, SourceOptions())
    model = onnx.load(folder / "model.onnx")
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    checkpoint = read_onnx(folder, SourceOptions())
    assert checkpoint.tensors.keys() == inside.tensors.keys()
    assert all(np.array_equal(checkpoint.tensors[name], tensor) for name, tensor in inside.tensors.items())
    assert "weights.bin" in checkpoint.sha256


def test_missing_and_superfluous_things_are_named(folder: Path) -> None:
    assert "gives 5 logits per piece, but has 3 tags" in read_error(folder, ("O", "B-A", "I-A"))
    (folder / "config.json").unlink()
    assert "found neither config.json nor labels.txt there" in read_error(folder)
    (folder / "onnx").mkdir()
    shutil.copy(folder / "model.onnx", folder / "onnx" / "model.onnx")
    assert "expected one model.onnx in it, found" in read_error(folder)
    assert "can't be read (No such file" in read_error(folder / "absent.onnx")


def test_what_is_an_onnx_source(folder: Path, tmp_path: Path) -> None:
    assert is_onnx(folder)
    assert is_onnx(folder / "model.onnx")
    assert not is_onnx(folder / "config.json")
    assert not is_onnx(tmp_path / "nowhere")
