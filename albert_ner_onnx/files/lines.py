"""Lines and paragraphs of UTF-8 or UTF-16, read as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedIOBase, StringIO
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.encodings import UTF_8, Encoding, encoding_of, may_become_mark, refuse_unmarked_utf_16

_READ_BYTES = 1 << 20


class NumberedText(NamedTuple):
    """A text of a file.

    Attributes:
        content: The text, or the error of its first line that can't be read.
        line: The number, from 1, of that line, or of the text's first line.
    """

    content: str | InputError
    line: int


def read_texts(stream: BufferedIOBase, name: str, per: str) -> Iterator[list[NumberedText]]:
    """Reads texts, in lists of those that are complete when something arrives.

    A text of several lines has a line feed between them, whatever ends them in the file, and none after the last one.
    A line that can't be read spoils only the text that it belongs to.

    Args:
        stream: As for `read_lines`.
        name: What error messages call the stream.
        per: What is a text: `"line"`, `"paragraph"`, the lines between blank ones, or `"file"`, everything. A line is
            blank if it holds nothing but white space. A file always gives one text, an empty file an empty one.
    """
    lines = _number(read_lines(stream, name))
    match per:
        case "line":
            return lines
        case "paragraph":
            return _join_paragraphs(lines)
        case _:
            return _join_all(lines)


def _number(groups: Iterator[list[str | InputError]]) -> Iterator[list[NumberedText]]:
    first = 1
    for group in groups:
        yield [NumberedText(line, number) for number, line in enumerate(group, first)]
        first += len(group)


def _join_paragraphs(groups: Iterator[list[NumberedText]]) -> Iterator[list[NumberedText]]:
    paragraph: _Lines | None = None
    for group in groups:
        done = []
        for line in group:
            if not isinstance(line.content, str) or line.content.strip():
                paragraph = paragraph or _Lines()
                paragraph.add(line)
            elif paragraph:
                done.append(paragraph.join())
                paragraph = None
        if done:
            yield done
    if paragraph:
        yield [paragraph.join()]


def _join_all(groups: Iterator[list[NumberedText]]) -> Iterator[list[NumberedText]]:
    everything = _Lines()
    for group in groups:
        for line in group:
            everything.add(line)
    yield [everything.join()]


class _Lines:
    """The lines of a text so far, in a buffer: a list of millions of short lines would need many times the memory."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._error: NumberedText | None = None
        self._buffer = StringIO()

    def add(self, line: NumberedText) -> None:
        if self._first is None:
            self._first = line.line
        else:
            self._buffer.write("\n")
        if isinstance(line.content, str):
            self._buffer.write(line.content)
        else:
            self._error = self._error or line

    def join(self) -> NumberedText:
        return self._error or NumberedText(self._buffer.getvalue(), self._first or 1)


def read_lines(stream: BufferedIOBase, name: str, *, keep_returns: bool = False) -> Iterator[list[str | InputError]]:
    """Reads one text per line, in lists of the lines that arrive together.

    A line that comes alone through a pipe can therefore be answered before the next one comes, while a file gives
    many lines at once.

    Args:
        stream: UTF-8, with or without a byte order mark, or UTF-16 with one; lines end in LF or CRLF.
        name: What error messages call the stream.
        keep_returns: Whether the CR of CRLF stays: within a cell of CSV, it is a part of the text.

    Yields:
        Lines without their ends. A line that can't be decoded is replaced by an error that gives its number and the
        offset of the bad byte; the caller decides what to do with it, and the lines after it are read as usual.

    Raises:
        InputError: The stream is UTF-32, or looks like UTF-16 without a byte order mark. No line of it has been given.
    """
    first = _first_bytes(stream)
    encoding = encoding_of(first, name)
    number = offset = 0
    for lines in _arriving_lines(_chunks(first, stream), encoding):
        if offset == 0 and encoding is UTF_8:
            refuse_unmarked_utf_16(lines, name)
        texts = []
        for line in lines:
            number += 1
            texts.append(encoding.decode(line, f"{name}:{number}", offset, keep_return=keep_returns))
            offset += len(line) + len(encoding.line_feed)
        yield texts


def read_start(stream: BufferedIOBase, name: str) -> str:
    """Reads the start of a stream, to see what it is.

    Args:
        stream: As for `read_lines`.
        name: What error messages call the stream.

    Returns:
        Some characters, U+FFFD in place of those that can't be decoded.

    Raises:
        InputError: As for `read_lines`.
    """
    first = _first_bytes(stream)
    encoding = encoding_of(first, name)
    if encoding is UTF_8:
        refuse_unmarked_utf_16(first.split(b"\n"), name)
    return first.removeprefix(encoding.mark).decode(encoding.codec, "replace")


def _first_bytes(stream: BufferedIOBase) -> bytes:
    """Reads until it is sure which byte order mark the stream starts with, or that it starts with none."""
    first = b""
    while may_become_mark(first):
        data = stream.read1(_READ_BYTES)
        if not data:
            break
        first += data
    return first


def _chunks(first: bytes, stream: BufferedIOBase) -> Iterator[bytes]:
    data = first
    while data:
        yield data
        data = stream.read1(_READ_BYTES)


def _arriving_lines(chunks: Iterable[bytes], encoding: Encoding) -> Iterator[list[bytes]]:
    """Yields the lines that each chunk completes, without their LF."""
    unfinished: list[bytes] = []  # parts of one line, joined only once: a line of 100 MB takes linear time
    half = b""  # the first byte of a UTF-16 unit, if a chunk ends within one
    for chunk in chunks:
        data = half + chunk
        whole = len(data) - len(data) % len(encoding.line_feed)
        half = data[whole:]
        first, *others = encoding.split(data[:whole])
        unfinished.append(first)
        if others:
            yield [b"".join(unfinished), *others[:-1]]
            unfinished = [others[-1]]
    if last := b"".join([*unfinished, half]):
        yield [last]
