"""Lines of UTF-8, read as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from albert_ner_onnx.errors import InputError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_READ_BYTES = 1 << 20


def read_lines(stream: BufferedIOBase, name: str) -> Iterator[list[str | InputError]]:
    """Reads one text per line, in lists of the lines that arrive together.

    A line that comes alone through a pipe can therefore be answered before the next one comes, while a file gives
    many lines at once.

    Args:
        stream: UTF-8, with or without a byte order mark; lines end in LF or CRLF.
        name: What error messages call the stream.

    Yields:
        Lines without their ends. A line that is not UTF-8 is replaced by an error that gives its number and the
        offset of the bad byte; the caller decides what to do with it, and the lines after it are read as usual.
    """
    number = offset = 0
    for lines in _arriving_lines(stream):
        texts = []
        for line in lines:
            number += 1
            texts.append(_decode(line, f"{name}:{number}", offset))
            offset += len(line) + 1
        yield texts


def _arriving_lines(stream: BufferedIOBase) -> Iterator[list[bytes]]:
    """Yields the lines that each read completes, without their LF."""
    unfinished: list[bytes] = []  # parts of one line, joined only once: a line of 100 MB takes linear time
    while data := stream.read1(_READ_BYTES):
        first, *others = data.split(b"\n")
        unfinished.append(first)
        if others:
            yield [b"".join(unfinished), *others[:-1]]
            unfinished = [others[-1]]
    if last := b"".join(unfinished):
        yield [last]


def _decode(line: bytes, place: str, offset: int) -> str | InputError:
    """Decodes a line.

    Args:
        line: Its bytes without LF.
        place: Where it is, for the error message.
        offset: Number of bytes before it in the stream.
    """
    text = line.removesuffix(b"\r")
    mark = len(_BYTE_ORDER_MARK) if offset == 0 and text.startswith(_BYTE_ORDER_MARK) else 0
    try:
        return text[mark:].decode()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return InputError(
            f"{place}: not UTF-8, byte 0x{byte:02x} at offset {offset + mark + error.start} of the file; "
            "convert it to UTF-8"
        )
