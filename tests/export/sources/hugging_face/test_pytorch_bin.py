import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AlbertConfig, AlbertForPreTraining, AlbertForTokenClassification

import toy
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.hugging_face.pytorch_bin import read_pytorch_bin
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError

PATH = Path("pytorch_model.bin")


def saved(state: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream, **options)
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Writes the toy with PyTorch's own weights only."""
    folder = toy.write_checkpoint(tmp_path / "toy")
    (folder / PATH).write_bytes(saved(load_file(folder / "model.safetensors")))
    return folder


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_each_float_type_is_read_as_torch_casts_it(dtype: torch.dtype, zipped: bool) -> None:
    state = {"a": torch.randn(3, 4).to(dtype), "b.c": torch.randn(()).to(dtype), "ids": torch.arange(3)}
    found = read_pytorch_bin(saved(state, _use_new_zipfile_serialization=zipped), PATH)
    assert found.keys() == {"a", "b.c"}
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, state[name].to(torch.float32).numpy())


def test_parameters_views_and_tied_tensors_are_read() -> None:
    base = torch.randn(4, 6)
    state = {"parameter": torch.nn.Parameter(base), "transposed": base.T, "part": base[1:3, ::2], "tied": base}
    found = read_pytorch_bin(saved(state), PATH)
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.detach().numpy())


def test_a_model_is_read_as_from_safetensors(folder: Path) -> None:
    expected = read_checkpoint(folder)
    assert "pytorch_model.bin" not in expected.sha256  # safetensors are preferred
    (folder / "model.safetensors").unlink()
    found = read_checkpoint(folder)
    assert "pytorch_model.bin" in found.sha256
    assert found.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)


def test_shards_give_the_same_as_one_file(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    expected = read_checkpoint(folder).tensors
    names = sorted(tensors)
    weight_map: dict[str, str] = {}
    for index, part in enumerate((names[:9], names[9:]), 1):
        shard = f"pytorch_model-0000{index}-of-00002.bin"
        (folder / shard).write_bytes(saved({name: tensors[name] for name in part}))
        weight_map |= dict.fromkeys(part, shard)
    (folder / f"{PATH}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    for name in ("model.safetensors", str(PATH)):
        (folder / name).unlink()
    found = read_checkpoint(folder).tensors
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], tensor) for name, tensor in expected.items())


def test_heads_of_pretraining_and_the_pooler_do_not_matter(folder: Path) -> None:
    # A state_dict of everything that transformers' ALBERT has: with its tied decoder, pooler and buffers
    settings = AlbertConfig(**toy.config())
    state = AlbertForPreTraining(settings).state_dict() | AlbertForTokenClassification(settings).state_dict()
    assert {"albert.pooler.weight", "predictions.decoder.weight", "sop_classifier.classifier.bias"} < state.keys()
    (folder / "model.safetensors").unlink()
    (folder / PATH).write_bytes(saved(dict(state)))
    checkpoint = read_checkpoint(folder)
    fold_weights(checkpoint.config, checkpoint.tensors)


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        (lambda evil: saved({"a": evil}), "unsupported GLOBAL"),
        (lambda evil: saved({"a": evil}, _use_new_zipfile_serialization=False), "unsupported GLOBAL"),
        (lambda evil: saved({"a": evil}, pickle_protocol=5), "Unsupported operand"),
        (lambda evil: saved(evil), "unsupported GLOBAL"),
        (lambda evil: pickle.dumps({"a": evil}, protocol=2), "unsupported GLOBAL"),
        (lambda evil: pickle.dumps(evil), "Unsupported operand"),
    ],
)
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(
    folder: Path, pack: Callable[[Any], bytes], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = folder / "trace"
    data = pack(Evil(f"touch {trace}"))
    (folder / "model.safetensors").unlink()
    (folder / PATH).write_bytes(data)
    with pytest.raises(ExportError) as error:
        read_checkpoint(folder)
    message = f"{folder / PATH}: refused, as it holds more than tensors and reading it could run code ({reason}"
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert not trace.exists()
    assert capfd.readouterr() == ("", "")


def deflated() -> bytes:
    stream = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(saved({"a": torch.zeros(1000)})))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in source.infolist():
            archive.writestr(member.filename, source.read(member))
    return stream.getvalue()


WHOLE = saved({"a": torch.zeros(1000)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PyTorch checkpoint, or a damaged one (EOFError)"),
        (b"abc", "not a PyTorch checkpoint, or a damaged one"),
        (b"PK\3\4" * 100, "not a PyTorch checkpoint, or a damaged one"),
        (WHOLE[: len(WHOLE) // 2], "not a PyTorch checkpoint, or a damaged one"),
        (deflated(), "its members are compressed"),
        (pickle.dumps({"a": 1}, protocol=2), "pytorch_model.bin: "),
        (saved([torch.zeros(2)]), "must map names to tensors (a state_dict), found list"),
        (saved(torch.zeros(2)), "must map names to tensors (a state_dict), found Tensor"),
        (saved({1: torch.zeros(2)}), "must map names to tensors (a state_dict), found dict"),
        (saved({"state_dict": {"a": torch.zeros(2)}}), "state_dict must be a tensor, found dict"),
        (saved({"a": torch.zeros(2, dtype=torch.complex64)}), "a must be an ordinary tensor"),
        (saved({"a": torch.eye(2).to_sparse()}), "a must be an ordinary tensor, found torch.sparse.FloatTensor"),
        (saved({"a": torch.zeros(2, device="meta")}), "a must be an ordinary tensor"),
        (saved({"a": torch.ones(3).expand(10**12, 3)}), "a has shape [1000000000000, 3], more than it stores"),
    ],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ExportError) as error:
        read_pytorch_bin(data, PATH)
    assert str(error.value).startswith("pytorch_model.bin: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
