"""The parts of an ALBERT as patterns of ONNX operators: linear, LayerNorm, attention, feed-forward network.

Each function takes a value and looks for the part that made it. It returns `None` if something else made it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from albert_ner_export.sources.onnx.graph import Constant, OnnxGraph, attribute

_HEADS = frozenset({"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Mul", "Div"})
_SCORES = _HEADS | {"Add", "Softmax", "Where"}
_ELEMENTWISE = frozenset(
    "Identity Cast CastLike Dropout Add Sub Mul Div Pow Sqrt Erf Tanh Sigmoid Relu Gelu Clip Min Max Softplus".split()
)
# float16 can't hold 1e-12, the epsilon of most ALBERTs: converters write 0, or the smallest number that they allow
_SMALLEST_FLOAT16 = np.float16(1.2e-7)
_GRID = np.linspace(-8, 12, 401, dtype=np.float32)
_ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "gelu": lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_new": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: max(x, 0.0),
}


@dataclass(frozen=True, slots=True)
class LinearPattern:
    """x·weightᵀ + bias, where x is the value `input`, `weight` is [output, input] and `bias` [output]."""

    weight: Constant
    bias: Constant
    input: str


@dataclass(frozen=True, slots=True)
class NormPattern:
    """A LayerNorm of the value `input`."""

    weight: Constant
    bias: Constant
    epsilon: float
    input: str


def _split(graph: OnnxGraph, value: str, operator: str) -> tuple[Constant, str] | None:
    """Returns the constant and the state that a binary operator combined."""
    if (node := graph.find(value, operator)) is None or len(states := graph.states(node)) != 1:
        return None
    constants = [graph.constants[name] for name in node.input if name in graph.constants]
    return (constants[0], states[0]) if len(constants) == 1 else None


def find_linear(graph: OnnxGraph, value: str) -> LinearPattern | None:
    """Finds the linear that made a value: MatMul and Add, or Gemm."""
    if (node := graph.find(value, "Gemm")) is not None:
        weight, bias = (graph.constants.get(name) for name in (*node.input[1:3], "", "")[:2])
        if weight is None or bias is None or any(attribute(node, name, 1) != 1 for name in ("alpha", "beta")):
            return None
        return LinearPattern(weight if attribute(node, "transB", 0) else weight.flipped, bias, node.input[0])
    if (added := _split(graph, value, "Add")) is None:
        return None
    bias, product = added
    node = graph.find(product, "MatMul")
    if node is None or (weight := graph.constants.get(node.input[1])) is None:
        return None
    return LinearPattern(weight.flipped, bias, node.input[0])


def find_norm(graph: OnnxGraph, value: str) -> NormPattern | None:
    """Finds the LayerNorm that made a value: one operator, or nine in older opsets."""
    if (node := graph.find(value, "LayerNormalization")) is not None:
        weight, bias = (graph.constants.get(name) for name in (*node.input[1:3], "", "")[:2])
        if weight is None or bias is None or attribute(node, "axis", -1) not in (-1, 2):
            return None
        return NormPattern(weight, bias, _shortest(attribute(node, "epsilon", 1e-5)), node.input[0])
    if (shifted := _split(graph, value, "Add")) is None or (scaled := _split(graph, shifted[1], "Mul")) is None:
        return None
    if (ratio := graph.find(scaled[1], "Div")) is None:
        return None
    centred, deviation = graph.find(ratio.input[0], "Sub"), graph.find(ratio.input[1], "Sqrt")
    if centred is None or deviation is None or (variance := _split(graph, deviation.input[0], "Add")) is None:
        return None
    if graph.find(centred.input[1], "ReduceMean") is None or graph.find(variance[1], "ReduceMean") is None:
        return None
    if graph.array(variance[0]).size != 1:
        return None
    epsilon = graph.elements(variance[0]).reshape(())[()]
    return NormPattern(scaled[0], shifted[0], _shortest(epsilon), centred.input[0])


def _shortest(epsilon: Any) -> float:
    """Returns the shortest number that is the same in its type: 1e-12 for 9.99999996004197e-13 in float32."""
    if isinstance(epsilon, np.float16) and epsilon <= _SMALLEST_FLOAT16:
        return 1e-12
    return float(str(epsilon if isinstance(epsilon, np.float16) else np.float32(epsilon)))


@dataclass(frozen=True, slots=True)
class Layer:
    """One application of a transformer layer to the state `input`."""

    linears: Mapping[str, LinearPattern]
    norms: Mapping[str, NormPattern]
    activation: str
    head_size: int
    input: str

    def constants(self) -> Iterator[tuple[str, Constant]]:
        """Yields its tensors under their names within the layer."""
        yield from named_constants({**self.linears, **self.norms})


def named_constants(parts: Mapping[str, LinearPattern | NormPattern]) -> Iterator[tuple[str, Constant]]:
    """Yields the weights and biases of parts under torch's names."""
    for name, part in parts.items():
        yield f"{name}.weight", part.weight
        yield f"{name}.bias", part.bias


