"""Tables as TensorFlow could write them, and damaged ones. test_tensor_bundle.py reads tables that it did write."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources.tensorflow.crc32c import masked_crc32c
from albert_ner_export.sources.tensorflow.sstable import read_table

MAGIC = bytes.fromhex("57fb808b247547db")


def varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def entry(key: bytes, value: bytes, shared: int = 0) -> bytes:
    return varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value


def common(one: bytes, other: bytes) -> int:
    size = 0
    while one[: size + 1] == other[: size + 1] and size < len(one):
        size += 1
    return size


def block(body: bytes, restarts: int = 1, compression: int = 0) -> bytes:
    content = body + struct.pack(f"<{restarts}iI", *[0] * restarts, restarts) + bytes([compression])
    return content + struct.pack("<I", masked_crc32c(content))


def handle(start: int, data: bytes) -> bytes:
    return varint(start) + varint(len(data) - 5)


def table(blocks: list[bytes], index: bytes | None = None) -> bytes:
    """A file of these blocks; the index, if not given, lists them in order."""
    data = b"".join(blocks)
    starts = [len(b"".join(blocks[:number])) for number in range(len(blocks))]
    entries = [entry(b"%09d" % start, handle(start, block)) for start, block in zip(starts, blocks, strict=True)]
    index = block(b"".join(entries)) if index is None else index
    nothing = block(b"")
    footer = handle(len(data), nothing) + handle(len(data + nothing), index)
    return data + nothing + index + footer.ljust(40, b"\0") + MAGIC


@given(
    st.dictionaries(st.binary(max_size=12), st.binary(max_size=200), max_size=30),
    st.integers(1, 7),
    st.integers(1, 5),
)
def test_what_is_written_is_read(items: dict[bytes, bytes], per_block: int, restart_interval: int) -> None:
    keys = sorted(items)
    blocks = []
    for start in range(0, len(keys), per_block):
        body, last = b"", b""
        for number, key in enumerate(keys[start : start + per_block]):
            shared = common(last, key) if number % restart_interval else 0
            body, last = body + entry(key, items[key], shared), key
        blocks.append(block(body, restarts=1 + per_block // restart_interval))
    found = list(read_table(memoryview(table(blocks))))
    assert [(key, bytes(value)) for key, value in found] == [(key, items[key]) for key in keys]


GOOD = block(entry(b"a", b"1"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must end with the magic number 57fb808b247547db, found $"),
        (MAGIC, "must end with the magic number"),
        (table([GOOD])[:-1], "must end with the magic number"),
        (b"\xff" * 40 + MAGIC, "no complete number at byte 0"),
        (table([block(entry(b"a", b"1"), compression=1)]), r"block at 0 is compressed \(Snappy\)"),
        (table([block(entry(b"a", b"1"), compression=9)]), r"block at 0 is compressed \(type 9\)"),
        (table([GOOD.replace(b"a1", b"a2")]), "block at 0 doesn't match its checksum"),
        (table([block(entry(b"b", b"") + entry(b"a", b""))]), "keys must ascend, found b'a' after b'b'"),
        (table([GOOD, GOOD]), "keys must ascend"),
        (table([block(varint(1) + varint(1) + varint(0) + b"a")]), "an entry ends outside of the block at 0"),
        (table([block(varint(0) + varint(1) + varint(9) + b"a")]), "an entry ends outside of the block at 0"),
        (table([block(entry(b"a" * 5000, b""))]), "or its key has over 4096 bytes"),
        (table([block(b"\xff" * 11)]), "no complete number at byte 0"),
        (table([GOOD], block(entry(b"k", varint(2**63) + varint(9)))), "is outside of the file"),
        (table([GOOD], block(entry(b"k", varint(0) + varint(2**63)))), "is outside of the file"),
        (table([GOOD], block(entry(b"k", varint(0) + varint(1)))), "is outside of the file"),
        (table([GOOD], block(entry(b"k", b""))), "no complete number at byte 0"),
        (
            table([GOOD], block(entry(b"k", handle(0, GOOD)) + entry(b"l", handle(0, GOOD)))),
            "overlaps the block before",
        ),
    ],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(read_table(memoryview(data)))
