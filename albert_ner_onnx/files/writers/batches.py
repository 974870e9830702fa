"""Rows of a table on their way to Parquet, which can't be continued after a stop: streams of Arrow can.

A partial file is one stream after another, each with its own schema and dictionaries.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("files", "writing Parquet"):
    import pyarrow as pa
    import pyarrow.parquet as pq

_GROUP_BYTES = 4_000_000  # a group of rows is in memory at once, as columns and as compressed pages


def to_stream(batch: pa.RecordBatch) -> bytes:
    """Returns a batch as a stream of its own."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def read_streams(path: Path) -> Iterator[pa.RecordBatch]:
    """Yields the batches of a file of streams, one at a time."""
    size = path.stat().st_size
    with pa.OSFile(str(path)) as file:  # not a memory map, whose pages would count as memory
        while file.tell() < size:
            yield from pa.ipc.open_stream(file)


def write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, out: Path) -> None:
    """Writes batches as a Parquet file, which appears at once; one that was there is replaced."""
    unfinished = out.with_name(f"{out.name}.finishing")
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as parquet:
            for group in _grouped(batches):
                parquet.write_table(pa.Table.from_batches(group, schema))
                pa.default_memory_pool().release_unused()
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(each.nbytes for each in group) >= _GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def check_parquet(schema: pa.Schema) -> None:
    """Checks that Parquet has each column's type.

    Raises:
        InputError: It doesn't have one. The message names the column.
    """
    for column in schema:
        if not has_type(column.type):
            raise InputError(
                f"column {column.name!r}: Parquet has no type for {column.type}; leave the column out, or write "
                "another format with --to"
            )


def has_type(kind: pa.DataType) -> bool:
    """Whether Parquet can hold a column of this type."""
    schema = pa.schema([("column", kind)])
    try:
        pq.ParquetWriter(pa.BufferOutputStream(), schema).close()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return False
    return True
