"""Entities of the texts of a pandas Series. An import of this module gives every Series an accessor, `albert_ner`.

import albert_ner_onnx.integrations.pandas

frame["entities"] = frame["text"].albert_ner.recognize()
rows = frame["text"].albert_ner.entities()
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("pandas", "the pandas accessor"):
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    from albert_ner_onnx.files.arrow import ENTITIES, ENTITY
    from albert_ner_onnx.integrations.arrow import READ_ROWS, answers, default_recognizer, entity_arrays

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer


@pd.api.extensions.register_series_accessor("albert_ner")
class AlbertNerAccessor:
    """What a Series of texts can do. Any dtype will do whose values are strings or missing: None, NaN, pd.NA, NaT."""

    def __init__(self, texts: pd.Series) -> None:
        self._texts = texts

    def recognize(self, recognizer: EntityRecognizer | None = None) -> pd.Series:
        """Finds the entities of each text: the answers of `recognize_batch`, and <NA> for a missing text.

        Args:
            recognizer: What finds them. The default is the model that comes with the package, loaded once.

        Returns:
            A Series with the index and the name of the texts. Its dtype is list<struct<text, label, start, end, score>>
            of Arrow, so that `explode`, `.list` and `.struct` work on it; each value is a list of dictionaries.

        Raises:
            InputError: A value is neither a string nor missing. Nothing has been computed.
        """
        found = pd.arrays.ArrowExtensionArray(self._find(recognizer))
        return pd.Series(found, index=self._texts.index, name=self._texts.name)

    def entities(self, recognizer: EntityRecognizer | None = None) -> pd.DataFrame:
        """Finds the entities of the texts, one row for each.

        Args:
            recognizer: As in `recognize`.

        Returns:
            A table with the columns text, label, start, end and score. The index says from which text each comes, so
            the table can be joined to that of the texts. A text without entities has no row.

        Raises:
            InputError: A value is neither a string nor missing. Nothing has been computed.
        """
        found = self._find(recognizer)
        counts = pc.fill_null(pc.list_value_length(found), 0).to_numpy()
        columns = zip(ENTITY.names, pc.list_flatten(found).flatten(), strict=True)
        return pd.DataFrame(
            {name: column.to_pandas().array for name, column in columns}, index=self._texts.index.repeat(counts)
        )

    def _find(self, recognizer: EntityRecognizer | None) -> pa.ChunkedArray:
        _check(self._texts)
        found = answers(_values(self._texts), recognizer or default_recognizer())
        return pa.chunked_array(entity_arrays(found), ENTITIES)


def _check(texts: pd.Series) -> None:
    """Raises `InputError` for the first value that is neither a string nor missing."""
    if isinstance(texts.dtype, pd.StringDtype):
        return
    for position, value in enumerate(_values(texts)):
        if value is not None and not isinstance(value, str):
            name = "the series" if texts.name is None else f"column {texts.name!r}"
            raise InputError(
                f"{name} must hold strings, found {type(value).__name__} at index {texts.index[position]!r} (dtype "
                f"{texts.dtype}); pass the column that has the texts, or convert it with .astype('string')"
            )


def _values(texts: pd.Series) -> Iterator[str | None]:
    for start in range(0, len(texts), READ_ROWS):
        some = texts.iloc[start : start + READ_ROWS]
        for value, missing in zip(some, some.isna(), strict=True):
            yield None if missing else value
