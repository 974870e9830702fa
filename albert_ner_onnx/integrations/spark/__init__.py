"""Spark: the stages `AlbertForTokenClassification` and `NerConverter` for pipelines of `pyspark.ml`.

    from albert_ner_onnx.integrations.spark import AlbertForTokenClassification

    classifier = AlbertForTokenClassification.pretrained().setInputCol("text").setOutputCol("entities")
    classifier.transform(dataset)

Executors import `worker`, `shipping` and `columns`, but never `pyspark.ml`, which takes longer than the model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from albert_ner_onnx.integrations.spark.classifier import AlbertForTokenClassification
    from albert_ner_onnx.integrations.spark.ner_converter import NerConverter

__all__ = ["AlbertForTokenClassification", "NerConverter"]

_STAGES = {"AlbertForTokenClassification": "classifier", "NerConverter": "ner_converter"}


def __getattr__(name: str) -> object:  # late: a worker needs neither
    if name in _STAGES:
        return getattr(import_module(f"{__name__}.{_STAGES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
