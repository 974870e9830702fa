"""UTF-8 and UTF-16: which one a stream is in, where its lines end, and what its bytes say."""

from __future__ import annotations

from typing import NamedTuple

from albert_ner_onnx.errors import InputError

_SAMPLE_BYTES = 1 << 12
_UTF_32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


class UndecodableLineError(InputError):
    """A line's bytes aren't in the encoding of the file.

    Attributes:
        replaced: The line with U+FFFD for bytes that can't be decoded, so that what stands around them can be seen.
    """

    replaced = ""


class Encoding(NamedTuple):
    """An encoding, and how it writes a byte order mark and the characters that end a line."""

    name: str
    codec: str
    mark: bytes
    line_feed: bytes
    carriage_return: bytes

    def split(self, data: bytes) -> list[bytes]:
        """Splits whole units at line feeds."""
        if len(self.line_feed) == 1:
            return data.split(self.line_feed)
        parts = []
        start = found = 0
        while (found := data.find(self.line_feed, found)) >= 0:
            if found % 2:  # these bytes belong to two units
                found += 1
            else:
                parts.append(data[start:found])
                start = found = found + 2
        parts.append(data[start:])
        return parts

    def decode(self, line: bytes, place: str, offset: int, *, keep_return: bool = False) -> str | InputError:
        """Decodes a line.

        Args:
            line: Its bytes without LF.
            place: Where it is, for the error message.
            offset: Number of bytes before it in the stream.
            keep_return: Whether a carriage return at its end stays.
        """
        text = line if keep_return else line.removesuffix(self.carriage_return)
        mark = len(self.mark) if offset == 0 and text.startswith(self.mark) else 0
        try:
            return text[mark:].decode(self.codec)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            bad = UndecodableLineError(
                f"{place}: not {self.name}, byte 0x{byte:02x} at offset {offset + mark + error.start} of the file; "
                "convert it to UTF-8"
            )
            bad.replaced = text[mark:].decode(self.codec, "replace")
            return bad


UTF_8 = Encoding("UTF-8", "utf-8", b"\xef\xbb\xbf", b"\n", b"\r")
_UTF_16_LE = Encoding("UTF-16", "utf-16-le", b"\xff\xfe", b"\n\0", b"\r\0")
_UTF_16_BE = Encoding("UTF-16", "utf-16-be", b"\xfe\xff", b"\0\n", b"\0\r")
_MARKS = (*_UTF_32_MARKS, _UTF_16_LE.mark, _UTF_16_BE.mark, UTF_8.mark)


def may_become_mark(first: bytes) -> bool:
    """Whether more bytes must be read to know which byte order mark a stream starts with, or that it has none."""
    return any(mark != first and mark.startswith(first) for mark in _MARKS)


def encoding_of(first: bytes, name: str) -> Encoding:
    """Reads the byte order mark. UTF-8 needs none.

    Args:
        first: The first bytes of a stream, enough for `may_become_mark`.
        name: What error messages call the stream.

    Raises:
        InputError: The mark is that of UTF-32.
    """
    if first.startswith(_UTF_32_MARKS):
        raise InputError(f"{name}: expected UTF-8, found UTF-32; convert it with `iconv -f UTF-32 -t UTF-8`")
    marked = (encoding for encoding in (_UTF_16_LE, _UTF_16_BE) if first.startswith(encoding.mark))
    return next(marked, UTF_8)


def refuse_unmarked_utf_16(lines: list[bytes], name: str) -> None:
    """Refuses UTF-16 without a byte order mark, which would be read as UTF-8 with NUL characters between letters.

    ASCII characters have a NUL as one of their two bytes, always on the same side. A few NULs in UTF-8 may also stand
    at even or at odd offsets only, so they must be three of four characters, or so many that it can't be chance.
    """
    sample = b"\n".join(lines[:_SAMPLE_BYTES])[:_SAMPLE_BYTES]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    nuls, units = max(even, odd), len(sample) // 2
    if min(even, odd) == 0 and ((nuls >= 2 and 4 * nuls >= 3 * units) or (nuls >= 16 and 16 * nuls >= units)):
        found = "UTF-16LE" if odd else "UTF-16BE"
        raise InputError(
            f"{name}: expected UTF-8, found what looks like UTF-16 without a byte order mark; convert it with "
            f"`iconv -f {found} -t UTF-8`"
        )
