"""AlbertConfig + AlbertWeights -> the ONNX graph.

    input_ids int64 [batch, piece] -> embeddings -> groups of layers -> classifier -> logits float32 [batch, piece, tag]

All sequences of a call have the same length, so the graph needs neither mask nor padding; other interfaces have them.
A group is a Scan, which hands each iteration its own scales. Few iterations are written out one after another, which is
a little faster. Weights are stored once, outside the Scan. Operators are ONNX Runtime's fused ones where they exist, in
forms that give the same bits in each of its versions: a bias goes into the matrix product and never into a norm, whose
kernel ignored it up to 1.20.0.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.weights import (
    BLOCK,
    LOWEST_CODE,
    AlbertWeights,
    Float32,
    Group,
    Layer,
    Linear,
    PackedRows,
    QuantizedLinear,
    QuantizedRows,
)

INPUTS = {
    "native": ("input_ids",),
    "masked": ("input_ids", "attention_mask"),
    "huggingface": ("input_ids", "attention_mask", "token_type_ids"),
}
"""The inputs of each interface, all int64 [batch, piece]."""

OPSETS = {"": 17, "com.microsoft": 1}
IR_VERSION = 8  # every ONNX Runtime that we support reads it

Observation = Literal["ranges", "values"]
_OBSERVED_SHAPES = {"ranges": (2, None), "values": ("batch", "piece", None)}  # the last axis is the channel
_FIRST_AXIS = np.zeros(1, np.int64)
_FEW = 2  # iterations; more of them, written out, would take longer to load than a Scan
_ACTIVATIONS = {"gelu": ("Gelu", "com.microsoft"), "gelu_new": ("FastGelu", "com.microsoft"), "relu": ("Relu", "")}


def build_graph(
    config: AlbertConfig, weights: AlbertWeights, *, interface: str = "native", observe: Observation | None = None
) -> onnx.ModelProto:
    """Builds and checks the graph.

    Args:
        config: The sizes.
        weights: The folded weights; quantized weights make an int8 graph.
        interface: One of `INPUTS`. With an attention mask, sequences may be padded on the right.
        observe: Adds outputs that show what enters each linear except the classifier, named by `observed_name`.
            `ranges`: minimum and maximum over the batch, float32 [iteration, 2, channel], for calibration.
            `values`: everything, float32 [iteration, batch, piece, channel], and the states of each group, named by
            `states_name`.
    """
    graph = GraphBuilder(config)
    inputs = INPUTS[interface]
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
        ir_version=IR_VERSION,
        producer_name="albert-ner-onnx",
    )
    onnx.checker.check_model(model)
    return model


def build_model(config: AlbertConfig, weights: AlbertWeights, *, interface: str = "native") -> bytes:
    """Builds the graph and returns the bytes of its file, the same ones for the same weights."""
    model: bytes = build_graph(config, weights, interface=interface).SerializeToString(deterministic=True)
    return model


def observed_name(linear: Linear | QuantizedLinear) -> str:
    """Returns the name of the output that shows what enters a linear, in a graph built with `observe`."""
    return f"{linear.name}.input"


def states_name(group: int) -> str:
    """Returns the name of the output that shows a group's states after each iteration, in such a graph."""
    return f"group{group}.states"


# --- Nodes and initializers, collected --------------------------------------------------------------------------------


class GraphBuilder:
    """A graph that is being built. The body of a Scan is another builder, which shares the outer one's initializers.

    Attributes:
        config: The sizes.
        nodes: The nodes, in order.
        initializers: The constants of the outermost graph.
        mask: Name of the attention mask, int32 [batch, piece]; empty without one.
        scanned: In the body of a Scan: its inputs, by the names of the initializers that they are slices of.
        iteration: The iteration that is being written out; `None` outside of such a group.
        observe: Which outputs to add for the input of each linear.
        observed: The names of these outputs.
    """

    def __init__(self, config: AlbertConfig) -> None:
        self.config = config
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.mask = ""
        self.scanned: dict[str, onnx.ValueInfoProto] = {}
        self.iteration: int | None = None
        self.observe: Observation | None = None
        self.observed: list[str] = []
        self._prefix = ""

    def body(self, name: str) -> GraphBuilder:
        """Returns an empty builder for the body of a Scan."""
        body = copy(self)
        body.nodes, body.scanned, body.observed, body._prefix = [], {}, [], f"{name}."
        return body

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Adds an initializer and returns its name. Of iterations that are written out, the first adds it for all."""
        if not self.iteration:
            self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def scan(self, name: str, values: npt.NDArray[np.generic]) -> str:
        """Adds values [iteration], one for each iteration, and returns the name of the current iteration's value."""
        if self.iteration is not None:
            name = f"{name}.{self.iteration}"
            self.initializers.append(numpy_helper.from_array(np.asarray(values[self.iteration]), name))
            return name
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        self.scanned[self.constant(name, values)] = helper.make_tensor_value_info(f"{name}.now", kind, [])
        return f"{name}.now"

    def add(self, op: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: Any) -> str:
        """Adds a node with one output and returns the output's name."""
        output = output or f"{self._prefix}{len(self.nodes)}.{op}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output


