"""Entities of the strings of an Arrow array. What pandas, Polars and DuckDB have here goes this way, too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import albert_ner_onnx
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("arrow", "recognize_arrow"):
    import pyarrow as pa
    import pyarrow.compute as pc

from albert_ner_onnx.files.arrow import ENTITIES, holds_strings, texts_of, to_arrow

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

READ_ROWS = 64
"""Rows whose texts become Python strings at once. Few, because each may be a book."""
_WRITTEN_ROWS = 1024


def recognize_arrow(
    array: Any, recognizer: EntityRecognizer | None = None, *, name: str = "array"
) -> pa.Array | pa.ChunkedArray:
    """Finds the entities of each string of an array. A null stays a null.

    The answers are those of `recognize_batch`, however the array is encoded, sliced or divided into chunks. The strings
    of a dictionary are read once for each chunk. Besides the answers, it needs the memory of a stream, however many
    rows there are.

    Args:
        array: A `pyarrow.Array` or `pyarrow.ChunkedArray` of strings, or an object that other libraries can take as
            such an array (Arrow's PyCapsule interface), such as a Polars series.
        recognizer: What finds them. The default is the model that comes with the package, loaded once.
        name: What error messages call the array.

    Returns:
        An array of type `albert_ner_onnx.files.arrow.ENTITIES`, list<struct<text, label, start, end, score>>, as long
        as `array`: chunked unless `array` is a `pyarrow.Array`.

    Raises:
        InputError: `array` is something else, or doesn't hold strings.
    """
    found = _as_arrow(array, name)
    if not holds_strings(found.type):
        texts_of(found, name)  # raises the error, before a model is loaded
    chosen = recognizer or default_recognizer()
    if pa.types.is_dictionary(found.type):
        pieces = [_recognize_dictionary(chunk, chosen, name) for chunk in _chunks(found)]
    else:
        pieces = list(entity_arrays(answers(_texts(found, name), chosen)))
    if isinstance(found, pa.ChunkedArray):
        return pa.chunked_array(pieces, ENTITIES)
    return pa.concat_arrays(pieces) if pieces else to_arrow([])


def answers(texts: Iterable[str | None], recognizer: EntityRecognizer) -> Iterator[list[Entity] | None]:
    """Finds the entities of each text, lazily, as `stream` does. The answer to `None` is `None`."""
    nulls: deque[bool] = deque()  # of each text that has been read and not been answered

    def present() -> Iterator[str]:
        for text in texts:
            nulls.append(text is None)
            if text is not None:
                yield text

    for entities in recognizer.stream(present()):
        while nulls.popleft():
            yield None
        yield entities
    yield from (None for _ in nulls)


def entity_arrays(found: Iterator[list[Entity] | None]) -> Iterator[pa.ListArray]:
    """Puts answers into arrays of type `ENTITIES`, some in each."""
    while some := list(islice(found, _WRITTEN_ROWS)):
        yield to_arrow(some)


@cache
def default_recognizer() -> EntityRecognizer:
    """Loads the model that comes with the package, once for all who don't bring a recognizer of their own."""
    return albert_ner_onnx.load()


def _as_arrow(array: Any, name: str) -> pa.Array | pa.ChunkedArray:
    if isinstance(array, pa.Array | pa.ChunkedArray):
        return array
    if not hasattr(array, "columns"):  # a table can be taken as an array, of its rows
        try:
            if hasattr(array, "__arrow_c_stream__"):
                return pa.chunked_array(array)
            if hasattr(array, "__arrow_c_array__"):
                return pa.array(array)
        except pa.ArrowException as error:  # a Series may hold anything
            raise InputError(f"{name} must hold strings, found something else ({error}); cast it to strings") from None
    raise InputError(
        f"{name} must be a pyarrow.Array or pyarrow.ChunkedArray, found {type(array).__name__}; pass one column of a "
        "table, or make an array of a list with pyarrow.array"
    )


def _chunks(array: pa.Array | pa.ChunkedArray) -> Iterable[pa.Array]:
    return array.iterchunks() if isinstance(array, pa.ChunkedArray) else [array]


def _texts(array: pa.Array | pa.ChunkedArray, name: str) -> Iterator[str | None]:
    for start in range(0, len(array), READ_ROWS):
        yield from texts_of(array.slice(start, READ_ROWS), name, start)


def _recognize_dictionary(array: pa.DictionaryArray, recognizer: EntityRecognizer, name: str) -> pa.Array:
    used = pc.unique(array.indices).drop_null()  # a slice has the strings of the whole array
    found = recognize_arrow(array.dictionary.take(used), recognizer, name=f"the dictionary of {name}")
    return found.take(pc.index_in(array.indices, used))
