"""gzip and zstd: read as the names of files say, written chunk by chunk."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

_SUFFIXES = {".gz": "gzip", ".zst": "zstd"}
_GZIP_ONLY = 31  # zlib's number for a gzip header and the largest window
_READ_BYTES = 1 << 16
_PIECE_BYTES = 1 << 8  # decompressed at once: a few bytes may stand for megabytes
_ENOUGH_BYTES = 1 << 16
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3


def compression_of(name: str) -> str | None:
    """Returns `"gzip"` or `"zstd"` if a file's name ends in `.gz` or `.zst`, in any case."""
    return next((kind for suffix, kind in _SUFFIXES.items() if name.lower().endswith(suffix)), None)


def without_suffix(name: str) -> str:
    """Returns a file's name without the `.gz` or `.zst` that `compression_of` reads."""
    return name.rpartition(".")[0] if compression_of(name) else name


def compress(data: bytes, compression: str) -> bytes:
    """Compresses bytes as one gzip member or zstd frame; a file may hold any number of them, one after another.

    The same bytes always give the same result: no time or name is written.

    Args:
        data: The bytes. No bytes give a valid member of nothing.
        compression: `"gzip"` or `"zstd"`.

    Raises:
        MissingExtraError: zstandard isn't installed.
    """
    if compression == "gzip":
        return gzip.compress(data, _GZIP_LEVEL, mtime=0)
    with extra("files", "writing zstd"):
        import zstandard
    compressed: bytes = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data)
    return compressed


def decompressed(stream: io.RawIOBase, name: str, compression: str) -> io.BufferedReader:
    """Opens a compressed stream for reading: all its members or frames, one after another.

    Args:
        stream: The compressed bytes.
        name: What error messages call the stream.
        compression: `"gzip"` or `"zstd"`.

    Returns:
        A stream that raises `InputError` where the compressed bytes are damaged or end too early.

    Raises:
        MissingExtraError: zstandard isn't installed.
    """
    if compression == "gzip":
        return io.BufferedReader(_Decompressed(stream, name, compression, _new_gzip, zlib.error))
    with extra("files", f"{name}: reading zstd"):
        import zstandard
    new = zstandard.ZstdDecompressor().decompressobj
    return io.BufferedReader(_Decompressed(stream, name, compression, new, zstandard.ZstdError))


def _new_gzip() -> Any:
    return zlib.decompressobj(_GZIP_ONLY)


class _Decompressed(io.RawIOBase):
    """What a stream holds. zstandard's own reader takes a stream that was cut off for a complete one."""

    def __init__(
        self, stream: io.RawIOBase, name: str, compression: str, new: Callable[[], Any], fault: type[Exception]
    ) -> None:
        self._stream = stream
        self._name = name
        self._compression = compression
        self._new = new
        self._fault = fault
        self._member: Any = None
        self._members = 0
        self._error: InputError | None = None
        self._input = memoryview(b"")
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._output:
            if self._error:
                raise self._error
            if not self._input:
                self._input = memoryview(self._stream.read(_READ_BYTES) or b"")
            if not self._input:
                if self._member or not self._members:
                    raise self._expected("found its end too early")
                return 0
            self._output = memoryview(self._decompress())
        size = min(len(buffer), len(self._output))
        buffer[:size] = self._output[:size]
        self._output = self._output[size:]
        return size

    def _decompress(self) -> bytes:
        """Decompresses what has been read, or as much of it as is enough for now, or as stands before damage."""
        parts: list[bytes] = []
        size = 0
        try:
            while self._input and size < _ENOUGH_BYTES:
                piece, self._input = bytes(self._input[:_PIECE_BYTES]), self._input[_PIECE_BYTES:]
                parts.append(self._decompress_piece(piece))
                size += len(parts[-1])
        except self._fault as error:
            self._error = self._expected(f"found other bytes ({error})")
        return b"".join(parts)

    def _decompress_piece(self, piece: bytes) -> bytes:
        if not self._member:
            if self._members and self._compression == "gzip":
                piece = piece.lstrip(b"\0")  # some programs fill the last block
                if not piece:
                    return b""
            self._member = self._new()
            self._members += 1
        result: bytes = self._member.decompress(piece)
        if self._member.eof:
            self._input = memoryview(self._member.unused_data + bytes(self._input))
            self._member = None
        return result

    def _expected(self, found: str) -> InputError:
        return InputError(
            f"{self._name}: expected data compressed by {self._compression}, {found}; get the file anew, or rename it "
            "if it isn't compressed"
        )

    def close(self) -> None:
        self._stream.close()
        super().close()
