"""Redacted columns: Parquet and Arrow in, Parquet out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.chunks import Chunk
from albert_ner_onnx.files.writers.batches import read_streams, to_stream, write_parquet
from albert_ner_onnx.files.writers.redaction import RedactingWriter
from albert_ner_onnx.files.writers.writer import Answer

with extra("files", "writing Parquet"):
    import pyarrow as pa


class RedactedTableWriter(RedactingWriter):
    """Writes the columns of a table, one of them redacted; it keeps its type."""

    streamable: ClassVar[bool] = False

    def head(self) -> bytes:
        """Returns no rows, so that an empty input gives an empty table."""
        return to_stream(pa.RecordBatch.from_pylist([], self.shape.schema))

    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        assert chunk.columns is not None
        column = chunk.columns.schema.get_field_index(self.shape.field or "text")
        redacted = pa.array(texts, chunk.columns.schema.field(column).type)
        columns = [*chunk.columns.columns[:column], redacted, *chunk.columns.columns[column + 1 :]]
        return to_stream(pa.RecordBatch.from_arrays(columns, schema=self.shape.schema))

    def finish(self, partial: Path, out: Path) -> None:
        """Rewrites the collected rows as Parquet."""
        write_parquet(read_streams(partial), self.shape.schema, out)
        partial.unlink()
