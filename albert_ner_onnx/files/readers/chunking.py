"""Records -> chunks. Where a chunk ends depends only on the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS, CHUNK_RECORDS, Chunk, Record

if TYPE_CHECKING:
    import pyarrow as pa

Sized: TypeAlias = tuple[Record, int]
"""A record, and its length in characters: of its text and its other fields."""


def chunks_of(records: Iterable[Sized]) -> Iterator[Chunk]:
    """Puts records into chunks: each ends with the record that makes it long enough."""
    waiting: list[Record] = []
    characters = 0
    for record, length in records:
        waiting.append(record)
        characters += length
        if _is_full(len(waiting), characters):
            yield Chunk(waiting)
            waiting, characters = [], 0
    if waiting:
        yield Chunk(waiting)


def chunks_of_rows(tables: Iterable[tuple[list[Sized], pa.RecordBatch]]) -> Iterator[Chunk]:
    """The same for rows of tables with one schema, however many of them come at once."""
    waiting: list[Record] = []
    rows: list[pa.RecordBatch] = []
    characters = 0
    for records, batch in tables:
        start = 0
        for stop, (record, length) in enumerate(records, 1):
            waiting.append(record)
            characters += length
            if _is_full(len(waiting), characters):
                yield Chunk(waiting, join([*rows, batch.slice(start, stop - start)]))
                waiting, rows, characters, start = [], [], 0, stop
        if start < len(records):
            rows.append(batch.slice(start))
    if waiting:
        yield Chunk(waiting, join(rows))


def _is_full(records: int, characters: int) -> bool:
    return records >= CHUNK_RECORDS or characters >= CHUNK_CHARACTERS


def join(rows: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Joins rows of one schema."""
    if len(rows) == 1:
        return rows[0]
    import pyarrow as pa

    (joined,) = pa.Table.from_batches(rows).combine_chunks().to_batches()
    return joined
