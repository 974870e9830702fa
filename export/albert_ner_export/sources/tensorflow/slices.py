"""Partitioned variables in a tensor bundle: the parts of a variable, and the keys under which they are stored.

A key is a zero, the variable's name, its number of axes, and the start and length of the part along each of them, in
TensorFlow's `OrderedCode` (tensorflow/core/lib/strings/ordered_code.cc, and EncodeTensorNameSlice in
tensorflow/core/util/saved_tensor_slice_util.cc). A part that isn't cut along an axis has the length -1 there.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from albert_ner_export.sources.protobuf import Message

_WHOLE = -1
_ESCAPES = {b"\0": b"\0\xff", b"\xff": b"\xff\0"}
_END = b"\0\1"


class Extent(NamedTuple):
    """The range of one axis that a part holds."""

    start: int
    length: int

    @classmethod
    def read(cls, message: Message) -> Self:
        """Reads a TensorSliceProto.Extent."""
        length = message.integers(2)
        return cls(message.integer(1), length[-1] if length else _WHOLE)

    def range(self, size: int) -> slice:
        """Returns the indices that it holds of an axis of some size."""
        return slice(0, size) if self.length == _WHOLE else slice(self.start, self.start + self.length)


def part_key(name: str, extents: tuple[Extent, ...]) -> bytes:
    """Returns the key of a part of a variable."""
    escaped = re.sub(rb"[\0\xff]", lambda match: _ESCAPES[match[0]], name.encode())
    numbers = b"".join(_signed(value) for extent in extents for value in extent)
    return _unsigned(0) + escaped + _END + _unsigned(len(extents)) + numbers


def _unsigned(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(data)]) + data


def _signed(value: int) -> bytes:
    """Encodes a number in as many bytes as it needs at 7 bits each; as many leading bits are flipped."""
    size = (value if value >= 0 else ~value).bit_length() // 7 + 1
    flipped = (0xFFFF << (16 - size)) & 0xFFFF
    number = int.from_bytes(value.to_bytes(max(size, 2) + 1, "big", signed=True)[-max(size, 2) :], "big")
    number ^= flipped << 8 * (size - 2) if size > 1 else flipped >> 8
    return number.to_bytes(max(size, 2), "big")[-size:]
