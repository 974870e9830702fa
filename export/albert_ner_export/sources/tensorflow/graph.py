"""What a TensorFlow graph of an ALBERT says about its sizes, where no config.json lies beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from albert_ner_export.sources.protobuf import fields
from albert_ner_export.sources.tensorflow.sstable import read_varint
from albert_ner_onnx.errors import ExportError

_LAYER = re.compile(r"albert_layer_groups_\._(\d+)/albert_layers_\._(\d+)/(.+)")
_ACTIVATIONS = {"Erf": "gelu", "Tanh": "gelu_new", "Relu": "relu"}


_TENSOR = re.compile(r"albert\.encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)\.")
_EMBEDDINGS = ("word", "position", "token_type")
_PUBLISHED = {768: (12, 12), 1024: (24, 16), 2048: (24, 16), 4096: (12, 64)}  # layers and heads by hidden size


@dataclass(frozen=True, slots=True)
class GraphSizes:
    """What the graph says; `None` and nothing where it is silent.

    Attributes:
        iterations: How often each group is applied, by group.
        heads: Attention heads.
        activation: As transformers calls it.
    """

    iterations: tuple[int, ...]
    heads: int | None
    activation: str | None


def read_graph_sizes(graph: bytes, path: PurePath) -> GraphSizes:
    """Reads a GraphDef, as Spark NLP writes it into its `saved_model.pb`.

    Args:
        graph: Its bytes.
        path: Where it lies, for messages.

    Raises:
        ExportError: They are none.
    """
    softmaxes: Counter[int] = Counter()
    heads = activation = None
    try:
        for nodes in _node_lists(graph):
            found: Counter[int] = Counter()
            for node in nodes:
                match = _LAYER.search(_text(node, 1))
                if match is None:
                    continue
                operator = _text(node, 2)
                if operator == "Softmax" and match[2] == "0":
                    found[int(match[1])] += 1
                elif operator in _ACTIVATIONS:
                    activation = _ACTIVATIONS[operator]
                elif match[3] == "attention/Reshape/shape/2":
                    heads = _integer(node)
            softmaxes |= found  # the largest counts, as a graph holds several copies of the model, each a function
    except (ValueError, IndexError, RecursionError) as error:
        raise ExportError(f"{path}: no TensorFlow graph, or a damaged one ({error}); save the model again") from None
    groups = max(softmaxes, default=-1) + 1
    return GraphSizes(tuple(softmaxes[group] for group in range(groups)), heads, activation)


def tensorflow_config(
    tensors: Mapping[str, npt.NDArray[np.float32]], sizes: GraphSizes, path: PurePath
) -> dict[str, int | str]:
    """The `config.json`, but for the tags, that fits an ALBERT's tensors and graph.

    Args:
        tensors: By Hugging Face's names.
        sizes: What the graph says. Where it is silent, the hidden size decides, as in the published models.
        path: Where they are, for messages.

    Raises:
        ExportError: They don't tell it.
    """
    layers = [match for name in tensors if (match := _TENSOR.match(name))]
    try:
        words, positions, types = (tensors[f"albert.embeddings.{name}_embeddings.weight"].shape for name in _EMBEDDINGS)
        intermediate, hidden = tensors["albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"].shape
        (vocabulary, width), (position_count, _), (type_count, _) = words, positions, types
        groups, inner = (1 + max(int(match[number]) for match in layers) for number in (1, 2))
    except (KeyError, ValueError) as error:
        raise ExportError(f"{path}: its weights are no ALBERT's ({error}); save the model again") from None
    count, heads = _PUBLISHED.get(hidden, (None, None))
    count, heads = sum(sizes.iterations) or count, sizes.heads or heads
    if count is None or heads is None:
        raise ExportError(
            f"{path}: its graph tells neither layers nor heads, and a hidden size of {hidden} is none of the published "
            f"models' ({', '.join(map(str, _PUBLISHED))}); export it from its original with config.json"
        )
    applied = Counter(int(i / (count / groups)) for i in range(count))  # as transformers computes the group
    expected = tuple(applied[group] for group in range(groups))
    if sizes.iterations not in ((), expected):
        found, wanted = (", ".join(map(str, iterations)) for iterations in (sizes.iterations, expected))
        raise ExportError(f"{path}: its graph applies its groups {found} times, an ALBERT of that size {wanted} times")
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


def _node_lists(graph: bytes) -> Iterator[list[bytes]]:
    """The NodeDefs of a GraphDef, and of each FunctionDef in its library."""
    yield list(_messages(graph, 1))
    for library in _messages(graph, 2):
        for function in _messages(library, 1):
            yield list(_messages(function, 3))


def _integer(node: bytes) -> int | None:
    """The value of a constant of one int32: in the attribute `value` a tensor (8), there `int_val` (7), packed or not.

    A tensor of more elements has its bytes in `tensor_content` (4) instead.
    """
    for attribute in _messages(node, 5):
        if _text(attribute, 1) != "value":
            continue
        for tensor in (tensor for value in _messages(attribute, 2) for tensor in _messages(value, 8)):
            for number, value in fields(tensor):
                if number == 7:
                    return value if isinstance(value, int) else read_varint(value, 0)[0]
                if number == 4 and isinstance(value, bytes):
                    return int.from_bytes(value, "little")
    return None


def _messages(message: bytes, number: int) -> Iterator[bytes]:
    return (value for found, value in fields(message) if found == number and isinstance(value, bytes))


def _text(message: bytes, number: int) -> str:
    return b"".join(_messages(message, number)).decode()
