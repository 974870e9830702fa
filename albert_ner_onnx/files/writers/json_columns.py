"""The fields of JSON Lines as columns. A column has a type only when all of its values have been seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.writers.batches import has_type
from albert_ner_onnx.files.writers.json_values import to_json

with extra("files", "writing Parquet"):
    import pyarrow as pa

Rows = Sequence[Mapping[str, Any]]
_UNFIT = (pa.ArrowException, OverflowError)


class UnfitColumnError(Exception):
    """A column's type doesn't hold one of its values."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class JsonColumns:
    """The types of columns, in the order in which their fields first come.

    Values of several types, such as a number and a string, have no common one: such a column holds each as JSON.
    """

    def __init__(self, batches: Iterable[Rows]) -> None:
        """Finds the types of all rows."""
        self._types: dict[str, pa.DataType] = {}
        self._json: set[str] = set()
        for rows in batches:
            for name in dict.fromkeys(name for row in rows for name in row):
                if name not in self._json:
                    self._see(name, [row.get(name) for row in rows])
        for name, kind in self._types.items():
            if not has_type(kind):  # an object without fields
                self.write_as_json(name)

    def _see(self, name: str, values: list[Any]) -> None:
        before = self._types.setdefault(name, pa.null())
        try:
            found = pa.array(values).type
            schemas = [pa.schema([(name, before)]), pa.schema([(name, found)])]
            self._types[name] = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except _UNFIT:
            self.write_as_json(name)

    def write_as_json(self, name: str) -> None:
        """Makes a column hold its values as JSON."""
        self._json.add(name)
        self._types[name] = pa.string()

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return pa.schema(list(self._types.items()))

    def arrays(self, rows: Rows) -> list[pa.Array]:
        """Returns the columns of some rows.

        Raises:
            UnfitColumnError: A column's type doesn't hold a value. That of others is right, this one's is to be JSON.
        """
        arrays = []
        for name, kind in self._types.items():
            values = [row.get(name) for row in rows]
            if name in self._json:
                values = [None if value is None else to_json(value) for value in values]
            try:
                arrays.append(pa.array(values, kind))
            except _UNFIT:
                raise UnfitColumnError(name) from None
        return arrays
