"""Our graph with dynamic activation scales: what calibrated ones have to be compared with.

Same weights, same Scan, same norms; a `DynamicQuantizeMatMul` in the place of each product of integers, and a
`MultiHeadAttention` after the one of query, key and value, as `QAttention` takes fixed scales only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.weights import AlbertWeights
from albert_ner_export.int8.quantize import quantize_weights

_FIXED = (".input_scale", ".input_zero_point")
_MICROSOFT = "com.microsoft"


def dynamic_graph(config: AlbertConfig, weights: AlbertWeights) -> onnx.ModelProto:
    """Builds the graph.

    Args:
        config: The sizes.
        weights: The float weights. They are quantized as ours are, but without calibration no channel is an outlier,
            so all of them are in integers.

    Raises:
        ValueError: The activation is ReLU, which our graph leaves to the fixed scales.
    """
    if config.hidden_act == "relu":
        raise ValueError("hidden_act is relu, expected another: dynamic scales don't clip at 0")
    even = {
        linear.name: np.tile(np.array([[-1], [1]], np.float32), (config.num_hidden_layers, 1, len(linear.weight)))
        for linear in weights.linears
    }
    model = build_graph(config, quantize_weights(weights, even))
    _rewrite(model.graph, config.num_attention_heads)
    used = {name for graph in _graphs(model.graph) for node in graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    return model


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and the bodies in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _rewrite(graph: onnx.GraphProto, heads: int) -> None:
    """Replaces the nodes of a graph and of the bodies of its Scans."""
    quantized = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "Scan":
            nodes.append(_scan(node, heads))
        elif node.op_type == "MatMulIntegerToFloat":
            _, weight, _, weight_scale, _, _, bias = node.input
            nodes.append(_product(quantized[node.input[0]], weight, weight_scale, bias, node.output[0]))
        elif node.op_type == "QAttention":
            _, weight, bias, _, weight_scale, *_ = node.input
            nodes += _attention(quantized[node.input[0]], weight, weight_scale, bias, node.output[0], heads)
        elif node.op_type != "QuantizeLinear":
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _scan(node: onnx.NodeProto, heads: int) -> onnx.NodeProto:
    """A Scan with another body, which has no use for scales."""
    body = next(attribute.g for attribute in node.attribute if attribute.HasField("g"))
    _rewrite(body, heads)
    kept = [index for index, name in enumerate(node.input) if not name.endswith(_FIXED)]
    inputs = [body.input[index] for index in kept]
    del body.input[:]
    body.input.extend(inputs)
    outer = [node.input[index] for index in kept]
    return helper.make_node("Scan", outer, node.output, name=node.name, body=body, num_scan_inputs=len(outer) - 1)


def _product(state: str, weight: str, weight_scale: str, bias: str, output: str) -> onnx.NodeProto:
    inputs = [state, weight, weight_scale, "", bias]
    return helper.make_node("DynamicQuantizeMatMul", inputs, [output], domain=_MICROSOFT)


def _attention(
    state: str, weight: str, weight_scale: str, bias: str, output: str, heads: int
) -> Iterator[onnx.NodeProto]:
    parts = [f"{output}.{part}" for part in ("query", "key", "value")]
    yield _product(state, weight, weight_scale, bias, f"{output}.qkv")
    yield helper.make_node("Split", [f"{output}.qkv"], parts, axis=-1)
    yield helper.make_node("MultiHeadAttention", parts, [output], domain=_MICROSOFT, num_heads=heads)
