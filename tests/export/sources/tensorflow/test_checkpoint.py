"""The fixtures are the toy, written by TensorFlow, Keras and transformers: see make_tensorflow_fixtures.py."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.hugging_face.folder import read_hugging_face
from albert_ner_export.sources.tensorflow.checkpoint import is_tensorflow, read_tensorflow
from albert_ner_onnx import ExportError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "tensorflow"
SETTINGS = json.loads((FIXTURES / "h5" / "config.json").read_text())
TENSORS = toy.tensors(SETTINGS, seed=3)
SHARD = "ckpt-1.data-00000-of-00001"


def prepare(folder: Path, fixture: str) -> Path:
    """Copies a fixture into a folder, and adds the files that don't come from TensorFlow."""
    inner = "saved_model" if fixture == "saved_model" else ""
    shutil.copytree(FIXTURES / fixture, folder / inner)
    if fixture in ("saved_model", "tf2"):
        (folder / "config.json").write_text(json.dumps(SETTINGS))
    elif fixture.startswith("tf1"):
        (folder / "labels.txt").write_text("\n".join(toy.TAGS))
    (folder / "tokenizer.json").write_text(toy.tokenizer())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepare(tmp_path / "toy", "tf2")


@pytest.mark.parametrize(
    ("fixture", "path"),
    [
        ("h5", ""),
        ("h5", "tf_model.h5"),
        ("saved_model", ""),
        ("saved_model", "saved_model/1"),
        ("saved_model", "saved_model/1/saved_model.pb"),
        ("saved_model", "saved_model/1/variables/variables.index"),
        ("tf2", ""),
        ("tf2", "ckpt-1"),
        ("tf2", "ckpt-1.index"),
        ("tf2", SHARD),
        ("tf1", ""),
        ("tf1", "model.ckpt-7"),
    ],
)
def test_every_format_gives_the_toy(tmp_path: Path, fixture: str, path: str) -> None:
    folder = prepare(tmp_path / "toy", fixture)
    assert is_tensorflow(folder / path)
    warnings: list[str] = []
    found = read_tensorflow(folder / path, SourceOptions(warn=warnings.append))
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found.tensors[name].dtype == np.float32
        assert found.tensors[name].flags.c_contiguous
        np.testing.assert_array_equal(found.tensors[name], tensor, err_msg=name)
    assert found.config == AlbertConfig.from_dict(SETTINGS)
    assert found.tokenizer == toy.tokenizer().encode()
    assert (found.name, found.folder, found.max_pieces, warnings) == ("toy", None, None, [])
    files = {file.name: file for file in folder.rglob("*") if file.is_file()}
    used = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    used.pop("saved_model.pb", None)
    assert found.sha256 == used


def test_the_graph_is_that_of_the_hugging_face_folder_to_the_byte(tmp_path: Path) -> None:
    changes = {name: SETTINGS[name] for name in toy.config() if name in SETTINGS}
    sources = [read_hugging_face(toy.write_checkpoint(tmp_path / "hf", seed=3, **changes), SourceOptions())]
    for fixture in ("h5", "saved_model", "tf2", "tf1"):
        sources.append(read_tensorflow(prepare(tmp_path / fixture, fixture), SourceOptions()))
    graphs = {
        build_graph(source.config, fold_weights(source.config, source.tensors)).SerializeToString(deterministic=True)
        for source in sources
    }
    assert len(graphs) == 1


@pytest.mark.parametrize("name", ["", "nothing", "config.json", "tokenizer.json"])
def test_other_files_and_folders_are_not_tensorflow(tmp_path: Path, name: str) -> None:
    toy.write_checkpoint(tmp_path)
    assert not is_tensorflow(tmp_path / name)
    with pytest.raises(
        ExportError, match=r"not a TensorFlow checkpoint; expected tf_model.h5, saved_model.pb, an index"
    ):
        read_tensorflow(tmp_path / name, SourceOptions())


def test_the_newest_of_several_checkpoints(folder: Path) -> None:
    for name in ("ckpt-1.index", SHARD):
        shutil.copy(folder / name, folder / name.replace("ckpt-1", "ckpt-2"))
    with pytest.raises(
        ExportError, match=r"toy: holds 2 checkpoints \(ckpt-1.index, ckpt-2.index …\); give the path of one"
    ):
        read_tensorflow(folder, SourceOptions())
    state = 'model_checkpoint_path: "/somewhere/else/ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n'
    (folder / "checkpoint").write_text(state)
    assert "ckpt-2.index" in read_tensorflow(folder, SourceOptions()).sha256


def test_describing_files_may_be_in_assets_or_one_folder_up(folder: Path) -> None:
    weights, assets = folder / "weights", folder / "weights" / "assets"
    assets.mkdir(parents=True)
    (weights / "ckpt-1").mkdir()  # has no meaning, although it is named like the checkpoint
    for name in ("ckpt-1.index", SHARD):
        (folder / name).rename(weights / name)
    (folder / "tokenizer.json").rename(assets / "tokenizer.json")
    found = read_tensorflow(weights, SourceOptions())
    assert (found.config, found.name) == (AlbertConfig.from_dict(SETTINGS), "weights")
    (weights / "config.json").write_text(json.dumps(SETTINGS | {"num_hidden_layers": 6}))
    assert read_tensorflow(weights, SourceOptions()).config.num_hidden_layers == 6


