"""No exported int8 weight can saturate the 16-bit sums of x86 kernels without VNNI, with any activations."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.int8.quantize import observe_ranges, quantize_weights
from albert_ner_onnx import default_model

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
LAYER = {"qkv", "attention_output", "ffn", "ffn_output"}


def nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from nodes(attribute.g)


def int8_weights(model: onnx.ModelProto) -> dict[str, Int8]:
    """Returns every int8 tensor that a node computes with. Embeddings are left out: their rows are only picked."""
    values = {tensor.name: tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.INT8}
    read = [name for node in nodes(model.graph) if node.op_type not in ("Gather", "Slice") for name in node.input]
    return {name: numpy_helper.to_array(values[name]) for name in read if name in values}


def toy_model(**changes: Any) -> onnx.ModelProto:
    settings = toy.config(**changes)
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    return build_graph(config, quantize_weights(weights, observe_ranges(config, weights, [np.arange(24)])))


EXPORTED = {
    "default": int8_weights(onnx.load(default_model() / "model.onnx")),
    "toy": int8_weights(toy_model()),
    "relu": int8_weights(toy_model(hidden_act="relu", num_hidden_layers=7, num_hidden_groups=3, inner_group_num=2)),
}
LINEARS = [
    pytest.param(weight, id=f"{model}-{name}") for model, found in EXPORTED.items() for name, weight in found.items()
]


def exact_sums(activations: npt.NDArray[np.uint8], weight: Int8) -> Int32:
    return activations.astype(np.int32) @ weight.astype(np.int32)


def saturating_sums(activations: npt.NDArray[np.uint8], weight: Int8) -> Int32:
    """Multiplies like AVX2, and AVX512 without VNNI: vpmaddubsw saturates sums of two products to int16."""
    products = activations[:, None].astype(np.int32) * weight
    pairs = products[::2] + products[1::2]
    sums: Int32 = np.clip(pairs, -(2**15), 2**15 - 1).sum(axis=0, dtype=np.int32)
    return sums


def full(weight: Int8) -> npt.NDArray[np.uint8]:
    return np.full(len(weight), 255, np.uint8)


def test_every_linear_is_found_and_within_seven_bits() -> None:
    groups = {"default": (3, 1), "toy": (1, 1), "relu": (3, 2)}
    for model, (number, inner) in groups.items():
        layers = [f"group{group}.{layer}.{part}" for group in range(number) for layer in range(inner) for part in LAYER]
        assert set(EXPORTED[model]) == {f"{linear}.weight" for linear in layers}
        for name, weight in EXPORTED[model].items():
            assert weight.dtype == np.int8
            assert -64 <= weight.min() <= weight.max() <= 63, name
            assert (np.abs(weight).max(axis=0) > 50).all(), name  # the range is used


@pytest.mark.parametrize("weight", LINEARS)
def test_the_worst_activations_are_summed_exactly(weight: Int8) -> None:
    """In the order of the weights, and sorted: no other order could make a worse pair."""
    for arranged in (weight, np.sort(weight, axis=0)):
        np.testing.assert_array_equal(saturating_sums(full(weight), arranged), exact_sums(full(weight), arranged))


@pytest.mark.parametrize("weight", LINEARS)
def test_eight_bits_of_the_same_weights_would_saturate(weight: Int8) -> None:
    wide = np.rint(weight * (127 / 63)).astype(np.int8)
    wrong = [saturating_sums(full(weight), x) != exact_sums(full(weight), x) for x in (wide, np.sort(wide, axis=0))]
    assert wrong[0].mean() > 0.5
    assert wrong[1].all()


@pytest.mark.parametrize(
    ("value", "exact"),
    [(-127, False), (-66, False), (-65, False), (-64, True), (63, True), (64, True), (65, False), (127, False)],
)
def test_where_saturation_begins(value: int, exact: bool) -> None:
    weight = np.full((384, 2), value, np.int8)
    sums = saturating_sums(full(weight), weight)
    assert (sums == 255 * 384 * value).all() == exact
    assert exact or (sums == 192 * (2**15 - 1 if value > 0 else -(2**15))).all()


@given(st.data())
def test_seven_bits_never_saturate(data: st.DataObject) -> None:
    pairs, outputs = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    activations = data.draw(hnp.arrays(np.uint8, 2 * pairs))
    weight = data.draw(hnp.arrays(np.int8, (2 * pairs, outputs), elements=st.integers(-64, 64)))
    np.testing.assert_array_equal(saturating_sums(activations, weight), exact_sums(activations, weight))


@pytest.mark.parametrize("weight", LINEARS)
def test_the_kernel_of_this_machine_sums_exactly(weight: Int8) -> None:
    """QAttention and MatMulIntegerToFloat use the same kernel. One row and many rows may take different paths."""
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["activations", "weight"], ["sums"])],
        "sums",
        [helper.make_tensor_value_info("activations", TensorProto.UINT8, ["row", len(weight)])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, ["row", weight.shape[1]])],
        [numpy_helper.from_array(np.sort(weight, axis=0), "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for rows in (1, 37):
        (sums,) = session.run(None, {"activations": np.tile(full(weight), (rows, 1))})
        np.testing.assert_array_equal(sums, np.tile(exact_sums(full(weight), weight), (rows, 1)))
