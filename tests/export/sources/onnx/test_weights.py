from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from safetensors.numpy import load_file

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.onnx.weights import applications, recover_weights, schedule
from albert_ner_onnx import ExportError
from onnx_files import FILES, FIXTURES, VARIANTS

SIZES = set(toy.config()) - {"model_type", "architectures", "position_embedding_type", "id2label", "label2id"}


def assert_equal(found: Mapping[str, npt.NDArray[np.float32]], expected: Mapping[str, npt.NDArray[np.float32]]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)


def recover_error(data: bytes, path: Path) -> str:
    with pytest.raises(ExportError) as error:
        recover_weights(data, path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("variant", "file"), FILES)
def test_all_weights_and_sizes_are_recovered(exported: Path, variant: str, file: str) -> None:
    path = exported / variant / f"{file}.onnx"
    weights = recover_weights(path.read_bytes(), path)
    config = toy.config(**VARIANTS[variant])
    assert_equal(weights.tensors, toy.tensors(config))
    assert weights.config == {name: config[name] for name in SIZES}


@pytest.mark.parametrize("file", ["dynamo-18.onnx", "dynamo-23.onnx"])
def test_files_of_torchs_newer_exporter_are_recovered(file: str) -> None:
    path = FIXTURES / file
    weights = recover_weights(path.read_bytes(), path)
    config = toy.config(num_hidden_layers=2)
    assert_equal(weights.tensors, toy.tensors(config))
    assert weights.config == {name: config[name] for name in SIZES}


@pytest.mark.parametrize("variant", ["plain", "groups"])
@pytest.mark.parametrize("file", ["half", "converted"])
def test_half_precision_is_cast(exported: Path, variant: str, file: str) -> None:
    path = exported / variant / f"{file}.onnx"
    weights = recover_weights(path.read_bytes(), path)
    config = toy.config(**VARIANTS[variant])
    rounded = {name: tensor.astype(np.float16).astype(np.float32) for name, tensor in toy.tensors(config).items()}
    assert_equal(weights.tensors, rounded)
    assert weights.config == {name: config[name] for name in SIZES}
    assert weights.machine_epsilon == 2.0**-10


def test_bfloat16_is_cast(exported: Path) -> None:
    path = exported / "plain" / "bfloat16.onnx"
    weights = recover_weights(path.read_bytes(), path)
    plain = toy.tensors(toy.config())
    assert_equal(weights.tensors, {name: torch.from_numpy(plain[name]).bfloat16().float().numpy() for name in plain})
    assert weights.machine_epsilon == 2.0**-7


def test_merged_initializers_are_told_apart(exported: Path) -> None:
    path = exported / "equal" / "model.onnx"
    names = {tensor.name for tensor in onnx.load(path).graph.initializer}
    expected = load_file(path.with_name("model.safetensors"))
    assert "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.bias" in expected.keys() - names  # merged, indeed
    weights = recover_weights(path.read_bytes(), path)
    assert_equal(weights.tensors, expected)
    assert (weights.config["num_hidden_groups"], weights.config["inner_group_num"]) == (2, 2)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 5))
def test_layers_groups_and_inner_groups_follow_from_their_order(layers: int, groups: int, inner: int) -> None:
    sizes = toy.config(num_hidden_layers=layers, num_hidden_groups=groups, inner_group_num=inner)
    try:
        config = AlbertConfig.from_dict(sizes)
    except ExportError:  # transformers can't run such an ALBERT
        return
    order = applications(layers, groups, inner)
    assert schedule(order) == (layers, groups, inner)
    assert [order.count((group, 0)) for group in range(groups)] == config.iterations


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("bert", "BERT and DistilBERT fail here, as they don't project their embeddings"),
        ("distilbert", "BERT and DistilBERT fail here, as they don't project their embeddings"),
        ("sequence", "found Tanh"),
        ("headless", "expected the classifier, which is a linear, found LayerNormalization"),
        ("quantized", "quantized (DequantizeLinear"),
        ("optimized", "has the operator com.microsoft.BiasGelu"),
    ],
)
def test_other_networks_and_changed_files_are_refused(exported: Path, file: str, message: str) -> None:
    path = exported / f"{file}.onnx"
    assert message in (found := recover_error(path.read_bytes(), path))
    assert found.startswith(f"{path}: ")


def change_operator(old: str, new: str) -> Callable[[onnx.ModelProto], None]:
    """Replaces the first node of an operator by another operator."""

    def change(model: onnx.ModelProto) -> None:
        node = next(node for node in model.graph.node if node.op_type == old)
        node.op_type = new
        node.ClearField("attribute")

    return change


def swap_residual(model: onnx.ModelProto) -> None:
    """Takes the residual of the last feed-forward network from another value."""
    *_, add, _, _, _ = model.graph.node
    assert add.op_type == "Add", "the last nodes are Add, LayerNormalization, MatMul, Add"
    add.input[1] = next(node for node in model.graph.node if node.op_type == "LayerNormalization").output[0]


def rename_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, []))
    model.graph.output[0].name = "other"
    model.graph.node[-1].output[0] = "other"


def shorten(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def point_outside(location: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_operator("Erf", "Sigmoid"), "expected an activation that computes gelu, gelu_new, relu"),
        (change_operator("Softmax", "Identity"), "expected the sum of an attention and the state that it reads"),
        (change_operator("Softmax", "Sigmoid"), "expected the sum of an attention and the state that it reads"),
        (change_operator("Softmax", "Unheard"), "not an ONNX model, or a damaged one"),
        (swap_residual, "expected the sum of a feed-forward network and the state that it reads"),
        (rename_output, "expected an output 'logits', found other, input_ids"),
        (shorten, "not an ONNX model, or a damaged one"),
        (point_outside("../secret"), "its external data must be in its folder"),
        (point_outside("/etc/passwd"), "its external data must be in its folder"),
        (point_outside("absent"), "its external data must be in its folder"),
        (lambda model: model.graph.ClearField("node"), "not an ONNX model, or a damaged one"),
        (lambda model: model.ClearField("opset_import"), "not an ONNX model, or a damaged one"),
    ],
)
def test_changed_graphs_are_refused(
    exported: Path, tmp_path: Path, change: Callable[[onnx.ModelProto], None], message: str
) -> None:
    (tmp_path / "secret").write_bytes(bytes(98 * 12 * 4))
    (tmp_path / "inner").mkdir()
    model = onnx.load(exported / "plain" / "model.onnx")
    change(model)
    path = tmp_path / "inner" / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert message in recover_error(path.read_bytes(), path)


@pytest.mark.parametrize("data", [b"", b"PK\3\4" * 100, bytes(1000), b"\x08\x08"])
def test_other_files_are_refused(data: bytes) -> None:
    assert "model.onnx: not an ONNX model, or a damaged one" in recover_error(data, Path("model.onnx"))


@given(st.data())
def test_damage_never_gives_another_error(data: st.DataObject) -> None:
    path = FIXTURES / "dynamo-23.onnx"
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    kept = data.draw(st.just(len(content)) | st.integers(0, len(content)))
    with suppress(ExportError):
        recover_weights(bytes(content[:kept]), path)
