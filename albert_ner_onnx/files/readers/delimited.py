"""CSV and TSV: rows under a header, with a text in one column."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import chain

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import Record
from albert_ner_onnx.files.encodings import UndecodableLineError
from albert_ner_onnx.files.lines import read_lines
from albert_ner_onnx.files.readers.chunking import Sized

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_LONGEST_FIELD = 2**31 - 1  # the csv module's own limit, 131,072 characters, is for all its users
_LONGEST_ROW = 16_000_000  # characters of a row of several lines: a longer one is a quotation mark that nothing closes


class DelimitedFile:
    """Rows of columns. Blank lines are left out. Line ends within a quoted cell stay as they are, CRLF too.

    A row that can't be read as CSV, such as one with a quotation mark that nothing closes, is its first line; reading
    goes on with the line after it. Many programs write TSV without quotation marks around columns, so that such a row
    of TSV is read as it stands.

    Attributes:
        names: The names of the columns.
    """

    def __init__(self, stream: io.BufferedReader, name: str, format: str, field: str) -> None:
        """Reads the header.

        Args:
            stream: The rows.
            name: What records and error messages call the stream.
            format: `"csv"` or `"tsv"`.
            field: The name of the column that holds the text.

        Raises:
            InputError: There is no header, two columns have one name, or none has that of the text.
        """
        self._stream = stream
        self._name = name
        self._delimiter = _DELIMITERS[format]
        self._rows = self._read(_Lines(stream, name))
        _, header, _ = next(self._rows, (0, None, False))
        if header is None:
            raise InputError(f"{name}: expected a header with the names of the columns, found an empty file")
        if isinstance(header, InputError):
            raise header
        self.names = tuple(header)
        self._column = self._find(field)

    def _find(self, field: str) -> int:
        twice = next((name for index, name in enumerate(self.names) if name in self.names[:index]), None)
        if twice is not None:
            raise InputError(f"{self._name}: expected columns with different names, found {twice!r} twice")
        if field in self.names:
            return self.names.index(field)
        names = ", ".join(map(repr, self.names))
        if len(self.names) == 1 and any(mark in names for mark in (";", "\\t", "|")):
            raise InputError(
                f"{self._name}: expected columns separated by {self._delimiter!r}, found one column, {names}; convert "
                "the file, or choose another format with --from"
            )
        raise InputError(f"{self._name}: expected a column {field!r}, found {names}; choose one with --field")

    def check(self) -> None:
        """Raises nothing: the header has been checked."""

    def close(self) -> None:
        """Closes the stream."""
        self._stream.close()

    def records(self) -> Iterator[Sized]:
        """Reads the records."""
        for line, row, as_it_stands in self._rows:
            if isinstance(row, InputError):
                yield Record(self._name, line, row), 0
            elif len(row) != len(self.names):
                expected = f"expected {len(self.names)} columns, as in the header"
                yield Record(self._name, line, InputError(f"{self._name}:{line}: {expected}, found {len(row)}")), 0
            else:
                fields = dict(zip(self.names, row, strict=True))
                yield Record(self._name, line, row[self._column], fields, as_it_stands), sum(map(len, row))

    def _read(self, lines: _Lines) -> Iterator[tuple[int, list[str] | InputError, bool]]:
        """Reads rows, each with the number of its first line and whether it is taken as it stands."""
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        while True:
            rows = csv.reader(lines, delimiter=self._delimiter, strict=True)
            try:
                while True:
                    first = lines.start_row()
                    row = next(rows)
                    if bad := lines.bad():
                        yield first, bad, False
                    elif row:
                        yield first, row, False
            except StopIteration:
                return
            except (csv.Error, _TooLongError) as error:
                line, bad = lines.back_to_second(), lines.bad()
                if bad:
                    yield first, bad, False
                elif self._delimiter == "\t":
                    yield first, line.removesuffix("\r").split("\t"), True
                else:
                    fault = str(error).partition(" - ")[0]  # what follows is for programmers
                    expected = "expected a row of CSV, found one that can't be read as such"
                    yield first, InputError(f"{self._name}:{first}: {expected} ({fault})"), False


class _TooLongError(Exception):
    """A row goes on and on."""


class _Lines:
    """Lines for a reader of CSV, which tells those of the row at hand, and can go back to its second one."""

    def __init__(self, stream: io.BufferedReader, name: str) -> None:
        self._lines = chain.from_iterable(read_lines(stream, name, keep_returns=True))
        self._next: deque[str | InputError] = deque()
        self._row: list[str | InputError] = []
        self._characters = 0
        self._number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._characters > _LONGEST_ROW and len(self._row) > 1:
            raise _TooLongError(f"it has more than {_LONGEST_ROW:,} characters")
        line = self._next.popleft() if self._next else next(self._lines)
        self._row.append(line)
        self._number += 1
        text = _text(line)
        self._characters += len(text)
        return text + "\n"

    def start_row(self) -> int:
        """Returns the number of the line that comes next."""
        self._row = []
        self._characters = 0
        return self._number + 1

    def bad(self) -> InputError | None:
        """The error of the row's first line that can't be decoded."""
        return next((line for line in self._row if isinstance(line, InputError)), None)

    def back_to_second(self) -> str:
        """Goes back to the second line of the row. Returns the first one."""
        first, *others = self._row
        self._next.extendleft(reversed(others))
        self._number -= len(others)
        self._row = [first]
        return _text(first)


def _text(line: str | InputError) -> str:
    if isinstance(line, UndecodableLineError):
        return line.replaced
    return line if isinstance(line, str) else ""
