"""Entities of a column of Polars, as an expression: for data frames, lazy frames and the streaming engine.

from albert_ner_onnx.integrations.polars import recognize

frame.with_columns(entities=recognize("text"))
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("polars", "recognize"):
    import polars as pl

    from albert_ner_onnx.integrations.arrow import recognize_arrow

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

ENTITIES = pl.List(
    pl.Struct({"text": pl.String, "label": pl.String, "start": pl.Int64, "end": pl.Int64, "score": pl.Float64})
)
"""The type of the column that `recognize` makes. Offsets count code points."""


def recognize(texts: str | pl.Expr, recognizer: EntityRecognizer | None = None) -> pl.Expr:
    """Makes an expression for the entities of each text, of type `ENTITIES`. A null stays a null.

    The answers are those of `recognize_batch`. Each depends on its own row only, so Polars may filter rows first, and
    the streaming engine takes as many as it likes at once.

    Args:
        texts: The column, or an expression, of strings.
        recognizer: What finds them. The default is the model that comes with the package, loaded when it is needed.

    Raises:
        InputError: `texts` is neither; or, when the query runs, the column doesn't hold strings.
    """
    column = pl.col(texts) if isinstance(texts, str) else texts
    if not isinstance(column, pl.Expr):
        raise InputError(
            f"texts must be a column's name or an expression, found {type(texts).__name__}; write "
            "frame.select(recognize('text')), or pass a series to recognize_arrow"
        )
    return column.map_batches(
        partial(_recognize_series, recognizer=recognizer), return_dtype=ENTITIES, is_elementwise=True
    )


def _recognize_series(texts: pl.Series, recognizer: EntityRecognizer | None) -> pl.Series:
    found = recognize_arrow(texts.to_arrow(), recognizer, name=f"column {texts.name!r}")
    return pl.Series(texts.name, found, ENTITIES)
