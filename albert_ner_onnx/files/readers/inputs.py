"""All inputs of a run: found, checked before anything is computed, and read chunk by chunk."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape, Record
from albert_ner_onnx.files.compression import compression_of
from albert_ner_onnx.files.readers.chunking import Sized, chunks_of, chunks_of_rows
from albert_ner_onnx.files.readers.columnar import TableFile, error_row
from albert_ner_onnx.files.readers.delimited import DelimitedFile
from albert_ner_onnx.files.readers.json_lines import JsonLinesFile
from albert_ner_onnx.files.readers.sources import (
    FORMATS,
    Source,
    find_sources,
    format_of,
    known_names,
    unreadable,
)
from albert_ner_onnx.files.readers.text import TextFile
from albert_ner_onnx.files.readers.words import WordsFile

if TYPE_CHECKING:
    import pyarrow as pa

_PER = ("line", "paragraph", "file")
_FIELD = "text"
_TABLES = ("parquet", "arrow")


@dataclass(frozen=True, slots=True)
class InputOptions:
    """How to read inputs.

    Attributes:
        format: One of `FORMATS`; `None` goes by the names of the files.
        field: Where the text is: the name of a column, or of a field of JSON Lines, or the path to it, such as `a.b`.
            `None` means `text`. Only for formats that have fields.
        per: What is a record of text: `"line"`, `"paragraph"` or `"file"`.
        word_column: The number of the words' column in CoNLL, from 1, or from -1, the last one, backwards. `None`
            means the first one.
        comments: Whether lines of CoNLL that start with `#` and aren't words with their columns are comments.
    """

    format: str | None = None
    field: str | None = None
    per: str = "line"
    word_column: int | None = None
    comments: bool = False


_LinesFile = TextFile | JsonLinesFile | DelimitedFile | WordsFile


class Inputs:
    """Files to read, which exist and look like their format.

    Attributes:
        sources: The files, in order.
        shape: What their records have in common.
        total_bytes: The size of all files, as they are stored; `None` if one is standard input or a pipe.
    """

    def __init__(self, sources: Sequence[Source], options: InputOptions, format: str) -> None:
        """Looks at all files; see `open_inputs`."""
        self.sources = tuple(sources)
        self._options = options
        self._format = format
        self._done = self._now = 0  # bytes of the files that are read, and those read of the one at hand
        self._opened: dict[Source, TableFile | _LinesFile] = {}  # what can be opened only once
        self.shape = self._look(self.sources[0])
        for source in self.sources[1:]:
            _check_same(self.sources[0], self.shape, source, self._look(source))
        sizes = [source.size for source in self.sources if source.size is not None]
        self.total_bytes = sum(sizes) if len(sizes) == len(self.sources) else None

    @property
    def bytes_read(self) -> int:
        """How many bytes have been read, as they are stored. A little is read ahead."""
        return self._done + self._now

    def chunks(self) -> Iterator[Chunk]:
        """Reads everything. Standard input and pipes can be read only once.

        A file that breaks off, as one may that is compressed, ends with a record of the error.
        """
        self._done = 0
        return chunks_of_rows(self._rows()) if self._format in _TABLES else chunks_of(self._records())

    def _records(self) -> Iterator[Sized]:
        for source in self.sources:
            line = 0
            try:
                with closing(self._open_lines(source)) as file:
                    for record, length in file.records():
                        line = record.line
                        yield record, length
            except InputError as error:
                yield Record(source.name, line + 1, error), 0
            except OSError as error:
                yield Record(source.name, line + 1, unreadable(source.name, error)), 0
            self._finish(source)

    def _rows(self) -> Iterator[tuple[list[Sized], pa.RecordBatch]]:
        for source in self.sources:
            try:
                with closing(self._open_table(source)) as table:
                    yield from table.tables()
            except InputError as error:  # it could be read before
                yield error_row(Record(source.name, 1, error), self.shape.schema)
            self._finish(source)

    def _finish(self, source: Source) -> None:
        self._done += self._now if source.size is None else source.size
        self._now = 0

    def _look(self, source: Source) -> InputShape:
        """Opens a file, checks its start, and closes it again if it can be opened another time."""
        names = schema = None
        file: TableFile | _LinesFile
        if self._format in _TABLES:
            file = self._open_table(source)
            schema = file.schema
            names = tuple(schema.names)
        else:
            file = self._open_lines(source)
            names = file.names if isinstance(file, DelimitedFile) else None
        if source.size is None:
            self._opened[source] = file
        else:
            try:
                file.check()
            except OSError as error:
                raise unreadable(source.name, error) from None
            finally:
                file.close()
                self._now = 0
        has_fields = self._format in (*_TABLES, "jsonl", "csv", "tsv")
        field = self._options.field or _FIELD if has_fields else None
        return InputShape(self._format, field, self._options.per, names, schema)

    def _open_table(self, source: Source) -> TableFile:
        opened = self._opened.pop(source, None)
        if isinstance(opened, TableFile):
            return opened

        self._now = 0

        def progress(share: float) -> None:
            self._now = int(share * (source.size or 0))

        return TableFile(source, self._format, self._options.field or _FIELD, progress)

    def _open_lines(self, source: Source) -> _LinesFile:
        opened = self._opened.pop(source, None)
        if isinstance(opened, _LinesFile):
            return opened

        self._now = 0

        def count(size: int) -> None:
            self._now += size

        stream = source.open(count)
        try:
            return self._read_as_lines(stream, source.name)
        except BaseException:
            stream.close()
            raise

    def _read_as_lines(self, stream: io.BufferedReader, name: str) -> _LinesFile:
        options = self._options
        field = options.field or _FIELD
        match self._format:
            case "text":
                return TextFile(stream, name, options.per)
            case "jsonl":
                return JsonLinesFile(stream, name, field)
            case "conll":
                return WordsFile(stream, name, options.word_column, comments=options.comments)
            case delimited:
                return DelimitedFile(stream, name, delimited, field)


def open_inputs(patterns: Sequence[str], options: InputOptions) -> Inputs:
    """Finds files and checks that they can be read, as far as their starts tell.

    Args:
        patterns: Files, directories, globs, and `-` for standard input; see `find_sources`. All files must have one
            format and, if they are tables, the same columns.
        options: How to read them.

    Raises:
        InputError: A name leads to no file; a file can't be opened, or isn't in its format; files don't fit together;
            or an option doesn't fit the format.
        MissingExtraError: A library that a format or a compression needs isn't installed.
    """
    if options.format is not None and options.format not in FORMATS:
        raise InputError(f"--from: expected one of {', '.join(FORMATS)}, found {options.format!r}")
    sources = find_sources(patterns, any_name=options.format is not None)
    format = _one_format(sources, options)
    _check_options(options, format)
    if format in _TABLES:
        compressed = next((source.name for source in sources if compression_of(source.name)), None)
        if compressed:
            raise InputError(f"{compressed}: {format} can't be read while it is compressed; decompress it first")
    return Inputs(sources, options, format)


def _one_format(sources: Sequence[Source], options: InputOptions) -> str:
    if options.format:
        return options.format
    first: tuple[str, Source] | None = None
    for source in sources:
        format = format_of(source)
        if format is None:
            raise InputError(
                f"{source.name}: can't tell the format from the name; choose it with --from, or rename the file so "
                f"that it ends in {known_names()}"
            )
        first = first or (format, source)
        if format != first[0]:
            raise InputError(
                f"{source.name}: expected files of one format, found {format}, but {first[1].name} is {first[0]}; name "
                "only files of one, for example by a glob such as 'DIR/*.txt', or choose it with --from"
            )
    assert first is not None
    return first[0]


def _check_options(options: InputOptions, format: str) -> None:
    if options.per not in _PER:
        raise InputError(f"--per: expected one of {', '.join(_PER)}, found {options.per!r}")
    if options.per != "line" and format != "text":
        raise InputError(f"--per {options.per}: allowed only with text, found {format}")
    if options.field is not None and format in ("text", "conll"):
        raise InputError(f"--field {options.field}: allowed only with JSON Lines and tables, found {format}")
    if format != "conll" and (options.word_column is not None or options.comments):
        option = "--comments" if options.comments else "--word-column"
        raise InputError(f"{option}: allowed only with CoNLL, found {format}")


def _check_same(first: Source, expected: InputShape, source: Source, found: InputShape) -> None:
    """Raises `InputError` if two tables have different columns."""
    if expected.names != found.names:
        raise InputError(
            f"{source.name}: expected the columns of {first.name}, {_listed(expected.names)}, found "
            f"{_listed(found.names)}; run it alone"
        )
    for one, other in zip(expected.schema or (), found.schema or (), strict=True):
        if not one.equals(other):
            raise InputError(
                f"{source.name}: expected {one.type} in column {one.name!r}, as in {first.name}, found {other.type}; "
                "run it alone"
            )


def _listed(names: Sequence[str] | None) -> str:
    return ", ".join(map(repr, names or ()))
