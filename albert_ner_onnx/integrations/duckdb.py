"""Entities in the SQL of DuckDB: a function that takes a VARCHAR.

register(connection)
connection.sql("SELECT recognize(text) FROM texts")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra

with extra("duckdb", "register"):
    import duckdb

    from albert_ner_onnx.integrations.arrow import recognize_arrow

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

ENTITIES = 'STRUCT("text" VARCHAR, "label" VARCHAR, "start" BIGINT, "end" BIGINT, score DOUBLE)[]'
"""What the function returns. Offsets count code points, from 0."""


def register(connection: Any, name: str = "recognize", recognizer: EntityRecognizer | None = None) -> None:
    """Makes a function of SQL that finds the entities of a text. NULL stays NULL.

    The answers are those of `recognize_batch`. DuckDB passes up to 2,048 rows at once, from any of its threads.

    Args:
        connection: A `duckdb.DuckDBPyConnection`; or the module `duckdb`, for its default connection.
        name: The function's name. One that was made in Python on this connection is replaced.
        recognizer: What finds them. The default is the model that comes with the package, loaded when it is needed.

    Raises:
        InputError: The database has a function of this name that can't be replaced.
    """

    def find(texts: Any) -> Any:  # DuckDB evaluates the annotations
        found = recognize_arrow(texts, recognizer)
        return found.combine_chunks()  # DuckDB before 2.0 takes the first chunk for all

    try:
        connection.remove_function(name)
    except duckdb.InvalidInputException:  # there is none
        pass
    try:
        connection.create_function(
            name,
            find,
            ["VARCHAR"],
            ENTITIES,
            type="arrow",
            null_handling="special",
            side_effects=False,
        )
    except duckdb.CatalogException:
        raise InputError(
            f"name must be that of no other function, found {name!r}, which this database has already; pass another "
            "one, such as name='find_entities'"
        ) from None
