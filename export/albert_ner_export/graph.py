"""AlbertConfig + AlbertWeights -> the ONNX graph.

    input_ids int64 [batch, piece] -> embeddings -> one Loop a group -> classifier -> logits float32 [batch, piece, tag]

All sequences of a call have one length, so there is no mask and no padding, but for those who ask for them.
Weights stand outside the Loops, once. The operators are ONNX Runtime's fused ones where they exist, in forms that
give the same bits in each of its versions: biases go into the matrix product and never into a norm, whose kernel
ignored them up to 1.20.0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from albert_ner_export.builder import GraphBuilder
from albert_ner_export.config import AlbertConfig
from albert_ner_export.weights import AlbertWeights, Group, Layer, Linear, QuantizedLinear, QuantizedRows

INTERFACES = {
    "native": ("input_ids",),
    "masked": ("input_ids", "attention_mask"),
    "huggingface": ("input_ids", "attention_mask", "token_type_ids"),
}
OPSETS = {"": 17, "com.microsoft": 1}
_IR_VERSION = 8  # read by every ONNX Runtime that the package supports
_ACTIVATIONS = {"gelu": ("Gelu", "com.microsoft"), "gelu_new": ("FastGelu", "com.microsoft"), "relu": ("Relu", "")}


def build_graph(
    config: AlbertConfig, weights: AlbertWeights, *, interface: str = "native", observe: bool = False
) -> onnx.ModelProto:
    """Builds and checks the graph.

    Args:
        config: The sizes.
        weights: The folded weights; quantized ones make an int8 graph.
        interface: `native`, or `huggingface` for the inputs `attention_mask` and `token_type_ids` too, int64
            [batch, piece], so that sequences can be padded on the right.
        observe: Whether the range of what enters each linear is an output too, under its `range_name`, for
            calibration: float32 [iteration, 2], minimum and maximum.
    """
    graph = GraphBuilder(config)
    inputs = INTERFACES[interface]
    if "attention_mask" in inputs:
        graph.mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    graph.ranges = [] if observe else None
    state = _linear(graph, _embeddings(graph, weights, typed="token_type_ids" in inputs), weights.projection)
    for index, group in enumerate(weights.groups):
        if group.entry is not None:
            state = graph.add("Add", state, graph.constant(f"group{index}.entry", group.entry))
        state = _loop(graph, f"group{index}", group, state)
    graph.add("Identity", _linear(graph, state, weights.classifier), output="logits")
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "piece", len(config.tags)])]
    outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["iteration", 2]) for name in graph.ranges or ()]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "albert-token-classification",
            [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "piece"]) for name in inputs],
            outputs,
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSETS.items()],
        ir_version=_IR_VERSION,
        producer_name="albert-ner-onnx",
    )
    onnx.checker.check_model(model)
    return model


def range_name(linear: Linear | QuantizedLinear) -> str:
    """The output under which a graph built to be observed has the range of what enters a linear."""
    return f"{linear.name}.range"


def _embeddings(graph: GraphBuilder, weights: AlbertWeights, typed: bool) -> str:
    """Words, positions and, where they are an input, token types, normed: LN's γ·n. [batch, piece, embedding].

    ONNX Runtime's LayerNormalization is the one operator whose last bits differ between its versions. As
    c = (x - mean x)/2, the root-mean-square norm of c + c is the same value and the same everywhere.
    """
    words = _rows(graph, "words", weights.words, "Gather", "input_ids")
    length = graph.add("Shape", "input_ids", start=1, end=2)
    zero = graph.constant("zero", np.zeros(1, np.int64))
    positions = _rows(graph, "positions", weights.positions, "Slice", zero, length, zero)
    summed = graph.add("Add", words, positions)
    if typed:
        summed = graph.add("Add", summed, graph.add("Gather", graph.constant("types", weights.types), "token_type_ids"))
    mean = graph.add("ReduceMean", summed, axes=[-1], keepdims=1)
    half = graph.constant("half", np.array(0.5, np.float32))
    centred = graph.add("Mul", graph.add("Sub", summed, mean), half)
    return _norm(graph, "embedding_gain", centred, centred, weights.embedding_gain)


def _rows(graph: GraphBuilder, name: str, rows: npt.NDArray[np.float32] | QuantizedRows, op: str, *index: str) -> str:
    """Picks rows of an embedding, by `Gather` or `Slice`, in float."""
    if not isinstance(rows, QuantizedRows):
        return graph.add(op, graph.constant(name, rows), *index)
    values = graph.add(op, graph.constant(name, rows.values), *index)
    scale = graph.add(op, graph.constant(f"{name}.scale", rows.scale), *index)
    return graph.add("Mul", graph.add("Cast", values, to=TensorProto.FLOAT), scale)


def _loop(graph: GraphBuilder, name: str, group: Group, state: str) -> str:
    """All iterations of a group. Returns its last hidden state."""
    body = graph.body(name)
    condition, first = f"{name}.condition", f"{name}.state"
    current = first
    for index, layer in enumerate(group.layers):
        current = _layer(body, f"{name}.{index}", layer, current)
    still = body.add("Identity", condition)  # where an early exit would decide
    shape: list[str | int | None] = ["batch", "piece", graph.config.hidden_size]
    ranges = body.ranges or []
    subgraph = helper.make_graph(
        body.nodes,
        name,
        [
            helper.make_tensor_value_info(f"{name}.iteration", TensorProto.INT64, []),
            helper.make_tensor_value_info(condition, TensorProto.BOOL, []),
            helper.make_tensor_value_info(first, TensorProto.FLOAT, shape),
        ],
        [
            helper.make_tensor_value_info(still, TensorProto.BOOL, []),
            helper.make_tensor_value_info(current, TensorProto.FLOAT, shape),
            *(helper.make_tensor_value_info(f"{value}.now", TensorProto.FLOAT, [2]) for value in ranges),
        ],
    )
    count = graph.constant(f"{name}.iterations", np.array(group.iterations, np.int64))
    node = helper.make_node("Loop", [count, "", state], [f"{name}.output", *ranges], name=name, body=subgraph)
    graph.nodes.append(node)
    if graph.ranges is not None:
        graph.ranges += ranges
    return f"{name}.output"


def _layer(graph: GraphBuilder, name: str, layer: Layer, state: str) -> str:
    """One transformer layer. Returns the new hidden state."""
    context = _attention(graph, state, layer.qkv)
    attended = _linear(graph, context, layer.attention_output)
    middle = _residual_norm(graph, f"{name}.attention_gain", attended, state, layer.attention_gain)
    inner = _linear(graph, middle, layer.ffn)
    # Quantizing with zero point 0 clips at 0, which is what ReLU does
    if graph.config.hidden_act != "relu" or isinstance(layer.ffn_output, Linear):
        op, domain = _ACTIVATIONS[graph.config.hidden_act]
        inner = graph.add(op, inner, domain=domain)
    outer = _linear(graph, inner, layer.ffn_output)
    return _residual_norm(graph, f"{name}.output_gain", outer, middle, layer.output_gain)


def _attention(graph: GraphBuilder, state: str, qkv: Linear | QuantizedLinear) -> str:
    """Self-attention over all pieces, the product with the fused query, key and value weights included."""
    weight, bias = _weight_and_bias(graph, qkv)
    if isinstance(qkv, Linear):
        _observe(graph, state, qkv)
        op, inputs = "Attention", [state, weight, bias, graph.mask]
    else:
        quantized, scale, zero_point, weight_scale = _quantize(graph, state, qkv)
        op, inputs = "QAttention", [quantized, weight, bias, scale, weight_scale, graph.mask, zero_point]
    return graph.add(op, *inputs, domain="com.microsoft", num_heads=graph.config.num_attention_heads)


def _linear(graph: GraphBuilder, state: str, linear: Linear | QuantizedLinear) -> str:
    """A linear; in integers its bias goes into the product, too."""
    weight, bias = _weight_and_bias(graph, linear)
    if isinstance(linear, Linear):
        _observe(graph, state, linear)
        return graph.add("Add", graph.add("MatMul", state, weight), bias)
    quantized, scale, zero_point, weight_scale = _quantize(graph, state, linear)
    inputs = (quantized, weight, scale, weight_scale, zero_point, "", bias)
    return graph.add("MatMulIntegerToFloat", *inputs, domain="com.microsoft")


def _observe(graph: GraphBuilder, state: str, linear: Linear) -> None:
    """Adds the range of what enters a linear: [2] in a Loop's body, which stacks them, [1, 2] outside."""
    if graph.ranges is None:
        return
    in_body = graph.iteration is not None
    both = graph.add("Concat", graph.add("ReduceMin", state), graph.add("ReduceMax", state), axis=-1)
    shape = graph.constant(f"{linear.name}.range_shape", np.array([2] if in_body else [1, 2]))
    graph.add("Reshape", both, shape, output=f"{range_name(linear)}.now" if in_body else range_name(linear))
    graph.ranges.append(range_name(linear))


