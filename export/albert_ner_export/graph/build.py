"""AlbertConfig + AlbertWeights -> the ONNX graph.

    input_ids int64 [batch, piece] -> embeddings -> groups of layers -> classifier -> logits float32 [batch, piece, tag]

All sequences of a call have one length, so there is no mask and no padding, but for those who ask for them.
A group is a Scan, which hands each iteration its scales, or, if its iterations are few, these one after another, which
is a little faster. Weights stand outside, once. The operators are ONNX Runtime's fused ones where they exist, in forms
that give the same bits in each of its versions: biases go into the matrix product and never into a norm, whose kernel
ignored them up to 1.20.0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.builder import GraphBuilder
from albert_ner_export.graph.rows import pick_rows
from albert_ner_export.graph.weights import AlbertWeights, Group, Layer, Linear, QuantizedLinear

INTERFACES = {
    "native": ("input_ids",),
    "masked": ("input_ids", "attention_mask"),
    "huggingface": ("input_ids", "attention_mask", "token_type_ids"),
}
OPSETS = {"": 17, "com.microsoft": 1}
Observation = Literal["ranges", "values"]
_OBSERVED_SHAPES = {"ranges": (2, None), "values": ("batch", "piece", None)}  # the last axis: channels
_FIRST = np.zeros(1, np.int64)  # the first axis
_FEW = 2  # iterations that take hardly longer to load one after another
_IR_VERSION = 8  # read by every ONNX Runtime that the package supports
_ACTIVATIONS = {"gelu": ("Gelu", "com.microsoft"), "gelu_new": ("FastGelu", "com.microsoft"), "relu": ("Relu", "")}


def build_graph(
    config: AlbertConfig, weights: AlbertWeights, *, interface: str = "native", observe: Observation | None = None
) -> onnx.ModelProto:
    """Builds and checks the graph.

    Args:
        config: The sizes.
        weights: The folded weights; quantized ones make an int8 graph.
        interface: `native`, or `huggingface` for the inputs `attention_mask` and `token_type_ids` too, int64
            [batch, piece], so that sequences can be padded on the right.
        observe: What of the input of each linear but the classifier is an output too, under its `observed_name`:
            `ranges`, float32 [iteration, 2, channel], minimum and maximum over the batch, for calibration; or `values`,
            float32 [iteration, batch, piece, channel], and then each group's states too, by its `states_name`.
    """
    graph = GraphBuilder(config)
    inputs = INTERFACES[interface]
    if "attention_mask" in inputs:
        graph.mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    graph.observe = observe
    state = _linear(graph, _embeddings(graph, weights, typed="token_type_ids" in inputs), weights.projection)
    for index, group in enumerate(weights.groups):
        if group.entry is not None:
            state = graph.add("Add", state, graph.constant(f"group{index}.entry", group.entry))
        few = group.iterations <= _FEW and observe is None
        state = (_write_out if few else _scan)(graph, f"group{index}", group, state)
    graph.add("Identity", _linear(graph, state, weights.classifier), output="logits")
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "piece", len(config.tags)])]
    shape = ["iteration", *_OBSERVED_SHAPES[observe]] if observe else []
    outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in graph.observed]
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


def observed_name(linear: Linear | QuantizedLinear) -> str:
    """The output under which a graph built to be observed has what enters a linear."""
    return f"{linear.name}.input"


def states_name(group: int) -> str:
    """The output under which such a graph has the states after each iteration of a group."""
    return f"group{group}.states"


def _embeddings(graph: GraphBuilder, weights: AlbertWeights, typed: bool) -> str:
    """Words, positions and, where they are an input, token types, normed: LN's γ·n. [batch, piece, embedding].

    ONNX Runtime's LayerNormalization is the one operator whose last bits differ between its versions. As
    c = (x - mean x)/2, the root-mean-square norm of c + c is the same value and the same everywhere.
    """
    words = pick_rows(graph, "words", weights.words, "Gather", "input_ids")
    length = graph.add("Shape", "input_ids", start=1, end=2)
    zero = graph.constant("zero", np.zeros(1, np.int64))
    positions = pick_rows(graph, "positions", weights.positions, "Slice", zero, length, zero)
    summed = graph.add("Add", words, positions)
    if typed:
        summed = graph.add("Add", summed, graph.add("Gather", graph.constant("types", weights.types), "token_type_ids"))
    mean = graph.add("ReduceMean", summed, axes=[-1], keepdims=1)
    half = graph.constant("half", np.array(0.5, np.float32))
    centred = graph.add("Mul", graph.add("Sub", summed, mean), half)
    return _norm(graph, "embedding_gain", centred, centred, weights.embedding_gain)


def _write_out(graph: GraphBuilder, name: str, group: Group, state: str) -> str:
    """All iterations of a group, one after another. Returns its last hidden state."""
    for graph.iteration in range(group.iterations):
        for index, layer in enumerate(group.layers):
            state = _layer(graph, f"{name}.{index}", layer, state)
    graph.iteration = None
    return state


def _scan(graph: GraphBuilder, name: str, group: Group, state: str) -> str:
    """All iterations of a group in a Scan. Returns its last hidden state."""
    body = graph.body(name)
    body.scan(f"{name}.iteration", np.arange(group.iterations))  # a Scan without scales has to know how often, too
    first = current = f"{name}.state"
    for index, layer in enumerate(group.layers):
        current = _layer(body, f"{name}.{index}", layer, current)
    if graph.observe == "values":
        body.observed.append(f"{name}.states")
        body.add("Identity", current, output=f"{name}.states.now")
    shape: list[str | int | None] = ["batch", "piece", graph.config.hidden_size]
    observed = _OBSERVED_SHAPES[graph.observe] if graph.observe else ()
    subgraph = helper.make_graph(
        body.nodes,
        name,
        [helper.make_tensor_value_info(first, TensorProto.FLOAT, shape), *body.scanned.values()],
        [
            helper.make_tensor_value_info(current, TensorProto.FLOAT, shape),
            *(helper.make_tensor_value_info(f"{value}.now", TensorProto.FLOAT, observed) for value in body.observed),
        ],
    )
    inputs, outputs = [state, *body.scanned], [f"{name}.output", *body.observed]
    node = helper.make_node("Scan", inputs, outputs, name=name, body=subgraph, num_scan_inputs=len(body.scanned))
    graph.nodes.append(node)
    graph.observed += body.observed
    return f"{name}.output"


def _layer(graph: GraphBuilder, name: str, layer: Layer, state: str) -> str:
    """One transformer layer. Returns the new hidden state."""
    context = _attention(graph, state, layer.qkv)
    attended = _linear(graph, context, layer.attention_output)
    mean = graph.add("ReduceMean", state, axes=[-1], keepdims=1)
    middle = _norm(graph, f"{name}.attention_gain", attended, graph.add("Sub", state, mean), layer.attention_gain)
    inner = _linear(graph, middle, layer.ffn)
    # Quantizing with zero point 0 clips at 0, which is what ReLU does
    if graph.config.hidden_act != "relu" or isinstance(layer.ffn_output, Linear):
        op, domain = _ACTIVATIONS[graph.config.hidden_act]
        inner = graph.add(op, inner, domain=domain)
    outer = _linear(graph, inner, layer.ffn_output)
    return _norm(graph, f"{name}.output_gain", outer, _residual(graph, name, layer, middle, inner), layer.output_gain)


def _residual(graph: GraphBuilder, name: str, layer: Layer, middle: str, inner: str) -> str:
    """What the second norm adds to its branch: the residual, centred, with what an int8 layer's outliers ask for.

    One product of a few columns: less the mean, smoothed channels back to their size, and what float channels add.
    """
    mean = graph.add("ReduceMean", middle, axes=[-1], keepdims=1)
    columns, hidden = [mean], graph.config.hidden_size
    rows = [np.full((1, hidden), -1, np.float32)]
    if layer.smoothing is not None:
        indices = np.flatnonzero(layer.smoothing != 1)
        columns.append(graph.add("Gather", middle, graph.constant(f"{name}.smoothed", indices), axis=-1))
        back = np.full((len(indices), hidden), -1 / hidden, np.float32)
        back[np.arange(len(indices)), indices] += 1
        rows.append(back * (layer.smoothing[indices, None] - 1))
    if layer.float_channels is not None:
        chosen = graph.constant(f"{name}.float_channels", layer.float_channels.indices)
        picked = graph.add("Gather", inner, chosen, axis=-1)
        columns.append(graph.add("Relu", picked) if graph.config.hidden_act == "relu" else picked)
        rows.append(layer.float_channels.weight)
    if len(columns) == 1:
        return graph.add("Sub", middle, mean)
    weight = graph.constant(f"{name}.residual", np.concatenate(rows))
    return graph.add("Add", middle, graph.add("MatMul", graph.add("Concat", *columns, axis=-1), weight))


def _attention(graph: GraphBuilder, state: str, qkv: Linear | QuantizedLinear) -> str:
    """Self-attention over all pieces, the product with the fused query, key and value weights included."""
    weight, bias = _weight_and_bias(graph, qkv)
    _observe(graph, state, qkv)
    if isinstance(qkv, Linear):
        op, inputs = "Attention", [state, weight, bias, graph.mask]
    else:
        quantized, scale, zero_point, weight_scale = _quantize(graph, state, qkv)
        op, inputs = "QAttention", [quantized, weight, bias, scale, weight_scale, graph.mask, zero_point]
    return graph.add(op, *inputs, domain="com.microsoft", num_heads=graph.config.num_attention_heads)


def _linear(graph: GraphBuilder, state: str, linear: Linear | QuantizedLinear) -> str:
    """A linear; in integers its bias goes into the product, too."""
    weight, bias = _weight_and_bias(graph, linear)
    _observe(graph, state, linear)
    if isinstance(linear, Linear):
        return graph.add("Add", graph.add("MatMul", state, weight), bias)
    quantized, scale, zero_point, weight_scale = _quantize(graph, state, linear)
    inputs = (quantized, weight, scale, weight_scale, zero_point, "", bias)
    return graph.add("MatMulIntegerToFloat", *inputs, domain="com.microsoft")


def _observe(graph: GraphBuilder, state: str, linear: Linear | QuantizedLinear) -> None:
    """Adds what is to be observed of a linear's input, in a Scan's body without the axis of iterations."""
    name = observed_name(linear)
    if graph.observe is None or linear.name == "classifier":
        return
    if graph.observe == "ranges":
        extremes = [graph.add(op, state, axes=[0, 1], keepdims=1) for op in ("ReduceMin", "ReduceMax")]
        state = graph.add("Squeeze", graph.add("Concat", *extremes, axis=1), graph.constant(f"{name}.axis", _FIRST))
    if graph.scanned:
        graph.add("Identity", state, output=f"{name}.now")  # the Scan stacks them
    else:
        graph.add("Unsqueeze", state, graph.constant(f"{name}.new_axis", _FIRST), output=name)
    graph.observed.append(name)


def _weight_and_bias(graph: GraphBuilder, linear: Linear | QuantizedLinear) -> tuple[str, str]:
    return graph.constant(f"{linear.name}.weight", linear.weight), graph.constant(f"{linear.name}.bias", linear.bias)


def _quantize(graph: GraphBuilder, state: str, linear: QuantizedLinear) -> tuple[str, str, str, str]:
    """Quantizes what enters a linear, with the iteration's scale.

    Returns:
        The integers, their scale, their zero point and the scale of the weights.
    """
    scale = graph.scan(f"{linear.name}.input_scale", linear.input_scale)
    zero_point = graph.scan(f"{linear.name}.input_zero_point", linear.input_zero_point)
    weight_scale = graph.constant(f"{linear.name}.weight_scale", linear.weight_scale)
    return graph.add("QuantizeLinear", state, scale, zero_point), scale, zero_point, weight_scale


def _norm(graph: GraphBuilder, name: str, value: str, other: str, gain: npt.NDArray[np.float32]) -> str:
    """γ·(value + other) / sqrt(mean((value + other)²) + ε): LN less its β, as both values come centred."""
    inputs = (value, other, graph.constant(name, gain))
    epsilon = graph.config.layer_norm_eps
    return graph.add("SkipSimplifiedLayerNormalization", *inputs, domain="com.microsoft", epsilon=epsilon)
