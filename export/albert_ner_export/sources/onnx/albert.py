"""The weights of an ALBERT token classifier in an ONNX graph, and what the graph says of its sizes.

The graph is followed from its logits back to its word embeddings. Every part is recognised by what feeds it, so linears
that lost their names, transposed weights and merged initializers are told apart whoever exported the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

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
    """What an ONNX file holds of an ALBERT token classifier.

    Attributes:
        tensors: float32 arrays by Hugging Face's names; linears are [output, input].
        config: Its `config.json`, but for the tags: they are as many as `classifier.bias` has elements.
        external: Names of the files beside it that hold its data.
        machine_epsilon: That of the coarsest type that it computes in.
    """

    tensors: Mapping[str, npt.NDArray[np.float32]]
    config: Mapping[str, int | float | str]
    external: tuple[str, ...]
    machine_epsilon: float


def recover_weights(model: bytes, path: Path) -> OnnxWeights:
    """Reads an exported ALBERT token classifier.

    Args:
        model: The file's bytes.
        path: Where it lies: for messages, and for external data, which must lie in the same folder.

    Raises:
        ExportError: It is damaged, quantized, optimized, or another network.
    """
    graph = OnnxGraph.parse(model, path)
    logits = graph.logits()
    if (classifier := find_linear(graph, logits)) is None:
        graph.refuse(logits, "the classifier, a linear")
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

    digests = [tuple(graph.digest(constant) for _, constant in layer.constants()) for layer in layers]
    count, groups, inner = schedule(digests)
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
    return OnnxWeights(tensors, config, tuple(sorted(graph.external)), epsilon)


def _sizes(graph: OnnxGraph, tensors: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, int]:
    """The sizes that shapes tell; `fold_weights` checks every shape against them."""
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
                f"{graph.path}: {name} has the shape {list(tensor.shape)}, as in no ALBERT; export it again"
            )
    return {size: tensors[name].shape[axis] for size, (name, axis) in axes.items()}


def _settings(
    graph: OnnxGraph, norm: NormPattern, layers: Sequence[Layer], tensors: Mapping[str, npt.NDArray[np.float32]]
) -> dict[str, int | float | str]:
    """What all layers must have in common."""
    hidden = tensors["classifier.weight"].shape[1]
    found = {
        (layer.activation, layer.head_size, epsilon)
        for layer in layers
        for epsilon in (norm.epsilon, *(part.epsilon for part in layer.norms.values()))
    }
    if len(found) > 1 or any(hidden % size for _, size, _ in found):
        raise ExportError(
            f"{graph.path}: expected one activation, head size that divides {hidden} and LayerNorm epsilon in all "
            f"layers, found {', '.join(map(str, sorted(found)))}; give the checkpoint that it was exported from"
        )
    activation, size, epsilon = found.pop()
    return {"num_attention_heads": hidden // size, "hidden_act": activation, "layer_norm_eps": epsilon}


def _embeddings(graph: OnnxGraph, value: str) -> dict[str, Constant]:
    """The three tables whose rows are added up."""
    lookups = list(_lookups(graph, value))
    words = [table for table, index in lookups if graph.is_input(index)]
    others = sorted(
        (table for table, index in lookups if not graph.is_input(index)), key=lambda table: table.tensor.dims[0]
    )
    if len(words) != 1 or len(others) != 2:
        graph.refuse(graph.back(value)[0], "the sum of word (by input_ids), token type and position embeddings")
    # The token types' is the shorter one: their ids may be a constant of the graph, as the positions are
    return {"word_embeddings": words[0], "token_type_embeddings": others[0], "position_embeddings": others[1]}


def _lookups(graph: OnnxGraph, value: str) -> Iterator[tuple[Constant, str]]:
    """The tables that a sum of looked up rows is made of, and the ids."""
    node = graph.producers.get(graph.back(value)[0])
    if node is not None and node.op_type == "Add":
        for term in node.input:
            yield from _lookups(graph, term)
    elif node is not None and node.op_type == "Gather" and attribute(node, "axis", 0) == 0:
        table = graph.constants.get(node.input[0])
        if table is not None and len(table.tensor.dims) == 2 and not table.transposed:
            yield table, node.input[1]


def applications(layers: int, groups: int, inner: int) -> list[tuple[int, int]]:
    """Group and inner group of each application of a layer, in order.

    The group is computed in floating point, as transformers does: see `AlbertConfig.iterations`.
    """
    order = [int(index / (layers / groups)) for index in range(layers)]
    return [(group, index) for group in order for index in range(inner)]


def schedule(applied: Sequence[object]) -> tuple[int, int, int]:
    """Layers, groups and inner groups of the smallest ALBERT that applies equal weights wherever these are equal."""
    total = len(applied)
    sizes = [
        (groups, inner)
        for inner in range(1, math.isqrt(total) + 1)  # transformers needs an iteration a group and an inner group
        if total % inner == 0
        for groups in range(1, total // inner // inner + 1)
    ]
    for groups, inner in sorted(sizes, key=math.prod):
        order = applications(total // inner, groups, inner)
        if len(set(zip(order, applied, strict=True))) == len(set(order)):
            return total // inner, groups, inner
    raise AssertionError("a group a layer always fits")