def find_layer(graph: OnnxGraph, value: str) -> Layer:
    """Finds the transformer layer that made a state. Its two sums may have their terms in either order.

    Raises:
        ExportError: Something else made it.
    """
    if (output_norm := find_norm(graph, value)) is None:
        graph.refuse(graph.back(value)[0], "the last LayerNorm of a transformer layer, or the embeddings' projection")
    for branch, middle in graph.operands(output_norm.input):
        ffn_output = find_linear(graph, branch)
        activation = _activation(graph, ffn_output.input, middle) if ffn_output is not None else None
        if ffn_output is None or activation is None:
            continue
        if (norm := find_norm(graph, middle)) is None:
            graph.refuse(graph.back(middle)[0], "the attention's LayerNorm")
        for attended, hidden in graph.operands(norm.input):
            dense = find_linear(graph, attended)
            attention = _attention(graph, dense.input, hidden) if dense is not None else None
            if dense is not None and attention is not None:
                parts, size = attention
                linears = {**parts, "attention.dense": dense, "ffn": activation[1], "ffn_output": ffn_output}
                norms = {"attention.LayerNorm": norm, "full_layer_layer_norm": output_norm}
                return Layer(linears, norms, activation[0], size, hidden)
        graph.refuse(graph.back(norm.input)[0], "the sum of an attention and the state that it reads")
    graph.refuse(
        graph.back(output_norm.input)[0],
        "the sum of a feed-forward network and the state that it reads (BERT and DistilBERT fail here, as they don't "
        "project their embeddings)",
    )


def _attention(graph: OnnxGraph, value: str, hidden: str) -> tuple[dict[str, LinearPattern], int] | None:
    """Returns query, key and value of the attention to `hidden` that made a state, and its head size."""
    node = graph.producers.get(graph.back(value, _HEADS)[0])
    if node is not None and node.op_type == "Attention" and not attribute(node, "is_causal", 0):
        sides = list(node.input[:3])
    elif node is not None and node.op_type == "MatMul" and len(states := graph.states(node)) == 2:
        scores, passed = graph.back(states[0], _SCORES)
        inner = graph.find(scores, "MatMul")
        if inner is None or [item.op_type for item in passed].count("Softmax") != 1:
            return None
        sides = [*graph.states(inner), states[1]]
    else:
        return None
    ends = [graph.back(side, _HEADS) for side in sides]
    linears = [find_linear(graph, end) for end, _ in ends]
    if len(ends) != 3 or any(linear is None or not graph.same(hidden, linear.input) for linear in linears):
        return None
    reshapes = [item for item in ends[0][1] if item.op_type == "Reshape"]
    size = graph.last_integer(reshapes[-1].input[1]) if reshapes else 0
    if size < 1:
        graph.refuse(graph.back(sides[0])[0], "a Reshape of the query to heads, whose size is a constant")
    names = (f"attention.{name}" for name in ("query", "key", "value"))
    return {name: linear for name, linear in zip(names, linears, strict=True) if linear is not None}, size


def _activation(graph: OnnxGraph, value: str, hidden: str) -> tuple[str, LinearPattern] | None:
    """Returns the activation of a feed-forward network that reads `hidden`, and the first of its two linears."""
    end = graph.back(value)[0]
    nodes: dict[str, onnx.NodeProto] = {}
    constants: dict[str, npt.NDArray[np.generic]] = {}
    inputs: dict[str, LinearPattern] = {}
    pending = [end]
    while pending:
        name = pending.pop()
        if name in nodes or name in constants or name in inputs or not name:
            continue
        if (constant := graph.constants.get(name)) is not None:
            constants[name] = graph.elements(constant)
        elif (linear := find_linear(graph, name)) is not None:
            inputs[name] = linear
        elif (node := graph.producers.get(name)) is not None and node.op_type in _ELEMENTWISE:
            nodes[name] = node
            pending += node.input
        else:
            return None
    linears = list(inputs.values())
    scalars = all(constant.size == 1 for constant in constants.values())
    if not linears or not scalars or any(linear != linears[0] for linear in linears):
        return None
    if not graph.same(hidden, linears[0].input):
        return None
    ordered = sorted(nodes.values(), key=lambda item: graph.order[item.output[0]])
    return _name_function(graph, ordered, constants, list(inputs), end), linears[0]


def _name_function(
    graph: OnnxGraph,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, npt.NDArray[np.generic]],
    inputs: Sequence[str],
    output: str,
) -> str:
    """Returns which activation these nodes compute. They are run to find out, as each can be written in many ways."""
    initializers = [
        numpy_helper.from_array(array if array.dtype.kind in "iub" else array.astype(np.float32), name)
        for name, array in constants.items()
    ]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in (*inputs, output)]
    function = helper.make_graph(nodes, "activation", values[:-1], values[-1:], initializers)
    model = helper.make_model(function, opset_imports=graph.opsets)
    try:
        with np.errstate(all="ignore"):
            results: Any = ReferenceEvaluator(model).run(None, dict.fromkeys(inputs, _GRID))
            found = np.asarray(results[0])
    except Exception:  # the evaluator raises errors of any type
        found = np.empty(0)
    if found.shape == _GRID.shape:
        expected = {name: np.array([compute(x) for x in _GRID]) for name, compute in _ACTIVATIONS.items()}
        nearest = min(expected, key=lambda name: float(np.square(found - expected[name]).sum()))
        if np.allclose(found, expected[nearest], rtol=1e-3, atol=1e-3):  # constants may be float16
            return nearest
    graph.refuse(output, f"an activation that computes {', '.join(_ACTIVATIONS)}")
