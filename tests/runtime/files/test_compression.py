"""gzip and zstd, against the libraries' own readers and writers."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.compression import compress, compression_of, decompressed, without_suffix

zstandard = pytest.importorskip("zstandard")

COMPRESSIONS = ("gzip", "zstd")
MAKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}


def read(data: bytes, compression: str) -> bytes:
    with decompressed(io.BytesIO(data), "x", compression) as stream:  # type: ignore[arg-type]
        return stream.read()


@pytest.mark.parametrize(
    ("name", "compression", "rest"),
    [
        ("a.txt.gz", "gzip", "a.txt"),
        ("a.txt.ZST", "zstd", "a.txt"),
        ("a.gz/b.txt", None, "a.gz/b.txt"),
        ("a.txt", None, "a.txt"),
        ("gz", None, "gz"),
    ],
)
def test_names(name: str, compression: str | None, rest: str) -> None:
    assert (compression_of(name), without_suffix(name)) == (compression, rest)


@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=5), st.sampled_from(COMPRESSIONS))
def test_members_come_one_after_another(parts: list[bytes], compression: str) -> None:
    data = b"".join(parts)
    ours = b"".join(compress(part, compression) for part in parts)
    assert read(ours, compression) == data
    assert read(b"".join(map(MAKERS[compression], parts)), compression) == data
    theirs = gzip.decompress(ours) if compression == "gzip" else _zstd_reader(ours)
    assert theirs == data


def _zstd_reader(data: bytes) -> bytes:
    result: bytes = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return result


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_no_time_is_written(compression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = compress(b"Ajax", compression)
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert compress(b"Ajax", compression) == before


@given(st.binary(min_size=1, max_size=3000), st.data(), st.sampled_from(COMPRESSIONS))
def test_an_early_end_is_an_error(data: bytes, choices: st.DataObject, compression: str) -> None:
    whole = compress(data, compression)
    cut = whole[: choices.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(InputError, match=f"^x: expected data compressed by {compression}, found its end too early"):
        read(cut, compression)
    with pytest.raises(InputError, match="found its end too early"):
        read(whole + (cut or whole[:1]), compression)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_other_bytes_are_an_error(compression: str) -> None:
    for data in (b"Ajax beat Arsenal.", compress(b"Ajax", compression) + b"Ajax beat Arsenal."):
        with pytest.raises(InputError, match=f"^x: expected data compressed by {compression}, found other bytes"):
            read(data, compression)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_stands_before_damage_is_read(compression: str) -> None:
    data = compress(b"one\n" * 100, compression) + b"Ajax beat Arsenal." * 100
    with decompressed(io.BytesIO(data), "x", compression) as stream:  # type: ignore[arg-type]
        assert stream.read1(1000) == b"one\n" * 100
        with pytest.raises(InputError):
            stream.read1(1000)


def test_zeros_after_gzip_are_filling() -> None:
    one, two = gzip.compress(b"one"), gzip.compress(b"two")
    assert read(one + b"\0" * 3000 + two + b"\0" * 3, "gzip") == b"onetwo"


def test_frames_that_hold_no_data_are_skipped() -> None:
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"data"
    assert read(skipped + zstandard.compress(b"one") + skipped, "zstd") == b"one"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_bomb_is_read_bit_by_bit(compression: str) -> None:
    data = MAKERS[compression](bytes(40_000_000))
    tracemalloc.start()
    try:
        with decompressed(io.BytesIO(data), "x", compression) as stream:  # type: ignore[arg-type]
            size = sum(map(len, iter(lambda: stream.read1(1 << 16), b"")))
        assert size == 40_000_000
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
