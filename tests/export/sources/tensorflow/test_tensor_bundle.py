"""TensorFlow wrote the fixtures: see make_tensorflow_fixtures.py."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c
from albert_ner_export.sources.tensorflow.slices import Extent, part_key
from albert_ner_export.sources.tensorflow.sstable import read_table
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
        ("complex128", "types.index: complex128 must hold numbers, found TensorFlow's type 18; save a model with"),
        ("partitioned", r"types.index: partitioned is partitioned, .* don't fill its shape \[4, 3\]; save the whole"),
    ],
)
def test_unusual_tensors_are_refused(name: str, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        read("types", "types").read(name)


def entry(key: bytes, value: bytes) -> bytes:
    return varint(0) + varint(len(key)) + varint(len(value)) + key + value


def block(body: bytes) -> bytes:
    whole = body + (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0"
    return whole + masked_crc32c(whole).to_bytes(4, "little")


def table(blocks: list[bytes]) -> bytes:
    """Writes a table of blocks, each under the last key, which readers of one block don't look at."""
    data, index = b"", b""
    for each in blocks:
        index += entry(b"\xff", varint(len(data)) + varint(len(each) - 5))
        data += each
    start, last = len(data), block(index)
    footer = varint(0) + varint(0) + varint(start) + varint(len(last) - 5)
    return data + last + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """Encodes a protobuf message."""
    return b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )


def bundle_of(parts: Sequence[tuple[bytes, np.ndarray]], header: bytes, *further: tuple[bytes, bytes]) -> TensorBundle:
    """Writes a bundle of one shard."""
    content, items = b"", list(further)
    for key, array in parts:
        data = array.tobytes()
        shape = message(*((2, message((1, size))) for size in array.shape))
        described = message((1, 1), (2, shape), (4, len(content)), (5, len(data)))
        items.append((key, described + varint(6 << 3 | 5) + masked_crc32c(data).to_bytes(4, "little")))
        content += data
    index = table([block(b"".join(entry(key, value) for key, value in sorted([(b"", header), *items])))])
    return read_bundle({"x.index": index, "x.data-00000-of-00001": content}, "x", Path("a.zip"))


def extent(start: int, length: int | None) -> bytes:
    return message((1, message(*(((1, start),) if start else ()), *(((2, length),) if length is not None else ()))))


@pytest.mark.parametrize("cuts", [(0, 3, 8), (0, 1, 2, 8), (0, 8), (0, 70, 9000, 20_000)])
def test_the_parts_of_a_partitioned_variable_are_joined(cuts: tuple[int, ...]) -> None:
    whole = np.arange(cuts[-1] * 2, dtype="<f4").reshape(-1, 2)
    ranges = [(start, stop - start) for start, stop in pairwise(cuts)]
    shape = message(*((2, message((1, size))) for size in whole.shape))
    slices = [(7, extent(start, length) + extent(0, None)) for start, length in ranges]
    parts = [
        (part_key("words", (Extent(start, length), Extent(0, -1))), whole[start : start + length])
        for start, length in ranges
    ]
    header, entry_of_all = message((1, 1)), message((1, 1), (2, shape), *slices)
    found = bundle_of(parts, header, (b"words", entry_of_all))
    assert list(found.variables) == ["words"]
    np.testing.assert_array_equal(found.read("words"), whole)
    assert not found.read("words").flags.writeable
    with pytest.raises(ExportError, match=r"words is partitioned, and its parts don't fill its shape"):
        bundle_of(parts[1:], header, (b"words", entry_of_all)).read("words")
    with pytest.raises(ExportError, match=r"words is partitioned, and its parts don't fill its shape"):
        bundle_of(parts, header, (b"words", message((1, 1), (2, shape), *slices, *slices[:1]))).read("words")


def test_the_key_of_a_part_is_the_one_that_tensorflow_wrote() -> None:
    keys = [key for key, _ in read_table(memoryview(files("types")["types.index"])) if key.startswith(b"\0")]
    assert keys == [part_key("partitioned", (Extent(0, 2), Extent(0, 3)))] or keys == [
        part_key("partitioned", (Extent(0, 2), Extent(0, -1)))
    ]


def test_numbers_of_a_big_endian_machine_are_read() -> None:
    whole = np.arange(6, dtype=">f4").reshape(2, 3)
    array = bundle_of([(b"words", whole)], message((1, 1), (2, 1))).read("words")
    np.testing.assert_array_equal(array, np.arange(6).reshape(2, 3))
    assert array.dtype == np.float32


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
