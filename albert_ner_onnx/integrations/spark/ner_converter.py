"""The stage that makes Spark NLP's chunks from its annotations of words."""

from __future__ import annotations

from typing import Any, Self

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.integrations.spark.columns import ANNOTATIONS_DDL, ERROR
from albert_ner_onnx.integrations.spark.execution import add_columns
from albert_ner_onnx.integrations.spark.params import Stage, names_of, parameter
from albert_ner_onnx.integrations.spark.worker import ConvertTags

with extra("spark", "the stages for Spark"):
    from pyspark.ml.param import TypeConverters
    from pyspark.ml.param.shared import HasInputCols
    from pyspark.sql.types import StringType


class NerConverter(Stage, HasInputCols):
    """Makes chunks of type `chunk` as Spark NLP's NerConverter does.

    It reads a column of texts and columns of annotations, in any order: their types tell them apart. Without
    annotations of type `token`, a word that got no tag doesn't end a chunk.
    """

    # A saved pipeline names this: it must not depend on how the package is divided into files.
    __module__ = "albert_ner_onnx.integrations.spark"

    whiteList = parameter(  # noqa: N815
        "whiteList", "labels of the chunks to keep; empty for all.", TypeConverters.toListString
    )
    preservePosition = parameter(  # noqa: N815
        "preservePosition",
        "whether the text of a chunk spans its offsets, rather than being its first word alone.",
        TypeConverters.toBoolean,
    )
    nerHasNoSchema = parameter(  # noqa: N815
        "nerHasNoSchema",
        "whether the label is the whole tag, rather than the tag without its first two characters.",
        TypeConverters.toBoolean,
    )

    def _defaults(self) -> dict[str, Any]:
        return {"whiteList": [], "preservePosition": True, "nerHasNoSchema": False}

    def setInputCols(self, *value: Any) -> Self:  # noqa: N802
        """Names the columns to read: the text, its `named_entity` annotations, and its tokens if they are there."""
        return self._set(inputCols=names_of(value))

    def setWhiteList(self, *value: Any) -> Self:  # noqa: N802
        """Names the labels of the chunks to keep."""
        return self._set(whiteList=names_of(value))

    def setPreservePosition(self, value: bool) -> Self:  # noqa: N802
        """Says whether the text of a chunk spans its offsets, rather than being its first word alone."""
        return self._set(preservePosition=value)

    def setNerHasNoSchema(self, value: bool) -> Self:  # noqa: N802
        """Says whether the label is the whole tag, rather than the tag without its first two characters."""
        return self._set(nerHasNoSchema=value)

    def _transform(self, dataset: Any) -> Any:
        inputs = self._value("inputCols")
        kinds = {field.name: field.dataType for field in dataset.schema.fields}
        texts = [index for index, name in enumerate(inputs) if isinstance(kinds.get(name), StringType)]
        if len(texts) != 1 or len(inputs) < 2:
            raise InputError(
                "inputCols must be one column of texts and the columns of their annotations, such as ['text', 'ner'], "
                f"found {inputs}"
            )
        function = ConvertTags(
            text=texts[0],
            white_list=tuple(self._value("whiteList")),
            preserve_position=self._value("preservePosition"),
            no_schema=self._value("nerHasNoSchema"),
        )
        outputs = {"found": (self.getOutputCol(), ANNOTATIONS_DDL), ERROR: (self._value("errorCol"), "string")}
        return add_columns(dataset, function, inputs, outputs, self._value("execution"))
