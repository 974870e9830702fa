"""The card's pipeline in a real Spark, with exact exports: the columns are those that Spark NLP 5.5.3 recorded."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_onnx import InputError
from spark_jobs import local_session
from spark_nlp_archives import FIXTURES, PIPELINE, TENSORFLOW

pytest.importorskip("pyspark")
from pyspark.ml import Pipeline

from albert_ner_onnx.integrations.spark import AlbertForTokenClassification, NerConverter

SETTINGS = {
    "tensorflow_lower_128": (TENSORFLOW, False, 128),
    "onnx_cased_512": (PIPELINE, True, 512),
    "onnx_lower_16": (PIPELINE, False, 16),
}


def export(folder: Path, archive: Path, case_sensitive: bool, length: int) -> str:
    options = ExportOptions(
        precision="fp32", case_sensitive=case_sensitive, max_sentence_length=length, exact_spark_nlp=True
    )
    export_model(archive, folder, options)
    return str(folder)


def pipeline(model: str, case_sensitive: bool, length: int) -> Pipeline:
    classifier = (
        AlbertForTokenClassification.pretrained(model, "en")
        .setInputCols(["text"])
        .setOutputCol("ner")
        .setOutputFormat("spark-nlp")
        .setTokenCol("token")
        .setCaseSensitive(case_sensitive)
        .setMaxSentenceLength(length)
    )
    converter = NerConverter().setInputCols(["text", "token", "ner"]).setOutputCol("entities")
    return Pipeline(stages=[classifier, converter])


def assert_same(found: Any, expected: list[dict[str, Any]]) -> None:
    """Compares annotations: all of Spark NLP's, and its probabilities within 1e-5."""
    assert len(found) == len(expected)
    for each, theirs in zip((each.asDict(recursive=True) for each in found), expected, strict=True):
        scores = {key: float(each["metadata"].pop(key)) for key in list(each["metadata"]) if key not in _NAMES}
        names = {key: value for key, value in theirs["metadata"].items() if key in _NAMES}
        assert each == {**theirs, "metadata": names, "embeddings": []}
        assert scores == pytest.approx(
            {key: float(value) for key, value in theirs["metadata"].items() if key not in _NAMES}, abs=1e-5
        )


_NAMES = ("word", "entity", "sentence", "chunk")


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_columns_are_spark_nlps(tmp_path: Path) -> None:
    with local_session() as spark:
        for name, (archive, case_sensitive, length) in SETTINGS.items():
            model = export(tmp_path / name, archive, case_sensitive, length)
            lines = gzip.decompress((FIXTURES / "expected" / f"{name}.jsonl.gz").read_bytes()).splitlines()
            records = [json.loads(line) for line in lines]
            data = spark.createDataFrame([(index, each["text"]) for index, each in enumerate(records)], ["id", "text"])
            answers = pipeline(model, case_sensitive, length).fit(data).transform(data).orderBy("id").collect()
            assert len(answers) == len(records) == 101
            for row, record in zip(answers, records, strict=True):
                for column in ("token", "ner", "entities"):
                    assert_same(row[column], record[column])
            for case, most in ((not case_sensitive, length), (case_sensitive, length + 1)):
                with pytest.raises(InputError, match=r"export it again with --case-sensitive|must be (at most|from)"):
                    pipeline(model, case, most).fit(data).transform(data)


def test_a_shorter_length_truncates_as_spark_nlp_does(tmp_path: Path) -> None:
    """One exact model serves each length that Spark NLP's setter may get."""
    with local_session() as spark:
        model = export(tmp_path / "model", PIPELINE, False, 128)
        lines = gzip.decompress((FIXTURES / "expected/onnx_lower_16.jsonl.gz").read_bytes()).splitlines()
        records = [json.loads(line) for line in lines]
        data = spark.createDataFrame([(index, each["text"]) for index, each in enumerate(records)], ["id", "text"])
        answers = pipeline(model, False, 16).fit(data).transform(data).orderBy("id").collect()
        for row, record in zip(answers, records, strict=True):
            assert_same(row["ner"], record["ner"])