# --- Embeddings -------------------------------------------------------------------------------------------------------


def _embeddings(graph: GraphBuilder, weights: AlbertWeights, typed: bool) -> str:
    """Adds the normed sum of words, positions and, if `typed`, token types: [batch, piece, embedding].

    The result is LayerNorm's γ·n, without its β. ONNX Runtime's LayerNormalization is the one operator whose last bits
    differ between versions. With c = (x - mean x)/2, the root-mean-square norm of c + c has the same value, and the
    same bits everywhere.
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


def pick_rows(graph: GraphBuilder, name: str, rows: Float32 | QuantizedRows | PackedRows, op: str, *index: str) -> str:
    """Adds an embedding, and the nodes that pick some of its rows and turn them into float32.

    Args:
        graph: The graph.
        name: Name of the embedding.
        rows: All of its rows.
        op: `Gather` or `Slice`.
        index: The inputs of this operator after the first.

    Returns:
        The name of the rows, float32: [batch, piece, width] by `Gather`, [piece, width] by `Slice`.
    """
    if not isinstance(rows, QuantizedRows | PackedRows):
        return graph.add(op, graph.constant(name, rows), *index)
    values = graph.add(op, graph.constant(name, rows.values), *index)
    scale = graph.add(op, graph.constant(f"{name}.scale", rows.scale), *index)
    if isinstance(rows, PackedRows):
        return _unpack(graph, name, values, scale, rows.width, axes=2 if op == "Gather" else 1)
    return graph.add("Mul", graph.add("Cast", values, to=TensorProto.FLOAT), scale)


def _unpack(graph: GraphBuilder, name: str, packed: str, scale: str, width: int, axes: int) -> str:
    """Unpacks rows of 4 bits, [..., block, byte] -> [..., width]; `axes` is the number of axes before the block.

    All operators take uint8 in every ONNX Runtime that we support. BitwiseAnd would need opset 18, int4 IR 10.
    """
    low = graph.add("Mod", packed, graph.constant(f"{name}.sixteen", np.array(16, np.uint8)))
    four = graph.constant(f"{name}.four", np.array(4, np.uint8))
    high = graph.add("BitShift", packed, four, direction="RIGHT")
    codes = graph.add("Cast", graph.add("Concat", low, high, axis=-1), to=TensorProto.FLOAT)
    zero = graph.constant(f"{name}.zero", np.array(-LOWEST_CODE, np.float32))
    values = graph.add("Mul", graph.add("Sub", codes, zero), graph.add("Cast", scale, to=TensorProto.FLOAT))
    rows = graph.add("Reshape", values, graph.constant(f"{name}.shape", np.array([0] * axes + [-1], np.int64)))
    if width % BLOCK == 0:
        return rows
    bounds = {"start": 0, "end": width, "axis": -1}
    return graph.add(
        "Slice", rows, *(graph.constant(f"{name}.{key}", np.array([at], np.int64)) for key, at in bounds.items())
    )


# --- Groups and layers ------------------------------------------------------------------------------------------------


def _write_out(graph: GraphBuilder, name: str, group: Group, state: str) -> str:
    """Adds the iterations of a group, one after another. Returns the last hidden state."""
    for graph.iteration in range(group.iterations):
        for index, layer in enumerate(group.layers):
            state = _layer(graph, f"{name}.{index}", layer, state)
    graph.iteration = None
    return state


def _scan(graph: GraphBuilder, name: str, group: Group, state: str) -> str:
    """Adds the iterations of a group as a Scan. Returns the last hidden state."""
    body = graph.body(name)
    body.scan(f"{name}.iteration", np.arange(group.iterations))  # tells a Scan without scales how often to iterate
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
    """Adds one transformer layer. Returns the new hidden state."""
    context = _attention(graph, state, layer.qkv)
    attended = _linear(graph, context, layer.attention_output)
    mean = graph.add("ReduceMean", state, axes=[-1], keepdims=1)
    middle = _norm(graph, f"{name}.attention_gain", attended, graph.add("Sub", state, mean), layer.attention_gain)
    inner = _linear(graph, middle, layer.ffn)
    # An int8 ffn_output needs no ReLU: its input is quantized with zero point 0, which clips at 0
    if graph.config.hidden_act != "relu" or isinstance(layer.ffn_output, Linear):
        op, domain = _ACTIVATIONS[graph.config.hidden_act]
        inner = graph.add(op, inner, domain=domain)
    outer = _linear(graph, inner, layer.ffn_output)
    return _norm(graph, f"{name}.output_gain", outer, _residual(graph, name, layer, middle, inner), layer.output_gain)


def _residual(graph: GraphBuilder, name: str, layer: Layer, middle: str, inner: str) -> str:
    """Adds what the second norm adds to its branch: the centred residual, and the corrections for int8's outliers.

    One matrix product of a few columns does it all: it subtracts the mean, scales smoothed channels back, and adds what
    the float channels contribute.
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
    """Adds self-attention over all pieces. Its operator also multiplies with the query, key and value weights."""
    weight, bias = _weight_and_bias(graph, qkv)
    _observe(graph, state, qkv)
    if isinstance(qkv, Linear):
        op, inputs = "Attention", [state, weight, bias, graph.mask]
    else:
        quantized, scale, zero_point, weight_scale = _quantize(graph, state, qkv)
        op, inputs = "QAttention", [quantized, weight, bias, scale, weight_scale, graph.mask, zero_point]
    return graph.add(op, *inputs, domain="com.microsoft", num_heads=graph.config.num_attention_heads)


