"""What the stages have in common: parameters that go to and come from a saved pipeline, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.integrations.spark.execution import EXECUTIONS

with extra("spark", "the stages for Spark"):
    from pyspark.ml import Transformer
    from pyspark.ml.param import Param, Params, TypeConverters
    from pyspark.ml.param.shared import HasOutputCol
    from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable


def parameter(name: str, doc: str, convert: Callable[[Any], Any]) -> Any:
    """Declares a parameter of a stage."""
    return Param(Params._dummy(), name, doc, typeConverter=convert)


def choice(*known: str) -> Callable[[Any], str]:
    """Makes a converter that takes one of a few names."""

    def convert(value: Any) -> str:
        if value not in known:
            raise TypeError(f"expected one of {', '.join(known)}, found {value!r}")
        return str(value)

    return convert


def count(value: Any) -> int:
    """Converts a whole number from 1 on."""
    number: int = TypeConverters.toInt(value)
    if number < 1:
        raise TypeError(f"expected a whole number from 1 on, found {value!r}")
    return number


def names_of(values: Sequence[Any]) -> list[str]:
    """Takes what `setX("a", "b")` and `setX(["a", "b"])` get: Spark NLP's setters allow both."""
    found = values[0] if len(values) == 1 and not isinstance(values[0], str) else values
    return list(found)


class Stage(Transformer, HasOutputCol, DefaultParamsReadable, DefaultParamsWritable):
    """A stage that adds a column, and another one for errors.

    Attributes:
        errorCol: See the parameter's text.
        execution: See the parameter's text.
    """

    errorCol = parameter(  # noqa: N815 (the field's name in Spark)
        "errorCol",
        "name of a column that says why a row has no answer; null for rows that have one. Empty for none.",
        TypeConverters.toString,
    )
    execution = parameter(
        "execution",
        "how rows reach Python: auto (arrow_udf, or pandas_udf where pyspark is older than 4.1), arrow_udf, mapInArrow "
        "or pandas_udf. The answers are the same.",
        choice(*EXECUTIONS),
    )

    def __init__(self, **params: Any) -> None:
        """Makes a stage; `params` are its parameters by name."""
        super().__init__()
        self._setDefault(errorCol="", execution="auto", **self._defaults())
        self._set(**params)

    def _defaults(self) -> dict[str, Any]:
        raise NotImplementedError

    def _set(self, **params: Any) -> Self:
        for name in params:
            if not self.hasParam(name):
                known = ", ".join(param.name for param in self.params)
                raise InputError(f"{type(self).__name__} has no parameter {name!r}; expected one of {known}")
        super()._set(**params)
        return self

    def _value(self, name: str) -> Any:
        """The value of a parameter, or its default."""
        return self.getOrDefault(name)

    def setOutputCol(self, value: str) -> Self:  # noqa: N802
        """Names the column to add."""
        return self._set(outputCol=value)

    def setErrorCol(self, value: str) -> Self:  # noqa: N802
        """Names a column that says why a row has no answer; empty for none."""
        return self._set(errorCol=value)

    def setExecution(self, value: str) -> Self:  # noqa: N802
        """Chooses how rows reach Python: `auto`, `arrow_udf`, `mapInArrow` or `pandas_udf`."""
        return self._set(execution=value)
