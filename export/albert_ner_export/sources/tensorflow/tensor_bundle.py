"""TensorFlow's tensor bundles (`X.index` and `X.data-00000-of-00001` …), read without TensorFlow.

The index is a table of protocol buffers that say where each tensor lies. See tensorflow/core/util/tensor_bundle and
tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from albert_ner_export.sources.protobuf import fields
from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c
from albert_ner_export.sources.tensorflow.sstable import read_table, read_varint
from albert_ner_onnx.errors import ExportError

_STRING, _BFLOAT16 = 7, 14
_DTYPES = {
    1: "<f4",
    2: "<f8",
    3: "<i4",
    4: "u1",
    5: "<i2",
    6: "i1",
    9: "<i8",
    10: "?",
    _BFLOAT16: "<u2",
    17: "<u2",
    19: "<f2",
    22: "<u4",
    23: "<u8",
}
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VARIABLE_VALUE = "VARIABLE_VALUE"

_T = TypeVar("_T", int, bytes)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a tensor lies, as its BundleEntryProto says."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc32c: int
    sliced: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the files of a bundle are, or would be if they lay in a folder."""

    folder: PurePath
    prefix: str
    shards: int

    @property
    def index(self) -> PurePath:
        return self.folder / f"{self.prefix}.index"

    def shard(self, number: int) -> PurePath:
        return self.folder / f"{self.prefix}.data-{number:05}-of-{self.shards:05}"


