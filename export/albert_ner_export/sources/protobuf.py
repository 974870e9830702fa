"""Protocol Buffers: reads the fields of a message by their numbers, as its schema assigns them.

See https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeVar

_VARINT, _BYTES = 0, 2
_FIXED_SIZES = {1: 8, 5: 4}  # bytes, by wire type
_MAX_VARINT = 10  # bytes

T = TypeVar("T", int, bytes)


class Message:
    """The fields of an encoded message.

    A field that is missing has the default value 0 or empty, as writers leave defaults out. Of a field that occurs
    several times but isn't repeated, the last value counts. Each method raises `ValueError` if the field has another
    type than the one that is asked for.

    Raises:
        ValueError: The data aren't a message.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._fields = tuple(_read_fields(bytes(data)))

    def integer(self, number: int, default: int = 0) -> int:
        """Returns the value of a number or truth value."""
        return (self._values(number, int) or [default])[-1]

    def integers(self, number: int) -> list[int]:
        """Returns the values of a repeated number, packed or not."""
        values = [value for found, value in self._fields if found == number]
        return [part for value in values for part in ([value] if isinstance(value, int) else _unpack(value))]

    def floating(self, number: int) -> float:
        """Returns the value of a `float`."""
        content = self.content(number) or bytes(4)
        if len(content) != 4:
            raise ValueError(f"field {number} must be a float of 4 bytes, found {len(content)} bytes")
        value: float = struct.unpack("<f", content)[0]
        return value

    def content(self, number: int) -> bytes:
        """Returns the value of a field of bytes, or of a number of fixed width as it is encoded."""
        return (self.contents(number) or [b""])[-1]

    def contents(self, number: int) -> list[bytes]:
        """Returns all values of such a field."""
        return self._values(number, bytes)

    def text(self, number: int) -> str:
        """Returns the value of a string."""
        return self.content(number).decode()  # UnicodeDecodeError is a ValueError

    def message(self, number: int) -> Message:
        """Returns an embedded message."""
        return Message(self.content(number))

    def messages(self, number: int) -> list[Message]:
        """Returns all values of a repeated field of messages."""
        return [Message(content) for content in self.contents(number)]

    def _values(self, number: int, kind: type[T]) -> list[T]:
        values = [value for found, value in self._fields if found == number]
        matching: list[T] = [value for value in values if isinstance(value, kind)]
        if len(matching) < len(values):
            raise ValueError(f"field {number} must be of type {kind.__name__}")
        return matching


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Reads a number of 7 bits per byte, lowest first; all bytes but the last have the high bit set.

    Returns:
        The number, and the position after it.

    Raises:
        ValueError: The data end within the number, or it has more than ten bytes.
    """
    value = 0
    for index, byte in enumerate(data[position : position + _MAX_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError(f"no complete number at byte {position}")


def _read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yields the number and the value of each field. Strings, messages and numbers of fixed width are bytes."""
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, position = read_varint(data, position)
            yield number, value
            continue
        if wire_type == _BYTES:
            size, position = read_varint(data, position)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise ValueError(f"unknown wire type {wire_type} before byte {position}")
        end = position + size
        if end > len(data):
            raise ValueError(f"field {number} must end at byte {end}, but the message has {len(data)} bytes")
        yield number, data[position:end]
        position = end


def _unpack(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = read_varint(data, position)
        yield value
