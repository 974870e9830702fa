"""The weights and sizes of an ALBERT token classifier, from its ONNX graph.

The graph is followed from the logits back to the word embeddings. Each part is recognized by what feeds it. So it
doesn't matter which exporter wrote the file, nor that linears lost their names, weights were transposed, or equal
initializers were merged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from albert_ner_export.checkpoint import Tensors
from albert_ner_export.config import group_of_each_iteration
from albert_ner_export.sources.onnx.graph import Constant, OnnxGraph, attribute
from albert_ner_export.sources.onnx.layers import (
    Layer,
    NormPattern,
    find_layer,
    find_linear,
    find_norm,
    named_constants,
)
from albert_ner_onnx.errors import ExportError

_FLOAT32_EPSILON = 2.0**-23
_EPSILONS: dict[int, float] = {onnx.TensorProto.FLOAT16: 2.0**-10, onnx.TensorProto.BFLOAT16: 2.0**-7}


@dataclass(frozen=True, slots=True)
class OnnxWeights:
    """An ALBERT token classifier, read from an ONNX file.

    Attributes:
        tensors: Its weights.
        config: Its `config.json`, without the tags.
        external: Names of the files in its folder that hold its data.
        machine_epsilon: See `SourceModel`.
    """

    tensors: Tensors
    config: Mapping[str, int | float | str]
    external: tuple[str, ...]
    machine_epsilon: float


def recover_weights(model: bytes, path: Path) -> OnnxWeights:
    """Reads an exported ALBERT token classifier.

    Args:
        model: The file's bytes.
        path: Where it is, for messages, and for external data, which must be in the same folder.

    Raises:
        ExportError: It is damaged, quantized, optimized, or not an ALBERT token classifier.
    """
    graph = OnnxGraph.parse(model, path)
    logits = graph.logits()
    if (classifier := find_linear(graph, logits)) is None:
        graph.refuse(logits, "the classifier, which is a linear")
    state = classifier.input
    layers: list[Layer] = []
    while (projection := find_linear(graph, state)) is None:
        layers.append(find_layer(graph, state))
        state = layers[-1].input
    if not layers:
        graph.refuse(state, "a transformer layer before the classifier")
    layers.reverse()
    if (norm := find_norm(graph, projection.input)) is None:
        graph.refuse(projection.input, "the embeddings' LayerNorm")
    tables = _embeddings(graph, norm.input)

    count, groups, inner = schedule(_identify(graph, layers))
    constants = {f"albert.embeddings.{name}.weight": table for name, table in tables.items()}
    constants |= named_constants(
        {
            "albert.embeddings.LayerNorm": norm,
            "albert.encoder.embedding_hidden_mapping_in": projection,
            "classifier": classifier,
        }
    )
    for (group, index), layer in zip(applications(count, groups, inner), layers, strict=True):
        prefix = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{index}"
        constants |= {f"{prefix}.{name}": constant for name, constant in layer.constants()}
    tensors = {name: graph.array(constant) for name, constant in constants.items()}
    counts = {"num_hidden_layers": count, "num_hidden_groups": groups, "inner_group_num": inner}
    config = _sizes(graph, tensors) | counts | _settings(graph, norm, layers, tensors)
    epsilon = max(_EPSILONS.get(constant.type, _FLOAT32_EPSILON) for constant in constants.values())
    return OnnxWeights(tensors, config, graph.external, epsilon)


def _identify(graph: OnnxGraph, layers: Sequence[Layer]) -> list[tuple[object, ...]]:
    """Returns, for each layer, what is equal for layers of equal weights, whatever their tensors are called."""
    constants = [[constant for _, constant in layer.constants()] for layer in layers]
    distinct = {constant.name: constant for layer in constants for constant in layer}
    digests = {name: graph.digest(constant) for name, constant in distinct.items()}
    return [tuple((digests[constant.name], constant.transposed) for constant in layer) for layer in constants]


def _sizes(graph: OnnxGraph, tensors: Tensors) -> dict[str, int]:
    """Returns the sizes that shapes give; `fold_weights` compares every shape with them."""
    axes = {
        "vocab_size": ("albert.embeddings.word_embeddings.weight", 0),
        "embedding_size": ("albert.embeddings.word_embeddings.weight", 1),
        "max_position_embeddings": ("albert.embeddings.position_embeddings.weight", 0),
        "type_vocab_size": ("albert.embeddings.token_type_embeddings.weight", 0),
        "hidden_size": ("classifier.weight", 1),
        "intermediate_size": ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight", 0),
    }
    for name, tensor in tensors.items():
        if tensor.ndim != (1 if name.endswith((".bias", "LayerNorm.weight", "_norm.weight")) else 2):
            raise ExportError(
                f"{graph.path}: {name} has shape {list(tensor.shape)}, which no ALBERT has; export it again"
            )
    return {size: tensors[name].shape[axis] for size, (name, axis) in axes.items()}


def _settings(
    graph: OnnxGraph, norm: NormPattern, layers: Sequence[Layer], tensors: Tensors
) -> dict[str, int | float | str]:
    """Returns the settings that all layers must have in common."""
    hidden = tensors["classifier.weight"].shape[1]
    found = {
        (layer.activation, layer.head_size, epsilon)
        for layer in layers
        for epsilon in (norm.epsilon, *(part.epsilon for part in layer.norms.values()))
    }
    if len(found) > 1 or any(hidden % size for _, size, _ in found):
        raise ExportError(
            f"{graph.path}: all layers must have the same activation, head size (a divisor of {hidden}) and LayerNorm "
            f"epsilon, found {', '.join(map(str, sorted(found)))}; give the checkpoint that it was exported from"
        )
    activation, size, epsilon = found.pop()
    return {"num_attention_heads": hidden // size, "hidden_act": activation, "layer_norm_eps": epsilon}


def _embeddings(graph: OnnxGraph, value: str) -> dict[str, Constant]:
    """Returns the three tables whose rows are added up."""
    lookups = list(_lookups(graph, value))
    words = [table for table, index in lookups if graph.is_input(index)]
    others = sorted(
        (table for table, index in lookups if not graph.is_input(index)), key=lambda table: table.tensor.dims[0]
    )
    if len(words) != 1 or len(others) != 2:
        graph.refuse(graph.back(value)[0], "the sum of word (by input_ids), token type and position embeddings")
    # Ids can't tell these two apart, as both may be constants of the graph: the table of token types is the shorter one
    return {"word_embeddings": words[0], "token_type_embeddings": others[0], "position_embeddings": others[1]}


def _lookups(graph: OnnxGraph, value: str) -> Iterator[tuple[Constant, str]]:
    """Yields the tables that a sum of looked up rows is made of, with their ids."""
    node = graph.producers.get(graph.back(value)[0])
    if node is not None and node.op_type == "Add":
        for term in node.input:
            yield from _lookups(graph, term)
    elif node is not None and node.op_type == "Gather" and attribute(node, "axis", 0) == 0:
        table = graph.constants.get(node.input[0])
        if table is not None and len(table.tensor.dims) == 2 and not table.transposed:
            yield table, node.input[1]


def applications(layers: int, groups: int, inner: int) -> list[tuple[int, int]]:
    """Returns the group, and the layer within it, of each application of a layer."""
    return [(group, index) for group in group_of_each_iteration(layers, groups) for index in range(inner)]


def schedule(applied: Sequence[object]) -> tuple[int, int, int]:
    """Finds the smallest ALBERT that applies these weights in this order.

    Args:
        applied: One object for each application of a layer; objects of equal weights are equal.

    Returns:
        Its layers, groups and inner groups: `num_hidden_layers`, `num_hidden_groups` and `inner_group_num`.
    """
    total = len(applied)
    sizes = [
        (groups, inner)
        for inner in range(1, math.isqrt(total) + 1)  # transformers needs an iteration for each group and inner group
        if total % inner == 0
        for groups in range(1, total // inner // inner + 1)
    ]
    for groups, inner in sorted(sizes, key=math.prod):
        order = applications(total // inner, groups, inner)
        if len(set(zip(order, applied, strict=True))) == len(set(order)):
            return total // inner, groups, inner
    raise AssertionError("one group for each layer always fits")
