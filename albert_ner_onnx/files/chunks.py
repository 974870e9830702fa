"""What is read from a file: records, in chunks that are recognized and written together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from albert_ner_onnx.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_RECORDS = 1024
"""Most records of a chunk: enough to fill batches of equal length."""
CHUNK_CHARACTERS = 1_000_000
"""Characters after which a chunk ends, so that a chunk of long texts, or of other long fields, stays small."""


@dataclass(frozen=True, slots=True)
class Record:
    """One document of an input.

    Attributes:
        source: The file that it comes from, as the user named it; `<stdin>` for standard input.
        line: The number, from 1, of its first line or, in a table, of its row.
        content: Its text; its sentences, each a list of words, if the file has words; `None` if it has no text, as a
            null in a table; or the error that says why it can't be read.
        fields: Everything that the file says about it, its text included, by name. Empty if the file is text or CoNLL.
        as_it_stands: Whether it is a row of TSV in which quotation marks don't enclose cells.
    """

    source: str
    line: int
    content: str | list[list[str]] | InputError | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    as_it_stands: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that are recognized and written together. A run can be resumed between two chunks.

    Where one ends depends only on the input, never on the time or the machine.

    Attributes:
        records: The records, in the order of the input.
        columns: If they come from Parquet or Arrow, the rows of that table, one for each record.
    """

    records: Sequence[Record]
    columns: pa.RecordBatch | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self.columns is None:
            return Chunk, (self.records,)
        import pyarrow as pa

        # Pickled by itself, a slice takes along all that it was cut from, which may be a whole file
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.columns.schema) as writer:
            writer.write_batch(self.columns)
        return _restore, (self.records, sink.getvalue().to_pybytes())


def _restore(records: Sequence[Record], stream: bytes) -> Chunk:
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return Chunk(records, reader.read_next_batch())


@dataclass(frozen=True, slots=True)
class InputShape:
    """What all records of a run have in common. A writer must know it before the first of them.

    Attributes:
        format: `text`, `jsonl`, `csv`, `tsv`, `parquet`, `arrow` or `conll`.
        field: Where the text is: a column's name, or the path of a field of JSON Lines.
        per: What is a record of text: `line`, `paragraph` or `file`.
        names: The names of a table's columns, in order; `None` if the input isn't a table.
        schema: The columns of Parquet or Arrow.
    """

    format: str
    field: str | None = None
    per: str = "line"
    names: tuple[str, ...] | None = None
    schema: pa.Schema | None = None
