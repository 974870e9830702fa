"""TensorFlow wrote the fixtures: see make_tensorflow_fixtures.py."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources.tensorflow.tensor_bundle import TensorBundle, read_bundle
from albert_ner_onnx import ExportError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "tensorflow"
TYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool")


@cache
def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (FIXTURES / folder).iterdir() if path.is_file()}


def read(folder: str, prefix: str, changes: dict[str, bytes] | None = None) -> TensorBundle:
    return read_bundle(files(folder) | (changes or {}), prefix, FIXTURES / folder)


@pytest.mark.parametrize("name", TYPES)
def test_each_type_is_read_as_it_was_written(name: str) -> None:
    array = read("types", "types").read(name)
    assert array.dtype == name
    np.testing.assert_array_equal(array, np.arange(6).reshape(2, 3).astype(name))
    assert not array.flags.writeable


def test_bfloat16_is_widened() -> None:
    array = read("types", "types").read("bfloat16")
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.arange(6).reshape(2, 3))


def test_strings_are_not_variables() -> None:
    assert set(read("types", "types").variables) == {*TYPES, "bfloat16", "complex128", "partitioned"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("complex128", "types.index: complex128 must be a whole tensor of numbers, found TensorFlow's type 18"),
        ("partitioned", "types.index: partitioned must be a whole tensor of numbers, found a partitioned variable"),
    ],
)
def test_unusual_tensors_are_refused(name: str, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        read("types", "types").read(name)


def test_names_of_tf1_are_the_keys() -> None:
    variables = read("tf1", "model.ckpt-7").variables
    assert all(key == name for key, name in variables.items())
    assert {"output_weights", "global_step", "bert/embeddings/LayerNorm/beta/adam_m"} < set(variables)


def test_names_of_keras_are_in_the_graph_of_objects() -> None:
    variables = read("saved_model/1/variables", "variables").variables
    assert variables["variables/0/.ATTRIBUTES/VARIABLE_VALUE"] == (
        "tf_albert_for_token_classification/albert/embeddings/word_embeddings/weight"
    )
    assert all(name.startswith("tf_albert_for_token_classification/") for name in variables.values())


def test_a_missing_shard_is_named() -> None:
    present = {name: data for name, data in files("types").items() if not name.endswith("00000-of-00003")}
    bundle = read_bundle(present, "types", Path("a.zip"))
    with pytest.raises(ExportError, match=r"a\.zip.types\.data-00000-of-00003: missing, but part of"):
        bundle.read("float32")


def test_a_missing_index_is_named() -> None:
    with pytest.raises(ExportError, match=r"a\.zip.types\.index: missing, but part of"):
        read_bundle({}, "types", Path("a.zip"))


def test_a_truncated_shard_is_named() -> None:
    name = "types.data-00000-of-00003"
    bundle = read("types", "types", {name: files("types")[name][:-1]})
    with pytest.raises(ExportError, match=r"00000-of-00003: has 209 bytes, but bool ends at 210; copy the checkpoint"):
        bundle.read("bool")


def read_all(changes: dict[str, bytes]) -> dict[str, bytes]:
    bundle = read("tf2", "ckpt-1", changes)
    return {name: bundle.read(key).tobytes() for key, name in bundle.variables.items()}


def outcome(changes: dict[str, bytes]) -> dict[str, bytes] | str:
    try:
        return read_all(changes)
    except ExportError as error:
        return str(error)


@given(st.data())
def test_a_changed_byte_is_one_line_or_changes_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["ckpt-1.index", "ckpt-1.data-00000-of-00001"]))
    content = bytearray(files("tf2")[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    found = outcome({name: bytes(content)})
    if isinstance(found, str):
        assert "copy the checkpoint again" in found
        assert "\n" not in found
    else:
        assert found == read_all({})


@given(st.data())
def test_a_truncated_file_is_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["ckpt-1.index", "ckpt-1.data-00000-of-00001"]))
    content = files("tf2")[name]
    with pytest.raises(ExportError, match="copy the checkpoint again"):
        read_all({name: content[: data.draw(st.integers(0, len(content) - 1))]})
