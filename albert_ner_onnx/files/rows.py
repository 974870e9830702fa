"""Lines as rows of columns: how columns are separated, what a comment is, and that all rows have equally many."""

from __future__ import annotations

import re
import sys
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
    separate the columns. Columns at the end that are empty in all lines don't count.

    Args:
        stream: Lines as `read_lines` reads them.
        name: What error messages call the stream.
        tag_columns: The indices of columns that hold tags: they tell the word `#1` from a comment.
        comments: Whether to leave out comments. A line that starts with `#` is one unless it has the columns of a
            word. A comment that starts a document becomes a row of `-DOCSTART-`.
        borders: Rows with such a first column may have any number of columns.

    Raises:
        InputError: A line can't be decoded, contains a carriage return, is a comment though there should be none, or
            has another number of columns than the lines before it.
    """
    rows = list(_split_lines(stream, name))
    marked = [row for row in rows if is_marked(row)]
    words = [row for row in words_of(rows, borders) if not is_marked(row)]
    width = _common_width(words, name) or max((len(row.columns) for row in marked), default=0)
    found = _comments(marked, _known_tags(words, width, tag_columns), width, tag_columns)
    if found and not comments:
        raise looks_like_comment(found[0], name)
    left_out = {row.line for row in found if not starts_document(row)}
    starts = {row.line for row in found} - left_out
    return [
        Row(row.line, [DOCUMENT]) if row.line in starts else _cut(row, width)
        for row in rows
        if row.line not in left_out
    ]


def looks_like_comment(row: Row, name: str) -> InputError:
    """Returns the error for a comment where there should be none."""
    return InputError(
        f"{name}:{row.line}: expected the columns of a word, found what looks like a comment, "
        f"{_shortened(' '.join(row.columns))}; leave out comments with --comments"
    )


def starts_document(comment: Row) -> bool:
    """Whether a comment says that a document starts."""
    return _DOCUMENT_COMMENT.match(" ".join(comment.columns[:3])) is not None


def words_of(rows: list[Row], borders: Collection[str]) -> Iterator[Row]:
    """The rows that are neither blank nor borders."""
    return (row for row in rows if row.columns and row.columns[0] not in borders)


def looks_like_tag(text: str) -> bool:
    """Whether this is `O`, or a prefix of IOB2, IOB1, IOBES or BILOU and a label."""
    return _TAG.fullmatch(text) is not None


def _split_lines(stream: BufferedIOBase, name: str) -> Iterator[Row]:
    for number, line in enumerate(chain.from_iterable(read_lines(stream, name)), 1):
        yield split_line(line, number, name)


def split_line(line: str | InputError, number: int, name: str) -> Row:
    """Splits a line of a file. Raises `InputError` if it can't be decoded, or has a carriage return inside."""
    if isinstance(line, InputError):
        raise line
    if "\r" in line.strip("\t" + _SPACES):
        raise InputError(
            f"{name}:{number}: expected lines that end in LF or CRLF, found a lone CR inside a line; convert the "
            "line ends, for example with `tr '\\r' '\\n'`"
        )
    return Row(number, split_columns(line))


def split_columns(line: str) -> list[str]:
    """Splits a line at tabs, or at spaces if it has no tab. White space around columns isn't part of them.

    Tabs after the last column make more columns, which are empty.
    """
    text = line.rstrip("\t" + _SPACES)
    if "\t" not in text:
        columns = _COLUMN.findall(text)
        if len(columns) != 1:
            return columns
    return [column.strip(_SPACES) for column in line.split("\t")]


def is_marked(row: Row) -> bool:
    """Whether a row may be a comment: its first column starts with `#`."""
    return row.columns[:1] != [] and row.columns[0].startswith("#")


class Width:
    """The number of columns that all rows have, as far as they are known. Empty columns at a row's end may be left out.

    Attributes:
        columns: That number; 0 before the first row.
    """

    def __init__(self, name: str) -> None:
        """Starts without a row; error messages call the file `name`."""
        self._name = name
        self.columns, self._line = 0, 0  # what some row fills
        self._most, self._most_line = sys.maxsize, 0  # what some row has, with empty columns at its end

    def add(self, row: Row) -> None:
        """Adds a row. Raises `InputError` if it has another number of columns than those before it."""
        filled, width = _filled(row), len(row.columns)
        if filled > self._most or width < self.columns:
            too_many = filled > self._most
            expected, line = (self._most, self._most_line) if too_many else (self.columns, self._line)
            raise InputError(
                f"{self._name}:{row.line}: expected {expected} columns, as in line {line}, found "
                f"{filled if too_many else width}; separate all columns by tabs, or by spaces if no column is empty or "
                "contains one"
            )
        if filled > self.columns:
            self.columns, self._line = filled, row.line
        if width < self._most:
            self._most, self._most_line = width, row.line


def _common_width(rows: list[Row], name: str) -> int:
    """The number of columns that all rows have, or 0 without rows."""
    width = Width(name)
    for row in rows:
        width.add(row)
    return width.columns


def _filled(row: Row) -> int:
    """The number of columns up to the last one that isn't empty."""
    width = len(row.columns)
    while width and not row.columns[width - 1]:
        width -= 1
    return width


def fits(row: Row, width: int) -> bool:
    """Whether a row has so many columns, apart from empty ones at its end."""
    return _filled(row) <= width <= len(row.columns)


def trimmed(row: Row, width: int) -> Row:
    """Returns a row without the empty columns at its end that make it wider than this."""
    return Row(row.line, row.columns[: max(_filled(row), width)])


def _cut(row: Row, width: int) -> Row:
    return Row(row.line, row.columns[:width]) if len(row.columns) > width and fits(row, width) else row


def _known_tags(words: list[Row], width: int, tag_columns: Collection[int]) -> set[str]:
    return {row.columns[:width][column] for row in words for column in tag_columns if -width <= column < width}


def _comments(marked: list[Row], known: Collection[str], width: int, tag_columns: Collection[int]) -> list[Row]:
    """The comments among lines that start with `#`.

    Such a line may also be a word, such as a hashtag. Then it has as many columns as other words, and tags like theirs.
    """
    columns = [column for column in tag_columns if -width <= column < width]

    def is_word(row: Row) -> bool:
        tags = [row.columns[:width][column] for column in columns] if width > 1 and fits(row, width) else []
        return bool(tags) and all(tag in known or looks_like_tag(tag) for tag in tags)

    return [row for row in marked if not is_word(row)]


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