def _weight_and_bias(graph: GraphBuilder, linear: Linear | QuantizedLinear) -> tuple[str, str]:
    return graph.constant(f"{linear.name}.weight", linear.weight), graph.constant(f"{linear.name}.bias", linear.bias)


def _quantize(graph: GraphBuilder, state: str, linear: QuantizedLinear) -> tuple[str, str, str, str]:
    """Quantizes what enters a linear, with the iteration's scale.

    Returns:
        The integers, their scale, their zero point and the scale of the weights.
    """
    scale = graph.constant(f"{linear.name}.input_scale", linear.input_scale)
    zero_point = graph.constant(f"{linear.name}.input_zero_point", linear.input_zero_point)
    if graph.iteration is not None:
        scale, zero_point = (graph.add("Gather", value, graph.iteration) for value in (scale, zero_point))
    weight_scale = graph.constant(f"{linear.name}.weight_scale", linear.weight_scale)
    return graph.add("QuantizeLinear", state, scale, zero_point), scale, zero_point, weight_scale


def _residual_norm(graph: GraphBuilder, name: str, branch: str, residual: str, gain: npt.NDArray[np.float32]) -> str:
    """LN(branch + residual) less its β; the branch comes centred from its weights."""
    mean = graph.add("ReduceMean", residual, axes=[-1], keepdims=1)
    return _norm(graph, name, branch, graph.add("Sub", residual, mean), gain)


def _norm(graph: GraphBuilder, name: str, value: str, other: str, gain: npt.NDArray[np.float32]) -> str:
    """γ·(value + other) / sqrt(mean((value + other)²) + ε)."""
    inputs = (value, other, graph.constant(name, gain))
    epsilon = graph.config.layer_norm_eps
    return graph.add("SkipSimplifiedLayerNormalization", *inputs, domain="com.microsoft", epsilon=epsilon)
