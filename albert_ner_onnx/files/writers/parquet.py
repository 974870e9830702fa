"""Parquet: the original columns and, beside them, a column of entities.

If records couldn't be answered, one more column says why.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from albert_ner_onnx.errors import AlbertNerError, InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.arrow import ENTITIES, to_arrow
from albert_ner_onnx.files.chunks import Chunk, InputShape, Record
from albert_ner_onnx.files.writers.batches import check_parquet, read_streams, to_stream, write_parquet
from albert_ner_onnx.files.writers.json_columns import JsonColumns, UnfitColumnError
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, refuse_taken, settle, valid

with extra("files", "writing Parquet"):
    import pyarrow as pa

_FIELDS = pa.schema([("fields", pa.string())])  # a JSON object in each row, until all rows have been seen
_TEXT = pa.schema([("text", pa.string()), ("file", pa.string()), ("line", pa.int64())])


def open_parquet_writer(shape: InputShape, entities_field: str) -> Writer:
    """Returns the writer for records of this shape.

    Raises:
        InputError: Parquet has no type for a column.
    """
    if shape.format == "jsonl":
        return _JsonToParquet(entities_field, _FIELDS)
    if shape.schema is not None:
        check_parquet(shape.schema)
        return _TableToParquet(entities_field, shape.schema)
    if shape.names is not None:
        return _RowsToParquet(entities_field, pa.schema([(name, pa.string()) for name in shape.names]))
    return _TextToParquet(entities_field, _TEXT)


@dataclass(frozen=True)
class _ParquetWriter(Writer):
    """Collects the original columns, the entities and the errors as streams of Arrow; `finish` makes them Parquet."""

    streamable: ClassVar[bool] = False

    entities_field: str
    original: pa.Schema

    def head(self) -> bytes:
        return to_stream(pa.RecordBatch.from_pylist([], self._with_results(self.original, errors=True)))

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        settled = settle(chunk, answers)
        entities = [getattr(answer, "entities", None) for answer in settled]
        errors = [valid(str(answer)) if isinstance(answer, AlbertNerError) else None for answer in settled]
        columns = [*self._originals(chunk, settled), to_arrow(entities), pa.array(errors, pa.string())]
        schema = self._with_results(self.original, errors=True)
        return Written(to_stream(pa.RecordBatch.from_arrays(columns, schema=schema)))

    @abstractmethod
    def _originals(self, chunk: Chunk, answers: Sequence[Answer]) -> list[pa.Array]:
        """The columns of `original` for a chunk."""

    def finish(self, partial: Path, out: Path) -> None:
        schema = self._with_results(self.original, errors=_has_errors(partial))
        rows = (batch.columns[: len(schema)] for batch in read_streams(partial))
        write_parquet((pa.RecordBatch.from_arrays(columns, schema=schema) for columns in rows), schema, out)
        partial.unlink()

    def _with_results(self, original: pa.Schema, *, errors: bool) -> pa.Schema:
        """The schema of the output."""
        added = [pa.field(self.entities_field, ENTITIES)]
        if errors:
            added.append(pa.field(error_field(self.entities_field), pa.string()))
        return pa.schema([*original, *added], original.metadata)


class _TableToParquet(_ParquetWriter):
    """Leaves the columns of Parquet and Arrow as they are."""

    def _originals(self, chunk: Chunk, answers: Sequence[Answer]) -> list[pa.Array]:
        assert chunk.columns is not None
        return chunk.columns.columns  # type: ignore[no-any-return]


class _RowsToParquet(_ParquetWriter):
    """Makes a column of strings of each column of CSV. A row that couldn't be read is null in all of them."""

    def _originals(self, chunk: Chunk, answers: Sequence[Answer]) -> list[pa.Array]:
        return [_strings(record.fields.get(name) for record in chunk.records) for name in self.original.names]


class _TextToParquet(_ParquetWriter):
    """Makes columns of the texts and of where each one comes from."""

    def _originals(self, chunk: Chunk, answers: Sequence[Answer]) -> list[pa.Array]:
        return [
            _strings(getattr(answer, "text", None) for answer in answers),
            _strings(record.source for record in chunk.records),
            pa.array([record.line for record in chunk.records], pa.int64()),
        ]


class _JsonToParquet(_ParquetWriter):
    """Makes a column of each field of JSON Lines. `finish` knows their types, because it has seen all of them."""

    def refuse(self, record: Record) -> InputError | None:
        return refuse_taken(record, [self.entities_field, error_field(self.entities_field)])

    def _originals(self, chunk: Chunk, answers: Sequence[Answer]) -> list[pa.Array]:
        # The fields of a record that couldn't be read are left out: with a number instead of a text, for example, they
        # would change the type of a column.
        return [
            _strings(
                json.dumps({} if isinstance(answer, InputError) else record.fields, ensure_ascii=False)
                for record, answer in zip(chunk.records, answers, strict=True)
            )
        ]

    def finish(self, partial: Path, out: Path) -> None:
        errors = _has_errors(partial)
        columns = JsonColumns(_read_json(batch) for batch in read_streams(partial))
        while True:
            schema = self._with_results(columns.schema, errors=errors)
            try:
                write_parquet(_as_columns(partial, columns, schema), schema, out)
            except UnfitColumnError as error:
                columns.write_as_json(error.name)
            else:
                break
        partial.unlink()


def _as_columns(partial: Path, columns: JsonColumns, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in read_streams(partial):
        results = batch.columns[1 : 1 + len(schema) - len(columns.schema)]
        yield pa.RecordBatch.from_arrays([*columns.arrays(_read_json(batch)), *results], schema=schema)


def _read_json(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [json.loads(fields) for fields in batch.column(0).to_pylist()]


def error_field(entities_field: str) -> str:
    """The name of the column that says why a record has no entities."""
    return f"{entities_field}_error"


def _has_errors(partial: Path) -> bool:
    return any(batch.columns[-1].null_count < batch.num_rows for batch in read_streams(partial))


def _strings(values: Iterable[str | None]) -> pa.Array:
    return pa.array([None if value is None else valid(value) for value in values], pa.string())
