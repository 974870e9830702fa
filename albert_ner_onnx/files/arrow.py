"""Texts and entities as Arrow arrays: a column of strings in, a column of lists of entities out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Any

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("arrow", "Arrow"):
    import pyarrow as pa

ENTITY: pa.DataType = pa.struct(
    [("text", pa.string()), ("label", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("score", pa.float64())]
)
"""An entity: the keys and values of `Entity.as_dict`. Offsets count code points."""
ENTITIES: pa.DataType = pa.list_(ENTITY)
"""The entities of a text. A null stands for those of a text that is null."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_arrow(found: Sequence[Sequence[Entity] | None]) -> pa.ListArray:
    """Makes an array of type `ENTITIES`.

    Arrow's strings are UTF-8, which has no lone surrogates: in the text of an entity, each becomes U+FFFD.

    Args:
        found: The entities of each text, or `None` for a null.
    """
    entities = list(chain.from_iterable(each for each in found if each is not None))
    columns = [
        _strings(entity.text for entity in entities),
        pa.array([entity.label for entity in entities], pa.string()),
        pa.array([entity.start for entity in entities], pa.int64()),
        pa.array([entity.end for entity in entities], pa.int64()),
        pa.array([entity.score for entity in entities], pa.float64()),
    ]
    return lists_of(found, pa.StructArray.from_arrays(columns, fields=list(ENTITY)))


def lists_of(found: Sequence[Sequence[Any] | None], values: pa.Array) -> pa.ListArray:
    """Makes an array of lists: as many of the values, in order, as each item of `found` has; `None` becomes null."""
    offsets = accumulate((0 if each is None else len(each) for each in found), initial=0)
    nulls = [each is None for each in found]
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        values,
        type=pa.list_(values.type),
        mask=pa.array(nulls, pa.bool_()) if any(nulls) else None,
    )


def texts_of(array: Any, name: str = "array", first: int = 0) -> list[str | None]:
    """Returns the strings of a `pyarrow.Array` or `pyarrow.ChunkedArray` of any type that `holds_strings` knows.

    Args:
        array: The array. It may be a slice.
        name: What error messages call it.
        first: The index of its first string in error messages, for a slice.

    Raises:
        InputError: It holds something else than strings, or bytes that aren't UTF-8. The message gives their index.
    """
    if not holds_strings(array.type):
        raise InputError(
            f"{name} must hold strings, found {array.type}; pass the column that has the texts, or cast it to strings"
        )
    try:
        texts: list[str | None] = array.to_pylist()
    except UnicodeDecodeError:  # nothing checks that an array holds what it says
        raise _bad_text(array, name, first) from None
    return texts


def holds_strings(kind: pa.DataType) -> bool:
    """Whether arrays of this type hold strings, in any of Arrow's encodings, or nothing but nulls."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )


def _strings(texts: Iterable[str]) -> pa.StringArray:
    found = list(texts)
    try:
        return pa.array(found, pa.string())
    except UnicodeEncodeError:
        return pa.array([_LONE_SURROGATE.sub("\ufffd", text) for text in found], pa.string())


def _bad_text(array: Any, name: str, first: int) -> InputError:
    for index, value in enumerate(array, first):
        try:
            value.as_py()
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            return InputError(f"{name}[{index}] must be UTF-8, found byte 0x{byte:02x} at offset {error.start} of it")
    raise AssertionError("an array can't be decoded, but each of its values can")
