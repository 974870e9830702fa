"""TensorFlow's tensor bundles (`X.index` and `X.data-00000-of-00001` …), read without TensorFlow.

The index is a table of messages that say where each tensor is. See tensorflow/core/util/tensor_bundle and
tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from albert_ner_export.sources.protobuf import Message, read_varint
from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c
from albert_ner_export.sources.tensorflow.slices import Extent, part_key
from albert_ner_export.sources.tensorflow.sstable import read_table
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a tensor is: its BundleEntryProto. A partitioned variable has `parts`, which have entries of their own."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc32c: int
    parts: tuple[tuple[Extent, ...], ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """The paths of a bundle's files, within a zip for messages only; and the byte order of what they hold."""

    folder: PurePath
    prefix: str
    shards: int = 0
    order: Literal["little", "big"] = "little"

    @property
    def index(self) -> PurePath:
        return self.folder / f"{self.prefix}.index"

    def shard(self, number: int) -> PurePath:
        return self.folder / f"{self.prefix}.data-{number:05}-of-{self.shards:05}"


class TensorBundle:
    """A bundle. Its index has been read; its tensors are read when asked for.

    Attributes:
        variables: The name of each variable that holds numbers, by its key in the bundle. The two differ if Keras wrote
            the bundle: then keys are paths in a graph of objects, which knows the names. Several variables may have the
            same name.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | memoryview],
        place: _Place,
        entries: Mapping[bytes, _Entry],
    ) -> None:
        self._files, self._place, self._entries = files, place, entries
        # Keys that begin with a zero belong to parts of partitioned variables
        whole = {key.decode(): entry for key, entry in entries.items() if not key.startswith(b"\0")}
        names = self._names_of_objects() if _OBJECT_GRAPH in whole else {}
        self.variables: Mapping[str, str] = {
            key: names.get(key, key) for key, entry in whole.items() if entry.dtype != _STRING
        }

    def read(self, key: str) -> npt.NDArray[Any]:
        """Reads a tensor in the type that it was written in; bfloat16 as float32.

        Returns:
            A read-only array; if possible a view of the file's bytes.

        Raises:
            ExportError: It is damaged, or weights don't have its type or form.
        """
        entry = self._entries[key.encode()]
        if entry.dtype not in _DTYPES:
            raise ExportError(
                f"{self._place.index}: {key} must hold numbers, found TensorFlow's type {entry.dtype}; save a model "
                "with ordinary weights"
            )
        array = self._join(key, entry) if entry.parts else self._array(key, entry)
        array.flags.writeable = False
        return array

    def _join(self, key: str, whole: _Entry) -> npt.NDArray[Any]:
        """Reads the parts of a partitioned variable, which must fill it."""
        joined: npt.NDArray[Any] | None = None
        filled = np.zeros(whole.shape, bool)
        for extents in whole.parts:
            entry = self._entries.get(part_key(key, extents))
            where = tuple(map(Extent.range, extents, whole.shape))
            if entry is None or filled[where].shape != entry.shape or filled[where].any():
                joined = None
                break
            part = self._array(key, entry)
            joined = np.empty(whole.shape, part.dtype) if joined is None else joined
            joined[where], filled[where] = part, True
        if joined is None or not filled.all():
            raise ExportError(
                f"{self._place.index}: {key} is partitioned, and its parts don't fill its shape {list(whole.shape)}; "
                "save the whole model in one checkpoint"
            )
        return joined

    def _array(self, key: str, entry: _Entry) -> npt.NDArray[Any]:
        """Reads a whole tensor, or one part."""
        content, dtype = self._content(key, entry), np.dtype(_DTYPES[entry.dtype])
        if self._place.order == "big":
            dtype = dtype.newbyteorder(">")
        try:
            array = np.frombuffer(content, dtype).reshape(entry.shape)
        except (ValueError, OverflowError):
            raise ExportError(
                f"{self._place.index}: {key} must have {math.prod(entry.shape) * dtype.itemsize} bytes for its shape "
                f"{list(entry.shape)}, found {entry.size}; the index is damaged: copy the checkpoint again"
            ) from None
        if entry.dtype == _BFLOAT16:  # the upper half of a float32
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))

    def _content(self, key: str, entry: _Entry) -> memoryview:
        """Reads the bytes of an entry, and compares them with its checksum."""
        path = self._place.shard(entry.shard)
        shard = memoryview(_read(self._files, path))
        if (end := entry.offset + entry.size) > len(shard):
            raise ExportError(f"{path}: has {len(shard)} bytes, but {key} ends at {end}; copy the checkpoint again")
        content = shard[entry.offset : end]
        signed: bytes | memoryview = content
        if entry.dtype == _STRING:  # the checksum covers the size as four bytes, that size's checksum, and the string
            size, position = read_varint(content, 0)
            signed = (size & 0xFFFFFFFF).to_bytes(4, self._place.order) + content[position:]
        if masked_crc32c(signed) != entry.crc32c:
            raise ExportError(f"{path}: {key} doesn't match its checksum, so it is damaged; copy the checkpoint again")
        return content

    def _names_of_objects(self) -> dict[str, str]:
        """Returns the names of variables by key, from the TrackableObjectGraph in a tensor of one string."""
        content = self._content(_OBJECT_GRAPH, self._entries[_OBJECT_GRAPH.encode()])
        _, position = read_varint(content, 0)
        graph = Message(content[position + 4 :])  # after the checksum of its size
        return {
            attribute.text(3): attribute.text(2) or attribute.text(3).split("/.ATTRIBUTES/")[0]
            for node in graph.messages(1)
            for attribute in node.messages(2)
            if attribute.text(1) == _VARIABLE_VALUE
        }


def read_bundle(files: Mapping[str, bytes | memoryview], prefix: str, folder: PurePath) -> TensorBundle:
    """Reads the index of a bundle.

    Args:
        files: The bytes of its files by name.
        prefix: What their names begin with, such as `variables` for `variables.index`.
        folder: Where they are, for messages.

    Raises:
        ExportError: The index is missing or damaged.
    """
    place = _Place(folder, prefix)
    try:
        table = dict(read_table(memoryview(_read(files, place.index))))
        if b"" not in table:
            raise ValueError("it has no header")
        header = Message(table.pop(b""))
        place = _Place(folder, prefix, header.integer(1), "big" if header.integer(2) else "little")
        return TensorBundle(files, place, {key: _read_entry(value) for key, value in table.items()})
    except ValueError as error:
        raise ExportError(
            f"{place.index}: not the index of a TensorFlow checkpoint, or damaged ({error}); copy the checkpoint again"
        ) from None


def _read(files: Mapping[str, bytes | memoryview], path: PurePath) -> bytes | memoryview:
    try:
        return files[path.name]
    except KeyError:
        raise ExportError(f"{path}: missing, but part of the TensorFlow checkpoint; copy it there") from None


def _read_entry(data: memoryview) -> _Entry:
    message = Message(data)
    dimensions = [dimension for shape in message.messages(2) for dimension in shape.messages(2)]
    return _Entry(
        dtype=message.integer(1),
        shape=tuple(dimension.integer(1) for dimension in dimensions),
        shard=message.integer(3),
        offset=message.integer(4),
        size=message.integer(5),
        crc32c=int.from_bytes(b"".join(message.contents(6)), "little"),
        parts=tuple(tuple(map(Extent.read, part.messages(1))) for part in message.messages(7)),
    )
