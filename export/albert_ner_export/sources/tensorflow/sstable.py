"""SSTables as LevelDB writes them and TensorFlow for the index of a checkpoint: sorted keys with their values.

A table is cut into blocks. In each, an entry writes only what of its key differs from the one before. See
https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from __future__ import annotations

from collections.abc import Iterator

from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c

_FOOTER, _TRAILER = 48, 5  # bytes behind the last block, and behind each
_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_MAX_KEY = 4096  # bytes; keys share their beginnings, so a small file could ask for a lot of memory


def read_table(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The entries of a table, in order: key and value.

    Raises:
        ValueError: The data are no table, or a damaged one.
    """
    if bytes(data[-8:]) != _MAGIC or len(data) < _FOOTER:
        raise ValueError(f"must end with the magic number {_MAGIC.hex()}, found {bytes(data[-8:]).hex()}")
    footer = data[-_FOOTER:]
    position = 0
    handle = []
    for _ in range(4):  # of a block of nothing, and of the block that lists the others: each a place and a size
        value, position = read_varint(footer, position)
        handle.append(value)
    before, last = 0, None
    for _, block in _read_block(data[:-_FOOTER], *handle[2:]):
        start, position = read_varint(block, 0)
        size, _ = read_varint(block, position)
        if start < before:  # else a small file could name one block a million times
            raise ValueError(f"a block at {start} begins in the one before")
        before = start + size
        for key, content in _read_block(data[:-_FOOTER], start, size):
            if last is not None and key <= last:
                raise ValueError(f"keys must ascend, found {key[:60]!r} after {last[:60]!r}")
            last = key
            yield key, content


def _read_block(data: memoryview, start: int, size: int) -> Iterator[tuple[bytes, memoryview]]:
    """The entries of one block, in order: each is how much of the last key to keep, the rest of its own, its value."""
    block = data[start : start + size + _TRAILER]
    if len(block) < size + _TRAILER or size < 4:
        raise ValueError(f"a block of {size} bytes at {start} lies outside of the file")
    compression = block[size]
    if compression:
        name = "Snappy" if compression == 1 else f"type {compression}"
        raise ValueError(f"a block at {start} is compressed ({name}); expected none, as TensorFlow's writer leaves it")
    if masked_crc32c(block[: size + 1]) != int.from_bytes(block[size + 1 :], "little"):
        raise ValueError(f"a block at {start} differs from its checksum")
    restarts = int.from_bytes(block[size - 4 : size], "little")
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        length, position = read_varint(block, position)
        if shared > len(key) or position + unshared + length > end or shared + unshared > _MAX_KEY:
            raise ValueError(f"an entry of a block at {start} ends outside of it, or its key is over {_MAX_KEY} bytes")
        key = key[:shared] + bytes(block[position : position + unshared])
        yield key, block[position + unshared : position + unshared + length]
        position += unshared + length


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Reads a number written in seven bits a byte, lowest first; all but the last byte have the high bit set.

    Returns:
        The number, and the position behind it.

    Raises:
        ValueError: The data end in it, or it is longer than ten bytes.
    """
    value = 0
    for index, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError(f"no number at byte {position}")
