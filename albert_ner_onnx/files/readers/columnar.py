"""Parquet and Arrow: tables whose rows are read in batches, with a text in one column."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS, CHUNK_RECORDS, Record
from albert_ner_onnx.files.readers.chunking import Sized, join
from albert_ner_onnx.files.readers.sources import Source, unreadable

if TYPE_CHECKING:
    import pyarrow as pa

    _Batches: TypeAlias = Iterator[tuple[pa.RecordBatch, float]]  # and the share of the file that is read with each

_BUFFER_BYTES = 1 << 16  # of each column of Parquet: without a buffer, all of a row group is read at once


class TableFile:
    """A table.

    Attributes:
        schema: Its columns. All of them may be null, because the row of an error is.
    """

    def __init__(self, source: Source, format: str, field: str, progress: Callable[[float], None]) -> None:
        """Reads the schema.

        Args:
            source: The file.
            format: `"parquet"` or `"arrow"`.
            field: The name of the column that holds the text.
            progress: Is called with the share of the rows that are read.

        Raises:
            InputError: It isn't in this format, or has no such column, or no strings there.
            MissingExtraError: pyarrow isn't installed.
        """
        with extra("files", f"{source.name}: reading {'Parquet' if format == 'parquet' else 'Arrow'}"):
            import pyarrow as pa
        self._name = source.name
        self._progress = progress
        self._file = io.BufferedReader(source.open_raw())
        try:
            self._batches, schema = self._open(source, format)
            self.schema = pa.schema([column.with_nullable(True) for column in schema], schema.metadata)
            self._column = self._find(field)
        except BaseException:
            self._file.close()
            raise

    def _open(self, source: Source, format: str) -> tuple[_Batches, pa.Schema]:
        import pyarrow as pa

        try:
            batches, schema = (_open_parquet if format == "parquet" else _open_arrow)(source, self._file)
            self._names: list[str] = schema.names  # they may be no UTF-8
            return batches, schema
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno:  # the system's, not Arrow's
                raise unreadable(self._name, error) from None
            expected = "Parquet" if format == "parquet" else "an Arrow file (IPC, Feather 2)"
            raise InputError(
                f"{self._name}: expected {expected}, found something else ({_first_line(error)})"
            ) from None

    def _find(self, field: str) -> int:
        from albert_ner_onnx.files.arrow import holds_strings

        names = self._names
        twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
        if twice is not None:
            raise InputError(f"{self._name}: expected columns with different names, found {twice!r} twice")
        if field not in names:
            listed = ", ".join(map(repr, names)) or "none"
            raise InputError(f"{self._name}: expected a column {field!r}, found {listed}; choose one with --field")
        kind = self.schema.field(field).type
        if not holds_strings(kind):
            raise InputError(
                f"{self._name}: expected strings in column {field!r}, found {kind}; choose another with --field"
            )
        return names.index(field)

    def check(self) -> None:
        """Raises nothing: the schema has been checked."""

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def tables(self) -> Iterator[tuple[list[Sized], pa.RecordBatch]]:
        """Reads the records and their rows. What can't be read ends the table; columns of a bad row are null."""
        import pyarrow as pa

        row = 0
        try:
            for batch, share in self._batches:
                rows = pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)
                is_valid = _is_valid(rows)
                for start in range(0, len(rows), CHUNK_RECORDS):
                    some = rows.slice(start, CHUNK_RECORDS)
                    yield self._read(some, row + 1, is_valid=is_valid)
                    row += len(some)
                self._progress(share)
        except (pa.ArrowException, OSError) as error:
            bad = InputError(
                f"{self._name}:{row + 1}: this row and those after it can't be read ({_first_line(error)})"
            )
            yield error_row(Record(self._name, row + 1, bad), self.schema)

    def _read(self, rows: pa.RecordBatch, number: int, *, is_valid: bool) -> tuple[list[Sized], pa.RecordBatch]:
        """Reads rows, of which the first one has this number."""
        if not is_valid and len(rows) > 1:
            singles = [rows.slice(index, 1) for index in range(len(rows))]
            parts = [self._read(row, number + index, is_valid=_is_valid(row)) for index, row in enumerate(singles)]
            return [record for records, _ in parts for record in records], join([row for _, row in parts])
        if not is_valid:
            return error_row(Record(self._name, number, self._fault(rows, number)), self.schema)
        rows = _with_own_dictionaries(rows)
        texts: list[str | None] = rows.column(self._column).to_pylist()
        records = [Record(self._name, row, text) for row, text in enumerate(texts, number)]
        return list(zip(records, self._lengths(texts, rows), strict=True)), rows

    def _fault(self, row: pa.RecordBatch, number: int) -> InputError:
        """What is wrong with a row that isn't valid."""
        import pyarrow as pa

        for name, column in zip(row.schema.names, row.columns, strict=True):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                found = _first_line(error).removesuffix(" at string index 0")  # of this row alone
                return InputError(
                    f"{self._name}:{number}: column {name!r} can't be read ({found}); write the file anew"
                )
        raise AssertionError("a row isn't valid, but each of its columns is")

    def _lengths(self, texts: list[str | None], rows: pa.RecordBatch) -> list[int]:
        """The characters of each row's text, and the bytes of its other strings, such as a picture."""
        import pyarrow as pa
        import pyarrow.compute

        kinds = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
        lengths = [len(text or "") for text in texts]
        for index, column in enumerate(rows.columns):
            if index != self._column and column.type in kinds:
                others = pyarrow.compute.binary_length(column).to_pylist()
                lengths = [length + (other or 0) for length, other in zip(lengths, others, strict=True)]
        return lengths


