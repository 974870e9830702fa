"""How Spark saves Maps and Scala objects: in Hadoop SequenceFiles, whose values are Java-serialized arrays.

See https://hadoop.apache.org/docs/stable/api/org/apache/hadoop/io/SequenceFile.html.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from albert_ner_onnx.errors import ExportError

_MAGIC = b"SEQ\x06"
_CLASSES = ("org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable")
_SYNC = 16  # bytes of the mark that separates groups of records
_MAX_TEXT = 127  # bytes; the length of a longer string is written in more than one byte


def read_objects(data: bytes, path: PurePath) -> list[Any]:
    """Reads the Java objects in a part that Spark's `saveAsObjectFile` wrote.

    Args:
        data: The content of a SequenceFile.
        path: Where it is, for messages.

    Raises:
        ExportError: It isn't a SequenceFile, or a compressed or damaged one.
    """
    try:
        return [item for value in _values(data) for item in _deserialize(value)]
    except ImportError:
        raise
    except Exception as error:  # javaobj raises errors of every kind, even RecursionError
        raise ExportError(
            f"{path}: not a file of serialized objects from Spark, or a damaged one ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}); save the model again"
        ) from None


def read_pairs(data: bytes, path: PurePath) -> list[tuple[str, str | int]]:
    """Reads the entries in a part of a Scala `Map[String, String]` or `Map[String, Int]`.

    Args:
        data: See `read_objects`.
        path: See `read_objects`.

    Raises:
        ExportError: See `read_objects`; or it holds other objects.
    """
    return [_read_pair(item, path) for item in read_objects(data, path)]


def _read_pair(item: Any, path: PurePath) -> tuple[str, str | int]:
    key, value = getattr(item, "_1", None), getattr(item, "_2", None)
    value = getattr(value, "value", value)  # of a boxed Integer
    if not isinstance(key, str) or not isinstance(value, str | int):
        raise ExportError(
            f"{path}: must hold pairs of a string and a number or string, found {str(item)[:100]!r}; save it again"
        )
    return str(key), str(value) if isinstance(value, str) else value


def _deserialize(value: bytes) -> list[Any]:
    import javaobj  # here, as only Spark NLP's archives need it

    logging.getLogger("javaobj").setLevel(logging.CRITICAL)  # before it raises, it logs its whole state
    loads: Callable[..., Any] = javaobj.loads
    objects = loads(value, ignore_remaining_data=True)
    if not isinstance(objects, list):
        raise ValueError(f"must be an array, found {type(objects).__name__}")
    return list(objects)


def _values(data: bytes) -> Iterator[bytes]:
    """Yields the values of a SequenceFile's records."""
    reader = _Reader(data)
    if (magic := reader.take(4)) != _MAGIC:
        raise ValueError(f"must begin with {_MAGIC!r}, found {magic!r}")
    if (classes := (reader.text(), reader.text())) != _CLASSES:
        raise ValueError(f"records must be of {_CLASSES}, found {classes}")
    if reader.take(2) != b"\0\0":
        raise ValueError("must not be compressed")
    for _ in range(2 * reader.integer()):
        reader.text()
    sync = reader.take(_SYNC)
    while not reader.at_end:
        if (length := reader.integer()) == -1:
            if reader.take(_SYNC) != sync:
                raise ValueError("a sync mark differs from that of the header")
            continue
        key = reader.integer()
        record = _Reader(reader.take(length))
        record.take(key)
        yield record.take(record.integer())


class _Reader:
    """Bytes that are read one part after another."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._data)

    def take(self, size: int) -> bytes:
        part = self._data[self._position : self._position + max(size, 0)]
        if len(part) != size:
            raise ValueError(f"expected {size} bytes at {self._position}, found {len(part)}")
        self._position += size
        return part

    def integer(self) -> int:
        return int.from_bytes(self.take(4), "big", signed=True)

    def text(self) -> str:
        size = self.take(1)[0]
        if size > _MAX_TEXT:
            raise ValueError(f"expected a string of at most {_MAX_TEXT} bytes at {self._position}, found {size}")
        return self.take(size).decode()
