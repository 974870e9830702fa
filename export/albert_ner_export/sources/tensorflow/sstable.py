"""SSTables: sorted keys with their values, as LevelDB and the indices of TensorFlow's checkpoints store them.

A table is divided into blocks. In a block, each entry stores only how its key differs from the key before. See
https://github.com/google/leveldb/blob/main/doc/table_format.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from albert_ner_export.sources.protobuf import read_varint
from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c

_FOOTER, _TRAILER = 48, 5  # bytes after the last block, and after each block
_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_MAX_KEY = 4096  # bytes; as keys share their beginnings, a small file could otherwise ask for much memory


def read_table(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the key and value of each entry, in order.

    Raises:
        ValueError: The data aren't a table, or are damaged.
    """
    if bytes(data[-8:]) != _MAGIC or len(data) < _FOOTER:
        raise ValueError(f"must end with the magic number {_MAGIC.hex()}, found {bytes(data[-8:]).hex()}")
    footer = data[-_FOOTER:]
    position = 0
    handle = []
    for _ in range(4):  # start and size of an unused block, then of the block that lists the others
        value, position = read_varint(footer, position)
        handle.append(value)
    before, last = 0, None
    for _, block in _read_block(data[:-_FOOTER], *handle[2:]):
        start, position = read_varint(block, 0)
        size, _ = read_varint(block, position)
        if start < before:  # otherwise a small file could list one block a million times
            raise ValueError(f"the block at {start} overlaps the block before")
        before = start + size
        for key, content in _read_block(data[:-_FOOTER], start, size):
            if last is not None and key <= last:
                raise ValueError(f"keys must ascend, found {key[:60]!r} after {last[:60]!r}")
            last = key
            yield key, content


def _read_block(data: memoryview, start: int, size: int) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the key and value of each entry of a block.

    An entry stores how many bytes of the last key its own key begins with, the rest of its key, and its value.
    """
    block = data[start : start + size + _TRAILER]
    if len(block) < size + _TRAILER or size < 4:
        raise ValueError(f"a block of {size} bytes at {start} is outside of the file")
    compression = block[size]
    if compression:
        name = "Snappy" if compression == 1 else f"type {compression}"
        raise ValueError(f"the block at {start} is compressed ({name}), but TensorFlow doesn't compress")
    if masked_crc32c(block[: size + 1]) != int.from_bytes(block[size + 1 :], "little"):
        raise ValueError(f"the block at {start} doesn't match its checksum")
    restarts = int.from_bytes(block[size - 4 : size], "little")
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        length, position = read_varint(block, position)
        if shared > len(key) or position + unshared + length > end or shared + unshared > _MAX_KEY:
            raise ValueError(f"an entry ends outside of the block at {start}, or its key has over {_MAX_KEY} bytes")
        key = key[:shared] + bytes(block[position : position + unshared])
        yield key, block[position + unshared : position + unshared + length]
        position += unshared + length