def _is_valid(rows: pa.RecordBatch) -> bool:
    """Whether offsets and UTF-8 are right: nothing else checks them, and pyarrow crashes where they are wrong."""
    import pyarrow as pa

    try:
        rows.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _with_own_dictionaries(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Takes out of dictionaries what no row needs: each chunk would take along those of the whole file."""
    import pyarrow as pa

    from albert_ner_onnx.files.arrow import holds_strings

    columns = []
    for column in rows.columns:
        kind = column.type
        if pa.types.is_dictionary(kind) and holds_strings(kind) and len(column.dictionary) > len(column):
            own = column.dictionary_decode().dictionary_encode()
            indices = own.indices.cast(kind.index_type)
            columns.append(pa.DictionaryArray.from_arrays(indices, own.dictionary, ordered=kind.ordered))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def error_row(record: Record, schema: pa.Schema) -> tuple[list[Sized], pa.RecordBatch]:
    """Returns a record of an error, and for its columns a row of nulls."""
    import pyarrow as pa

    nulls = [pa.nulls(1, column.type) for column in schema]
    return [(record, 0)], pa.RecordBatch.from_arrays(nulls, schema=schema)


def _open_parquet(source: Source, file: io.BufferedReader[Any]) -> tuple[_Batches, pa.Schema]:
    import pyarrow.parquet

    if not file.seekable():
        raise InputError(f"{source.name}: expected a file to read Parquet from, found a pipe; write it to a file")

    table = pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)

    def batches() -> _Batches:
        row = 0
        for group in range(table.num_row_groups):  # one by one, so that damage spoils nothing before it
            size = table.metadata.row_group(group).total_byte_size // max(1, table.metadata.row_group(group).num_rows)
            count = max(1, min(CHUNK_RECORDS, CHUNK_CHARACTERS // max(1, size)))  # few rows at once if they are long
            for batch in table.iter_batches(count, row_groups=[group], use_threads=False):
                row += len(batch)
                yield batch, row / table.metadata.num_rows

    return batches(), table.schema_arrow


def _open_arrow(source: Source, file: io.BufferedReader[Any]) -> tuple[_Batches, pa.Schema]:
    import pyarrow as pa

    # Mapped, so that a batch of any size takes no memory of its own
    stream = pa.memory_map(source.path) if source.size else file
    start = stream.read(6) if source.size else stream.peek(6)[:6]
    if start.startswith(b"FEA1"):
        raise pa.ArrowInvalid("Feather 1; write it anew with a newer library")
    if start == b"ARROW1":
        if not file.seekable():
            raise InputError(f"{source.name}: expected a stream of Arrow in a pipe, found a file; read it by its name")
        table = pa.ipc.open_file(stream)
        count = table.num_record_batches
        return ((table.get_batch(index), (index + 1) / count) for index in range(count)), table.schema
    if source.size:
        stream.seek(0)
    batches = pa.ipc.open_stream(stream)
    return ((batch, stream.tell() / source.size if source.size else 0.0) for batch in batches), batches.schema
