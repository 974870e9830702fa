"""Graphs that the fixtures don't cover. TensorFlow's own graph is read in spark_nlp/test_archive.py."""

from pathlib import PurePath

import numpy as np
import numpy.typing as npt
import pytest

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.tensorflow.graph import GraphSizes, read_graph_sizes, tensorflow_config
from albert_ner_onnx import ExportError

PATH = PurePath("saved_model.pb")


def field(number: int, content: bytes | str | int) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    data = content.encode() if isinstance(content, str) else content
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def node(group: int, name: str, operator: str, constant: bytes = b"", layer: int = 0) -> bytes:
    attribute = field(5, field(1, "value") + field(2, field(8, constant))) if constant else b""
    full = f"albert/encoder/albert_layer_groups_._{group}/albert_layers_._{layer}/{name}"
    return field(1, full) + field(2, operator) + attribute


def softmaxes(group: int, count: int) -> list[bytes]:
    return [node(group, f"attention/Softmax_{index}", "Softmax") for index in range(count)]


def graph(nodes: list[bytes]) -> bytes:
    return b"".join(field(1, node) for node in nodes)


def library(*functions: list[bytes]) -> bytes:
    return field(2, b"".join(field(1, b"".join(field(3, node) for node in nodes)) for nodes in functions))


def test_copies_of_the_model_are_counted_once() -> None:
    whole = [*softmaxes(0, 3), *softmaxes(1, 2), node(0, "attention/Softmax_9", "Softmax", layer=1)]
    part = softmaxes(0, 1)
    for data in (graph(whole), library(whole), library(part, whole, whole), graph(part) + library(whole)):
        assert read_graph_sizes(data, PATH) == GraphSizes((3, 2), None, None)


@pytest.mark.parametrize("constant", [field(7, 12), field(7, b"\x0c"), field(4, b"\x0c\0\0\0")])
def test_heads_are_a_constant_in_any_encoding(constant: bytes) -> None:
    data = graph([node(0, "attention/Reshape/shape/2", "Const", constant)])
    assert read_graph_sizes(data, PATH).heads == 12


@pytest.mark.parametrize(("operator", "activation"), [("Erf", "gelu"), ("Tanh", "gelu_new"), ("Relu", "relu")])
def test_activations(operator: str, activation: str) -> None:
    data = graph([node(0, "Gelu/x", operator), field(1, "albert/pooler/Tanh") + field(2, "Tanh")])
    assert read_graph_sizes(data, PATH).activation == activation


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x7f", field(1, b"\x0b"), field(1, field(1, b"\xff"))])
def test_damage_is_named(data: bytes) -> None:
    with pytest.raises(ExportError, match=r"^saved_model.pb: not a TensorFlow graph, or a damaged one \([^\n]*$"):
        read_graph_sizes(data, PATH)


CHANGES = [
    {},
    {"num_hidden_layers": 4, "num_hidden_groups": 2},
    {"num_hidden_layers": 6, "num_hidden_groups": 3, "inner_group_num": 2, "hidden_act": "gelu_new"},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_the_config_of_a_toy(changes: dict[str, int | str]) -> None:
    settings = toy.config(**changes)
    expected = AlbertConfig.from_dict(settings)
    sizes = GraphSizes(tuple(expected.iterations), expected.num_attention_heads, expected.hidden_act)
    found = tensorflow_config(toy.tensors(settings), sizes, PATH)
    assert AlbertConfig.from_dict(found, toy.TAGS) == expected


def published(hidden: int) -> dict[str, npt.NDArray[np.float32]]:
    """Makes tensors whose shapes alone matter."""
    settings = toy.config(hidden_size=8, num_attention_heads=2)
    tensors = toy.tensors(settings)
    ffn = "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"
    return {**tensors, ffn: np.broadcast_to(np.float32(0), (4 * hidden, hidden))}


@pytest.mark.parametrize(("hidden", "layers", "heads"), [(768, 12, 12), (1024, 24, 16), (2048, 24, 16), (4096, 12, 64)])
def test_what_the_graph_does_not_say_comes_from_the_published_models(hidden: int, layers: int, heads: int) -> None:
    found = tensorflow_config(published(hidden), GraphSizes((), None, None), PATH)
    assert (found["num_hidden_layers"], found["num_attention_heads"], found["hidden_act"]) == (
        layers,
        heads,
        "gelu_new",
    )


def test_other_sizes_are_not_guessed() -> None:
    with pytest.raises(
        ExportError,
        match="doesn't say how many layers and heads it has, and no published model has its hidden size of 512",
    ):
        tensorflow_config(published(512), GraphSizes((), None, None), PATH)


def test_iterations_that_contradict_the_weights_are_refused() -> None:
    settings = toy.config(num_hidden_layers=4, num_hidden_groups=2)
    with pytest.raises(ExportError, match=r"applies its groups 3, 1 times.*2, 2"):
        tensorflow_config(toy.tensors(settings), GraphSizes((3, 1), 2, "gelu"), PATH)


def test_missing_tensors_are_named() -> None:
    with pytest.raises(ExportError, match="its weights aren't those of an ALBERT"):
        tensorflow_config({}, GraphSizes((), None, None), PATH)