def _linear(graph: GraphBuilder, state: str, linear: Linear | QuantizedLinear) -> str:
    """Adds a linear. In int8 its bias is part of the matrix product's operator."""
    weight, bias = _weight_and_bias(graph, linear)
    _observe(graph, state, linear)
    if isinstance(linear, Linear):
        return graph.add("Add", graph.add("MatMul", state, weight), bias)
    quantized, scale, zero_point, weight_scale = _quantize(graph, state, linear)
    inputs = (quantized, weight, scale, weight_scale, zero_point, "", bias)
    return graph.add("MatMulIntegerToFloat", *inputs, domain="com.microsoft")


def _observe(graph: GraphBuilder, state: str, linear: Linear | QuantizedLinear) -> None:
    """Adds the output that shows what enters a linear."""
    name = observed_name(linear)
    if graph.observe is None or linear.name == "classifier":
        return
    if graph.observe == "ranges":
        extremes = [graph.add(op, state, axes=[0, 1], keepdims=1) for op in ("ReduceMin", "ReduceMax")]
        concatenated = graph.add("Concat", *extremes, axis=1)
        state = graph.add("Squeeze", concatenated, graph.constant(f"{name}.axis", _FIRST_AXIS))
    if graph.scanned:
        graph.add("Identity", state, output=f"{name}.now")  # the Scan stacks the iterations
    else:
        graph.add("Unsqueeze", state, graph.constant(f"{name}.new_axis", _FIRST_AXIS), output=name)
    graph.observed.append(name)


def _weight_and_bias(graph: GraphBuilder, linear: Linear | QuantizedLinear) -> tuple[str, str]:
    return graph.constant(f"{linear.name}.weight", linear.weight), graph.constant(f"{linear.name}.bias", linear.bias)


def _quantize(graph: GraphBuilder, state: str, linear: QuantizedLinear) -> tuple[str, str, str, str]:
    """Adds the quantization of what enters a linear, with the scale of the current iteration.

    Returns:
        The names of the integers, their scale, their zero point and the scale of the weights.
    """
    scale = graph.scan(f"{linear.name}.input_scale", linear.input_scale)
    zero_point = graph.scan(f"{linear.name}.input_zero_point", linear.input_zero_point)
    weight_scale = graph.constant(f"{linear.name}.weight_scale", linear.weight_scale)
    return graph.add("QuantizeLinear", state, scale, zero_point), scale, zero_point, weight_scale


def _norm(graph: GraphBuilder, name: str, value: str, other: str, gain: npt.NDArray[np.float32]) -> str:
    """Adds γ·(value + other) / sqrt(mean((value + other)²) + ε): LayerNorm of centred values, without its β."""
    inputs = (value, other, graph.constant(name, gain))
    epsilon = graph.config.layer_norm_eps
    return graph.add("SkipSimplifiedLayerNormalization", *inputs, domain="com.microsoft", epsilon=epsilon)
