"""The values of tables in JSON: what a row holds that JSON has no type for."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from albert_ner_onnx.files.chunks import Chunk

if TYPE_CHECKING:
    import pyarrow as pa


def fields_of(chunk: Chunk) -> Iterator[Mapping[str, Any]]:
    """Yields what the input says about each record of a chunk, by name."""
    if chunk.columns is None:
        for record in chunk.records:
            yield record.fields
    else:
        names = chunk.columns.schema.names
        for row in zip(*map(_to_python, chunk.columns.columns), strict=True):
            yield dict(zip(names, row, strict=True))


def _to_python(column: pa.Array) -> list[Any]:
    if str(column.type).startswith("timestamp[ns"):  # Python's times have no nanoseconds
        return [at and at.replace(" ", "T") for at in column.cast("string").to_pylist()]
    return column.to_pylist()  # type: ignore[no-any-return]


def to_json(value: object) -> str:
    """Writes a value as JSON in one line of valid UTF-8.

    Times become ISO 8601, intervals seconds, decimals strings, bytes base64, and numbers that aren't finite `null`.
    A lone surrogate is escaped.
    """
    try:
        line = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:
        line = json.dumps(_finite(value), ensure_ascii=False, default=lambda other: _finite(_plain(other)))
    return line.encode("utf-8", "backslashreplace").decode()  # \udc80 is an escape in JSON, too


def _plain(value: object) -> Any:
    match value:
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal() | UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value
