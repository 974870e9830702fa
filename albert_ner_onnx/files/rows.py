"""Lines as rows of columns: how columns are separated, what a comment is, and that all rows have equally many."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from io import BufferedIOBase
from itertools import chain
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.lines import read_lines

DOCUMENT = "-DOCSTART-"  # the first column of a line that starts a document
_SPACES = " \r\v\f"  # not \\s, because a word may contain or be a no-break space
_COLUMN = re.compile(f"[^\t\n{_SPACES}]+")
_TAG = re.compile("O|[BIESLU]-.+", re.DOTALL)
_DOCUMENT_COMMENT = re.compile(r"#\s*(newdoc|begin document)\b")  # CoNLL-U, CoNLL-2012


class Row(NamedTuple):
    """A line of a file: its number, from 1, and its columns, none for a blank line."""

    line: int
    columns: list[str]


def read_rows(
    stream: BufferedIOBase, name: str, tag_columns: Collection[int], *, comments: bool, borders: Collection[str]
) -> list[Row]:
    """Reads all lines of a stream as rows with equally many columns.

    Columns are separated by tabs if the line has one, otherwise by spaces. So a word may contain spaces if tabs
    separate the columns.

    Args:
        stream: Lines as `read_lines` reads them.
        name: What error messages call the stream.
        tag_columns: The indices of columns that hold tags: they tell the word `#1` from a comment.
        comments: Whether to leave out comments. A line that starts with `#` is one unless it has the columns of a
            word. A comment that starts a document becomes a row of `-DOCSTART-`.
        borders: Rows with such a first column may have any number of columns.

    Raises:
        InputError: A line can't be decoded, contains a carriage return, is a comment though there should be none, or
            has another number of columns than the first row.
    """
    rows = list(_split_lines(stream, name))
    marked = _comments(rows, tag_columns, borders)
    if marked and not comments:
        number = min(marked)
        text = " ".join(marked[number])
        raise InputError(
            f"{name}:{number}: expected the columns of a word, found what looks like a comment, {_shortened(text)}; "
            "leave out comments with --comments"
        )
    kept = [_without_comment(row) if row.line in marked else row for row in rows]
    rows = [row for row in kept if row]
    _check_widths(rows, name, borders)
    return rows


def words_of(rows: list[Row], borders: Collection[str]) -> Iterator[Row]:
    """The rows that are neither blank nor borders."""
    return (row for row in rows if row.columns and row.columns[0] not in borders)


def looks_like_tag(text: str) -> bool:
    """Whether this is `O`, or a prefix of IOB2, IOB1, IOBES or BILOU and a label."""
    return _TAG.fullmatch(text) is not None


def _split_lines(stream: BufferedIOBase, name: str) -> Iterator[Row]:
    for number, line in enumerate(chain.from_iterable(read_lines(stream, name)), 1):
        if isinstance(line, InputError):
            raise line
        text = line.rstrip("\t" + _SPACES)
        if "\r" in text.lstrip(_SPACES):
            raise InputError(
                f"{name}:{number}: expected lines that end in LF or CRLF, found a lone CR inside a line; convert the "
                "line ends, for example with `tr '\\r' '\\n'`"
            )
        yield Row(number, split_columns(text))


def split_columns(line: str) -> list[str]:
    """Splits a line at tabs, or at spaces if it has no tab. White space around columns isn't part of them."""
    text = line.rstrip("\t" + _SPACES)
    if "\t" in text:
        return [column.strip(_SPACES) for column in text.split("\t")]
    return _COLUMN.findall(text)


def _comments(rows: list[Row], tag_columns: Collection[int], borders: Collection[str]) -> dict[int, list[str]]:
    """The comments: the number of each line, and its columns.

    A line that starts with `#` may also be a word such as a hashtag. Then it has as many columns as other words, and
    tags like theirs.
    """
    marked = [row for row in rows if row.columns and row.columns[0].startswith("#")]
    if not marked:
        return {}
    words = [row for row in words_of(rows, borders) if not row.columns[0].startswith("#")]
    widths = {len(words[0].columns)} if words else {len(row.columns) for row in marked} - {1}
    known = {tag for row in words for tag in _tags(row, tag_columns)}

    def is_word(row: Row) -> bool:
        tags = _tags(row, tag_columns)
        return len(row.columns) in widths and all(tag in known or looks_like_tag(tag) for tag in tags)

    return {row.line: row.columns for row in marked if not is_word(row)}


def _tags(row: Row, columns: Collection[int]) -> list[str]:
    width = len(row.columns)
    return [row.columns[column] for column in columns if -width <= column < width]


def _without_comment(row: Row) -> Row | None:
    return Row(row.line, [DOCUMENT]) if _DOCUMENT_COMMENT.match(" ".join(row.columns[:3])) else None


def _check_widths(rows: list[Row], name: str, borders: Collection[str]) -> None:
    words = words_of(rows, borders)
    first = next(words, None)
    for row in words:
        if first and len(row.columns) != len(first.columns):
            raise InputError(
                f"{name}:{row.line}: expected {len(first.columns)} columns, as in line {first.line}, found "
                f"{len(row.columns)}; separate all columns by tabs, or by spaces if no column is empty or contains one"
            )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