@pytest.mark.parametrize("fixture", ["h5", "saved_model", "tf2", "tf1"])
def test_licence_and_language_come_from_the_front_matter(tmp_path: Path, fixture: str) -> None:
    folder = prepare(tmp_path / "toy", fixture)
    found = read_tensorflow(folder, SourceOptions())
    assert (found.license, found.language) == (None, None)
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage: [en, de]\n---\n")
    found = read_tensorflow(folder, SourceOptions())
    assert (found.license, found.language) == ("mit", "en, de")
    assert "README.md" not in found.sha256


def test_options_override_the_files(folder: Path) -> None:
    tags = ("O", "B-A", "I-A", "B-B", "I-B")
    found = read_tensorflow(folder, SourceOptions(labels=tags, case_sensitive=True, max_sentence_length=9))
    assert (found.config.tags, found.max_pieces) == (tags, 9)
    assert found.tokenizer != toy.tokenizer().encode()


def test_google_omits_the_projection_of_equal_widths(tmp_path: Path) -> None:
    """Embeddings as wide as the encoder aren't projected: the variables are missing.

    transformers always projects, and computes the same with a projection that changes nothing.
    """
    width = SETTINGS["hidden_size"]
    folder = prepare(tmp_path / "toy", "h5")
    (folder / "config.json").write_text(json.dumps(SETTINGS | {"embedding_size": width}))
    with h5py.File(folder / "tf_model.h5", "a") as file:
        layers = "albert/tf_albert_for_token_classification/albert"
        del file[f"{layers}/encoder/embedding_hidden_mapping_in"]
    found = read_tensorflow(folder, SourceOptions()).tensors
    name = "albert.encoder.embedding_hidden_mapping_in"
    np.testing.assert_array_equal(found[f"{name}.weight"], np.eye(width, dtype=np.float32))
    np.testing.assert_array_equal(found[f"{name}.bias"], np.zeros(width, np.float32))


def _change(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def _configure(**changes: Any) -> Callable[[Path], object]:
    return _change("config.json", lambda data: json.dumps(json.loads(data) | changes).encode())


def _nan(folder: Path) -> None:
    with h5py.File(folder / "tf_model.h5", "a") as file:
        file["classifier/tf_albert_for_token_classification/classifier/bias:0"][1] = np.nan


@pytest.mark.parametrize(
    ("fixture", "damage", "message"),
    [
        ("tf2", lambda folder: (folder / SHARD).unlink(), f"{SHARD}: missing, but part of the TensorFlow checkpoint"),
        (
            "saved_model",
            lambda folder: shutil.rmtree(folder / "saved_model/1/variables"),
            "variables.index: can't be read",
        ),
        (
            "tf2",
            _change("ckpt-1.index", lambda data: data[:-20]),
            "ckpt-1.index: not the index of a TensorFlow checkpoint",
        ),
        ("tf2", _change("ckpt-1.index", lambda data: b""), "must end with the magic number 57fb808b247547db, found "),
        ("tf2", _change("ckpt-1.index", lambda data: data[:-8] + b"PK345678"), "found 504b333435363738"),
        (
            "tf2",
            _change(SHARD, lambda data: data[:100]),
            f"{SHARD}: has 100 bytes, but _CHECKPOINTABLE_OBJECT_GRAPH",
        ),
        (
            "tf1_pretrained",
            lambda folder: None,
            "model.ckpt-7.index: found no classifier (output_weights, or classifier/kernel)",
        ),
        (
            "tf2",
            lambda folder: (folder / "config.json").unlink(),
            "toy: found neither config.json nor albert_config.json there",
        ),
        ("tf2", lambda folder: (folder / "tokenizer.json").unlink(), "toy: no tokenizer in it; expected one of"),
        (
            "tf1",
            lambda folder: (folder / "labels.txt").unlink(),
            "albert_config.json: it has no id2label, and there is no labels.txt",
        ),
        ("tf1", _change("labels.txt", lambda data: b"O\nI-X\nI-X\n"), "labels.txt: tags must be unique"),
        ("tf1", _change("albert_config.json", lambda data: b"{"), "albert_config.json: not JSON"),
        ("h5", _change("tf_model.h5", lambda data: b"PK" + data), "tf_model.h5: not an HDF5 file, or a damaged one"),
        ("h5", _change("tf_model.h5", lambda data: data[:-1]), "tf_model.h5: not an HDF5 file, or a damaged one"),
    ],
)
def test_damage_is_named(tmp_path: Path, fixture: str, damage: Callable[[Path], object], message: str) -> None:
    folder = prepare(tmp_path / "toy", fixture)
    damage(folder)
    with pytest.raises(ExportError) as error:
        read_tensorflow(folder, SourceOptions())
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_configure(hidden_size=8), r"must have shape \[4\d?, 8\]|must have shape \[8"),
        (_configure(inner_group_num=1), "albert_layers.1.* does not belong to an AlbertForTokenClassification"),
        (_configure(num_hidden_groups=4, inner_group_num=1), "tensor albert.encoder.albert_layer_groups.2"),
        (_nan, "weights: classifier.bias contains NaN or infinity; the checkpoint is damaged"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    folder = prepare(tmp_path / "toy", "h5")
    damage(folder)
    checkpoint = read_tensorflow(folder, SourceOptions())
    with pytest.raises(ExportError, match=message):
        fold_weights(checkpoint.config, checkpoint.tensors)