class TensorBundle:
    """A bundle whose index has been read and whose tensors are read when asked for.

    Attributes:
        variables: The name of each variable that holds numbers, by its key in the bundle. They differ where Keras
            wrote it (then the keys are paths in a graph of objects, which gives the names), and several variables may
            have the same name.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | memoryview],
        place: _Place,
        entries: Mapping[str, _Entry],
    ) -> None:
        self._files, self._place, self._entries = files, place, entries
        names = self._names_of_objects() if _OBJECT_GRAPH in entries else {}
        self.variables: Mapping[str, str] = {
            key: names.get(key, key) for key, entry in entries.items() if entry.dtype != _STRING
        }

    def read(self, key: str) -> npt.NDArray[Any]:
        """One tensor, in the type that it was written in; bfloat16 as float32.

        Returns:
            A read-only array; where possible a view of the file's bytes.

        Raises:
            ExportError: It is damaged, or of a type or form that weights don't have.
        """
        entry = self._entries[key]
        if entry.dtype not in _DTYPES or entry.sliced:
            what = "a partitioned variable" if entry.sliced else f"of TensorFlow's type {entry.dtype}"
            raise ExportError(f"{self._place.index}: {key} is {what}; expected a whole tensor of numbers")
        content, dtype = self._content(key), np.dtype(_DTYPES[entry.dtype])
        try:
            array = np.frombuffer(content, dtype).reshape(entry.shape)
        except (ValueError, OverflowError):
            raise ExportError(
                f"{self._place.index}: {key} must have {math.prod(entry.shape) * dtype.itemsize} bytes, as of shape "
                f"{list(entry.shape)}, found {entry.size}; the index is damaged"
            ) from None
        if entry.dtype == _BFLOAT16:  # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        array.flags.writeable = False
        return array

    def _content(self, key: str) -> memoryview:
        """The bytes of an entry, checked against its checksum."""
        entry = self._entries[key]
        path = self._place.shard(entry.shard)
        shard = memoryview(_read(self._files, path))
        if (end := entry.offset + entry.size) > len(shard):
            raise ExportError(f"{path}: has {len(shard)} bytes, but {key} ends at {end}; copy the checkpoint again")
        content = shard[entry.offset : end]
        signed: bytes | memoryview = content
        if entry.dtype == _STRING:  # one of its size in four bytes, the checksum of that, and the string
            size, position = read_varint(content, 0)
            signed = size.to_bytes(8, "little")[:4] + content[position:]
        if masked_crc32c(signed) != entry.crc32c:
            raise ExportError(f"{path}: {key} differs from its checksum; it is damaged, copy the checkpoint again")
        return content

    def _names_of_objects(self) -> dict[str, str]:
        """The names of variables by key, from the TrackableObjectGraph that is stored as a tensor of one string."""
        content = self._content(_OBJECT_GRAPH)
        _, position = read_varint(content, 0)
        graph = _Message(content[position + 4 :])  # behind the checksum of its size
        return {
            attribute.text(3): attribute.text(2) or attribute.text(3).split("/.ATTRIBUTES/")[0]
            for node in graph.messages(1)
            for attribute in node.messages(2)
            if attribute.text(1) == _VARIABLE_VALUE
        }


def read_bundle(files: Mapping[str, bytes | memoryview], prefix: str, folder: PurePath) -> TensorBundle:
    """Reads the index of a bundle.

    Args:
        files: The bytes of its files by name; each is asked for when it is needed.
        prefix: What their names begin with, as in `variables.index`.
        folder: Where they are, for messages.

    Raises:
        ExportError: The index is missing or damaged, or written on a machine that stores the highest byte first.
    """
    place = _Place(folder, prefix, 0)
    try:
        table = dict(read_table(memoryview(_read(files, place.index))))
        if b"" not in table:
            raise ValueError("no header in it")
        header = _Message(table.pop(b""))
        if header.integer(2) != 0:
            raise ValueError("written on a big-endian machine; expected little-endian")
        # Keys that begin with a zero are of the parts of partitioned variables, which are refused as a whole
        entries = {key.decode(): _read_entry(value) for key, value in table.items() if not key.startswith(b"\0")}
        return TensorBundle(files, _Place(folder, prefix, header.integer(1)), entries)
    except ValueError as error:
        raise ExportError(
            f"{place.index}: no index of a TensorFlow checkpoint, or a damaged one ({error}); copy the checkpoint again"
        ) from None


def _read(files: Mapping[str, bytes | memoryview], path: PurePath) -> bytes | memoryview:
    try:
        return files[path.name]
    except KeyError:
        raise ExportError(f"{path}: missing; it is part of the TensorFlow checkpoint") from None


def _read_entry(data: memoryview) -> _Entry:
    message = _Message(data)
    dimensions = [dimension for shape in message.messages(2) for dimension in shape.messages(2)]
    return _Entry(
        dtype=message.integer(1),
        shape=tuple(dimension.integer(1) for dimension in dimensions),
        shard=message.integer(3),
        offset=message.integer(4),
        size=message.integer(5),
        crc32c=int.from_bytes(b"".join(message.contents(6)), "little"),
        sliced=bool(message.contents(7)),
    )


class _Message:
    """The fields of a protocol buffer by number; what is missing is 0 or empty, as protobuf leaves it out.

    Raises:
        ValueError: The data are no message, or a field is of another type than asked for.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        try:
            self._fields = list(fields(bytes(data)))
        except IndexError:
            raise ValueError("a message that ends within a number") from None

    def integer(self, field: int) -> int:
        """The last value of a number."""
        return (self._values(field, int) or [0])[-1]

    def contents(self, field: int) -> list[bytes]:
        """All values of a field of bytes, strings or messages, or of a number of fixed size."""
        return self._values(field, bytes)

    def messages(self, field: int) -> list[_Message]:
        """All values of a field of messages."""
        return [_Message(content) for content in self.contents(field)]

    def text(self, field: int) -> str:
        """The last value of a string."""
        return (self.contents(field) or [b""])[-1].decode()  # UnicodeDecodeError is a ValueError

    def _values(self, field: int, kind: type[_T]) -> list[_T]:
        values = [value for number, value in self._fields if number == field]
        matching: list[_T] = [value for value in values if isinstance(value, kind)]
        if len(matching) < len(values):
            raise ValueError(f"a message whose field {field} is no {kind.__name__}")
        return matching
