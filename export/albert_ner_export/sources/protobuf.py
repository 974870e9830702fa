"""Protocol Buffers' wire format, as far as reading a few fields of a message whose schema is known needs it."""

from __future__ import annotations

from collections.abc import Iterator


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of an encoded Protocol Buffers message, undecoded: number, and varint or bytes.

    Raises:
        IndexError, ValueError: It isn't one.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == 2:
            size, position = _varint(message, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no wire type {kind}")
        end = position + size
        if end > len(message):
            raise ValueError("it ends within a field")
        yield number, message[position:end]
        position = end


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Reads base-128 digits, lowest first; all but the last have the high bit set."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError("a varint of more than ten bytes")
