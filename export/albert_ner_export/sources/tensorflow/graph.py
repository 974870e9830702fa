"""The sizes of an ALBERT from its TensorFlow graph and weights, where there is no config.json."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from albert_ner_export.checkpoint import Tensors
from albert_ner_export.config import iterations_per_group
from albert_ner_export.sources.protobuf import Message
from albert_ner_onnx.errors import ExportError

_LAYER = re.compile(r"albert_layer_groups_\._(\d+)/albert_layers_\._(\d+)/(.+)")
_ACTIVATIONS = {"Erf": "gelu", "Tanh": "gelu_new", "Relu": "relu"}
_TENSOR = re.compile(r"albert\.encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)\.")
_EMBEDDINGS = ("word", "position", "token_type")
# Layers and heads of the published models, by hidden size
_PUBLISHED = {768: (12, 12), 1024: (24, 16), 2048: (24, 16), 4096: (12, 64)}


@dataclass(frozen=True, slots=True)
class GraphSizes:
    """What the graph says; empty or `None` for what it doesn't say.

    Attributes:
        iterations: How often it applies each group.
        heads: Attention heads.
        activation: Under transformers' name.
    """

    iterations: tuple[int, ...]
    heads: int | None
    activation: str | None


def read_graph_sizes(graph: bytes, path: PurePath) -> GraphSizes:
    """Reads a GraphDef, which Spark NLP writes into its `saved_model.pb` (tensorflow/core/framework/graph.proto).

    Args:
        graph: Its bytes.
        path: Where it is, for messages.

    Raises:
        ExportError: It can't be read.
    """
    softmaxes: Counter[int] = Counter()
    heads = activation = None
    try:
        for nodes in _node_lists(Message(graph)):
            found: Counter[int] = Counter()
            for node in nodes:
                match = _LAYER.search(node.text(1))
                if match is None:
                    continue
                operator = node.text(2)
                if operator == "Softmax" and match[2] == "0":
                    found[int(match[1])] += 1
                elif operator in _ACTIVATIONS:
                    activation = _ACTIVATIONS[operator]
                elif match[3] == "attention/Reshape/shape/2":
                    heads = _constant(node)
            softmaxes |= found  # the maximum of each, as functions hold further copies of the model
    except ValueError as error:
        raise ExportError(f"{path}: not a TensorFlow graph, or a damaged one ({error}); save the model again") from None
    groups = max(softmaxes, default=-1) + 1
    return GraphSizes(tuple(softmaxes[group] for group in range(groups)), heads, activation)


def tensorflow_config(tensors: Tensors, sizes: GraphSizes, path: PurePath) -> dict[str, int | str]:
    """Returns the `config.json`, without tags, that fits an ALBERT's tensors and graph.

    Args:
        tensors: Its weights.
        sizes: What the graph says. What it doesn't say is taken from the published model of the same hidden size.
        path: Where they are, for messages.

    Raises:
        ExportError: The sizes can't be found out, or contradict each other.
    """
    layers = [match for name in tensors if (match := _TENSOR.match(name))]
    try:
        words, positions, types = (tensors[f"albert.embeddings.{name}_embeddings.weight"].shape for name in _EMBEDDINGS)
        intermediate, hidden = tensors["albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"].shape
        (vocabulary, width), (position_count, _), (type_count, _) = words, positions, types
        groups, inner = (1 + max(int(match[number]) for match in layers) for number in (1, 2))
    except (KeyError, ValueError) as error:
        raise ExportError(f"{path}: its weights aren't those of an ALBERT ({error}); save the model again") from None
    count, heads = _PUBLISHED.get(hidden, (None, None))
    count, heads = sum(sizes.iterations) or count, sizes.heads or heads
    if count is None or heads is None:
        raise ExportError(
            f"{path}: its graph doesn't say how many layers and heads it has, and no published model has its hidden "
            f"size of {hidden} (but {', '.join(map(str, _PUBLISHED))}); give the checkpoint that it was made from"
        )
    expected = tuple(iterations_per_group(count, groups))
    if sizes.iterations not in ((), expected):
        found, wanted = (", ".join(map(str, iterations)) for iterations in (sizes.iterations, expected))
        raise ExportError(
            f"{path}: its graph applies its groups {found} times, but an ALBERT with its weights {wanted} times; give "
            "the checkpoint that it was made from"
        )
    return {
        "vocab_size": vocabulary,
        "embedding_size": width,
        "hidden_size": hidden,
        "num_hidden_layers": count,
        "num_hidden_groups": groups,
        "num_attention_heads": heads,
        "intermediate_size": intermediate,
        "inner_group_num": inner,
        "max_position_embeddings": position_count,
        "type_vocab_size": type_count,
        "hidden_act": sizes.activation or "gelu_new",
    }


def _node_lists(graph: Message) -> Iterator[list[Message]]:
    """Yields the NodeDefs of a GraphDef, and those of each FunctionDef in its library."""
    yield graph.messages(1)
    for function in graph.message(2).messages(1):
        yield function.messages(3)


def _constant(node: Message) -> int | None:
    """Returns the value of a constant of one int32, from the TensorProto in its attribute `value`.

    A tensor of one element has it in `int_val` (7); of several, in `tensor_content` (4).
    """
    for attribute in node.messages(5):
        if attribute.text(1) == "value":
            tensor = attribute.message(2).message(8)
            integers, content = tensor.integers(7), tensor.content(4)
            return integers[0] if integers else int.from_bytes(content, "little") if content else None
    return None
