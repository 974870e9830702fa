import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.hugging_face.folder import is_hugging_face
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return toy.write_checkpoint(tmp_path / "toy")


def torch_tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(tensor) for name, tensor in load_file(folder / WEIGHTS).items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_each_float_type_is_read_as_torch_reads_it(folder: Path, dtype: torch.dtype) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in torch_tensors(folder).items()}
    save_file(tensors, folder / WEIGHTS)
    found = read_checkpoint(folder).tensors
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], tensor.to(torch.float32).numpy())


def test_shards_give_the_same_as_one_file(folder: Path) -> None:
    whole = read_checkpoint(folder).tensors
    tensors = torch_tensors(folder)
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[:9], "model-00002-of-00002.safetensors": names[9:]}
    for shard, members in shards.items():
        save_file({name: tensors[name] for name in members}, folder / shard)
    weight_map = {name: shard for shard, members in shards.items() for name in members}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / WEIGHTS).unlink()
    checkpoint = read_checkpoint(folder)
    assert checkpoint.tensors.keys() == whole.keys()
    for name, tensor in whole.items():
        np.testing.assert_array_equal(checkpoint.tensors[name], tensor)
    assert set(shards) < set(checkpoint.sha256)


def test_checksums_are_of_what_was_read(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    assert checkpoint.sha256 == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("config.json", WEIGHTS, "tokenizer.json")
    }
    assert checkpoint.name == "toy"
    assert checkpoint.folder == folder


def test_what_a_hugging_face_folder_is(folder: Path) -> None:
    assert is_hugging_face(folder)
    for name in ("model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"):
        (folder / WEIGHTS).rename(folder / name)
        assert is_hugging_face(folder) == (name != "tf_model.h5")
        (folder / name).rename(folder / WEIGHTS)
    assert not is_hugging_face(folder / "config.json")
    assert not is_hugging_face(folder / "absent")
    (folder / "config.json").unlink()
    assert not is_hugging_face(folder)


def _sharded(folder: Path) -> Path:
    tensors = torch_tensors(folder)
    shard = folder / "model-00001-of-00001.safetensors"
    save_file(tensors, shard)
    # transformers up to 4.30 also saved position ids, which are integers
    weight_map = {name: shard.name for name in (*tensors, "albert.embeddings.position_ids")}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": weight_map}))
    (folder / WEIGHTS).unlink()
    return shard


def test_a_file_of_weights_means_its_folder(folder: Path) -> None:
    expected = read_checkpoint(folder)
    found = read_checkpoint(folder / WEIGHTS)
    assert (found.name, found.folder, found.config) == ("toy", folder, expected.config)
    assert found.sha256 == expected.sha256
    shard = _sharded(folder)
    for path in (shard, folder / f"{WEIGHTS}.index.json"):
        sharded = read_checkpoint(path)
        for name, tensor in expected.tensors.items():
            np.testing.assert_array_equal(sharded.tensors[name], tensor)


def test_the_file_that_is_named_is_the_one_that_is_read(folder: Path) -> None:
    tensors = torch_tensors(folder)
    other = {name: tensor + 1 for name, tensor in tensors.items()}
    torch.save(other, folder / "pytorch_model.bin")
    found = read_checkpoint(folder / "pytorch_model.bin").tensors
    np.testing.assert_array_equal(found["classifier.bias"], other["classifier.bias"].numpy())
    safetensors = read_checkpoint(folder).tensors
    np.testing.assert_array_equal(safetensors["classifier.bias"], tensors["classifier.bias"].numpy())


def test_a_file_with_another_name_is_refused_until_it_is_renamed(folder: Path) -> None:
    other = (folder / WEIGHTS).rename(folder / "weights.safetensors")
    with pytest.raises(ExportError, match=r"weights\.safetensors: expected a folder, .* name its weights model\.safet"):
        read_checkpoint(other)
    other.rename(folder / WEIGHTS)
    assert read_checkpoint(folder).tensors


def test_a_file_without_a_configuration_is_refused_until_it_has_one(folder: Path) -> None:
    data = (folder / "config.json").read_bytes()
    (folder / "config.json").unlink()
    with pytest.raises(ExportError, match=r"model\.safetensors: found no config\.json beside it; put the config\.json"):
        read_checkpoint(folder / WEIGHTS)
    (folder / "config.json").write_bytes(data)
    assert read_checkpoint(folder / WEIGHTS).tensors


def test_options_override_the_folder(folder: Path) -> None:
    labels = ("O", "B-X", "I-X", "B-Y", "I-Y")
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 8}')
    assert read_checkpoint(folder).max_pieces is None
    options = SourceOptions(labels=labels, case_sensitive=True, max_sentence_length=16)
    checkpoint = read_checkpoint(folder, options)
    assert checkpoint.config.tags == labels
    assert checkpoint.max_pieces == 16
    assert json.loads(checkpoint.tokenizer)["normalizer"]["lowercase"] is False


def test_licence_and_language_come_from_the_front_matter(folder: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage: [en, de]\n---\n")
    checkpoint = read_checkpoint(folder)
    assert (checkpoint.license, checkpoint.language) == ("mit", "en, de")


def _index(content: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(content))

    return change


def _write(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


def _truncate(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json: can't be read"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer in it; expected one of tokenizer.json"),
        (
            lambda folder: (folder / WEIGHTS).unlink(),
            "found none of model.safetensors, model.safetensors.index.json, pytorch_model.bin",
        ),
        (_write("config.json", b"{"), "config.json: not JSON"),
        (_write("config.json", b"[]"), "config.json: must be a JSON object, found list"),
        (_write(WEIGHTS, b""), "model.safetensors: not a safetensors file, or a damaged one"),
        (_write(WEIGHTS, b"PK\3\4" * 100), "model.safetensors: not a safetensors file, or a damaged one"),
        (_truncate, "model.safetensors: not a safetensors file, or a damaged one"),
        (_index({}), "weight_map must map each tensor to the name of its file"),
        (_index({"weight_map": {"a": 1}}), "weight_map must map each tensor to the name of its file"),
        (
            _index({"weight_map": {"a": "../secret"}}),
            "weight_map must name files in the checkpoint's folder, found '../secret'",
        ),
        (_index({"weight_map": {"a": "absent.safetensors"}}), "absent.safetensors: can't be read"),
    ],
)
def test_damage_is_named(folder: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(folder)
    with pytest.raises(ExportError) as error:
        read_checkpoint(folder)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_index_that_names_what_no_shard_holds(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "part.safetensors")
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": {"nothing": "part.safetensors"}}))
    with pytest.raises(ExportError, match="tensors that no shard holds: nothing"):
        read_checkpoint(folder)


def test_quantized_weights_are_refused(folder: Path) -> None:
    save_file({"a": torch.zeros(2, dtype=torch.float8_e4m3fn)}, folder / WEIGHTS)
    with pytest.raises(ExportError, match="a must be F32, F16 or BF16, found F8_E4M3"):
        read_checkpoint(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nowhere: no such folder"):
        read_checkpoint(tmp_path / "nowhere")
