"""How a stage's function meets Spark's rows: by one of three ways, which give the same answers.

arrow_udf   an iterator of Arrow arrays, of the input columns alone; from pyspark 4.1
mapInArrow  an iterator of record batches, of whole rows
pandas_udf  an iterator of pandas Series, for pyspark 4.0; slower, as the answers become Python objects
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.integrations.spark.columns import ERROR
from albert_ner_onnx.integrations.spark.worker import RowFunction

with extra("spark", "the stages for Spark"):
    import pyarrow as pa
    from pyspark.sql import functions
    from pyspark.sql.types import StringType, StructType

EXECUTIONS: Final = ("auto", "arrow_udf", "mapInArrow", "pandas_udf")
_ANSWER: Final = "__albert_ner_answer"
_NOT_UTF8: Final = "the text must be UTF-8; decode the column with its own encoding first"


def add_columns(
    dataset: Any, function: RowFunction, inputs: Sequence[str], outputs: Mapping[str, tuple[str, str]], execution: str
) -> Any:
    """Adds a stage's columns to a data frame.

    Args:
        dataset: The data frame, of Spark Connect or not, streaming or not.
        function: What the stage does to rows.
        inputs: The names of its input columns.
        outputs: For each field of the function's answers, the name of its column, empty for none, and its type as DDL.
        execution: One of `EXECUTIONS`.

    Raises:
        InputError: A column is missing, or there already, or the installed pyspark doesn't have that way.
    """
    _check_columns(dataset.columns, inputs, [name for name, _ in outputs.values() if name])
    answer = ", ".join(f"`{field}`: {kind}" for field, (_, kind) in outputs.items())
    answers = StructType.fromDDL(answer)
    if execution == "auto":
        execution = "arrow_udf" if hasattr(functions, "arrow_udf") else "pandas_udf"
    if execution == "mapInArrow":
        return _map_in_arrow(dataset, function, inputs, outputs, answers)
    if execution == "arrow_udf" and not hasattr(functions, "arrow_udf"):
        raise InputError("execution 'arrow_udf' needs pyspark 4.1 or newer; choose 'mapInArrow' or 'pandas_udf'")
    columns = [functions.col(_quoted(name)) for name in inputs]
    texts = [name for name in inputs if isinstance(dataset.schema[name].dataType, StringType)]
    make = _arrow_udf if execution == "arrow_udf" else _pandas_udf
    if execution == "pandas_udf":  # pandas can't take bytes that aren't UTF-8, which would end the stage
        columns = [
            functions.try_validate_utf8(column) if name in texts else column
            for name, column in zip(inputs, columns, strict=True)
        ]
    # Not deterministic, so that Spark's optimizer never moves a copy of it, and the model runs once for each row
    computed = make(function, answers, len(columns)).asNondeterministic()(*columns)
    added = dataset.withColumn(_ANSWER, computed)
    fields = {name: functions.col(_ANSWER)[field] for field, (name, _) in outputs.items() if name}
    error = outputs[ERROR][0]
    if error and execution == "pandas_udf":
        unreadable = [functions.try_validate_utf8(functions.col(_quoted(name))).isNull() for name in texts]
        for name, bad in zip(texts, unreadable, strict=True):
            broken = functions.when(functions.col(_quoted(name)).isNotNull() & bad, functions.lit(_NOT_UTF8))
            fields[error] = functions.coalesce(fields[error], broken)
    return added.withColumns(fields).drop(_ANSWER)


def _check_columns(known: Sequence[str], inputs: Sequence[str], outputs: Sequence[str]) -> None:
    for name in inputs:
        if name not in known:
            raise InputError(f"the input column {name!r} must be one of {', '.join(known)}")
    for name in outputs:
        if name in known or outputs.count(name) > 1:
            raise InputError(f"the output column {name!r} is there already; choose another name, or drop it first")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _answers(function: RowFunction, columns: Sequence[pa.Array]) -> Iterator[pa.StructArray]:
    """Answers the rows of one of Spark's batches, some at a time."""
    for start in range(0, len(columns[0]), function.batch_size):
        yield from function([_values(column.slice(start, function.batch_size)) for column in columns])


def _values(column: pa.Array) -> list[Any]:
    """The values of a column; a `ValueError` for a string that isn't UTF-8, which Spark's may be."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = [_value(value) for value in column]
    return values


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return ValueError(f"{_NOT_UTF8} (found byte 0x{byte:02x} at offset {error.start})")


# --- arrow_udf --------------------------------------------------------------------------------------------------------


def _arrow_udf(function: RowFunction, answers: StructType, columns: int) -> Any:
    if columns == 1:

        def answer_one(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
            for batch in batches:
                yield from _answers(function, [batch])

        return functions.arrow_udf(_typed(answer_one, pa.Array, 1), answers)

    def answer_several(batches: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        for batch in batches:
            yield from _answers(function, batch)

    return functions.arrow_udf(_typed(answer_several, pa.Array, columns), answers)


def _typed(function: Any, kind: Any, columns: int, result: Any = None) -> Any:
    """Sets the types that Spark reads to tell the kinds of functions apart: names alone mean nothing where it looks."""
    iterator: Any = Iterator
    values = kind if columns == 1 else tuple.__class_getitem__((kind,) * columns)
    function.__annotations__ = {"batches": iterator[values], "return": iterator[result or kind]}
    return function


# --- mapInArrow -------------------------------------------------------------------------------------------------------


def _map_in_arrow(
    dataset: Any,
    function: RowFunction,
    inputs: Sequence[str],
    outputs: Mapping[str, tuple[str, str]],
    answers: StructType,
) -> Any:
    schema = StructType(list(dataset.schema.fields))
    for field, (name, _) in outputs.items():
        if name:
            schema = schema.add(name, answers[field].dataType)
    positions = [dataset.columns.index(name) for name in inputs]
    fields = [field for field, (name, _) in outputs.items() if name]
    names = schema.names

    def answer_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            start = 0
            for part in _answers(function, [batch.column(position) for position in positions]):
                rows = batch.slice(start, len(part))
                start += len(part)
                columns = [*rows.columns, *(part.field(field) for field in fields)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

    numbered = dataset.toDF(*(f"column{index}" for index in range(len(dataset.columns))))  # it can't take `a.b`
    return numbered.mapInArrow(answer_rows, schema)


# --- pandas_udf -------------------------------------------------------------------------------------------------------


def _pandas_udf(function: RowFunction, answers: StructType, columns: int) -> Any:
    with extra("spark", "the execution 'pandas_udf'"):
        import pandas as pd

    def answer(series: Sequence[pd.Series]) -> Iterator[pd.DataFrame]:
        for start in range(0, len(series[0]), function.batch_size):
            rows = [_objects(each.iloc[start : start + function.batch_size]) for each in series]
            for part in function(rows):
                found = {field.name: part.field(field.name).to_pylist(maps_as_pydicts="strict") for field in part.type}
                yield pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in found.items()})

    if columns == 1:

        def answer_one(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
            for batch in batches:
                yield from answer([batch])

        return functions.pandas_udf(_typed(answer_one, pd.Series, 1, pd.DataFrame), answers)

    def answer_several(batches: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield from answer(batch)

    return functions.pandas_udf(_typed(answer_several, pd.Series, columns, pd.DataFrame), answers)


def _objects(series: Any) -> list[Any]:
    """The values of a Series; pandas may have turned a null into NaN or NA."""
    values = series.astype(object)
    found: list[Any] = values.where(series.notna(), None).tolist()
    return found
