"""The stage NerConverter against the chunks that the real one made."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import InputError
from spark_jobs import executions, rows_of

pytest.importorskip("pyspark")

from albert_ner_onnx.integrations.spark import NerConverter
from albert_ner_onnx.integrations.spark.columns import ANNOTATIONS_DDL

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
EXPECTED = Path(__file__).parents[3] / "export/sources/fixtures/spark_nlp/expected/ner_converter.json.gz"
SCHEMA = f"id int, document string, token {ANNOTATIONS_DDL}, ner {ANNOTATIONS_DDL}"
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "white_list": {"whiteList": ["PER", "LOC"]},
    "preserve_position_false": {"preservePosition": False},
    "no_schema": {"nerHasNoSchema": True},
}


def annotation(kind: str, begin: int, end: int, result: str, metadata: dict[str, str]) -> tuple[Any, ...]:
    return kind, begin, end, result, {"sentence": "0", **metadata}, []


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gzip.decompress(EXPECTED.read_bytes()))
    return found


def frame(spark: Any, found: list[dict[str, Any]]) -> Any:
    rows = [
        (
            index,
            case["text"],
            [annotation("token", begin, end, word, {}) for begin, end, word in case["token"]],
            [annotation("named_entity", b, e, tag, {"word": word, tag: p}) for b, e, tag, word, p in case["ner"]],
        )
        for index, case in enumerate(found)
    ]
    return spark.createDataFrame(rows, SCHEMA).coalesce(2)


@pytest.mark.parametrize("execution", executions())
def test_chunks_are_the_real_nerconverters(spark: Any, execution: str) -> None:
    found = cases()
    answers = frame(spark, found)
    for name, params in SETTINGS.items():
        converter = NerConverter(outputCol=name, execution=execution, **params)
        answers = converter.setInputCols("document", "token", "ner").transform(answers)
    for row in answers.collect():
        for name in SETTINGS:
            assert rows_of(row[name]) == [
                {
                    "annotatorType": "chunk",
                    "begin": begin,
                    "end": end,
                    "result": result,
                    "metadata": metadata,
                    "embeddings": [],
                }
                for begin, end, result, metadata in found[row["id"]][name]
            ], row["document"]


def test_without_tokens_the_words_are_the_tagged_ones_and_the_order_of_columns_is_free(spark: Any) -> None:
    every_word = [case for case in cases() if len(case["ner"]) == len(case["token"])][:20]
    assert len(every_word) == 20
    converter = NerConverter(inputCols=["ner", "document"], outputCol="chunks")
    for row in converter.transform(frame(spark, every_word)).collect():
        assert [each["result"] for each in row["chunks"]] == [each[2] for each in every_word[row["id"]]["default"]]


def test_rows_that_fail_say_why(spark: Any) -> None:
    word = annotation("named_entity", 0, 4, "B-LOC", {"word": "Paris", "B-LOC": "0.5"})
    rows: list[Any] = [
        (0, "Paris", [], [word]),
        (1, "Pari", [], [word]),
        (2, "Paris", [], [annotation("named_entity", 0, 4, "B-LOC", {})]),
        (3, "Paris", [], [annotation("named_entity", 0, 4, "B-LOC", {"B-LOC": "high"})]),
        (4, None, [], [word]),
        (5, "Paris", [], None),
        (6, "Paris", [], []),
    ]
    converter = NerConverter(outputCol="chunks", errorCol="error").setInputCols(["document", "token", "ner"])
    answers = {row["id"]: row for row in converter.transform(spark.createDataFrame(rows, SCHEMA)).collect()}
    assert [each["result"] for each in answers[0]["chunks"]] == ["Paris"]
    assert answers[1]["error"] == "the annotation at 0 to 4 lies outside of the text, which ends at 3"
    assert answers[2]["error"] == "the annotation at 0 has no probability of its tag B-LOC in its metadata"
    assert "high" in answers[3]["error"]
    assert [answers[index]["chunks"] for index in range(1, 7)] == [None] * 5 + [[]]
    assert [answers[index]["error"] for index in (0, 4, 5, 6)] == [None] * 4


@pytest.mark.parametrize("names", [["document"], ["token", "ner"], ["document", "document"], ["id", "ner"]])
def test_it_needs_a_text_and_annotations(spark: Any, names: list[str]) -> None:
    with pytest.raises(InputError, match="inputCols must be one column of texts and the columns of their annotations"):
        NerConverter(inputCols=names, outputCol="chunks").transform(frame(spark, cases()[:1]))


def test_each_setter_sets_its_parameter_which_is_saved(spark: Any, tmp_path: Path) -> None:
    made = NerConverter().setInputCols(["a", "b"]).setOutputCol("c").setErrorCol("d").setExecution("mapInArrow")
    made = made.setWhiteList(["PER"]).setPreservePosition(False).setNerHasNoSchema(True)
    made.save(str(tmp_path / "stage"))
    loaded = NerConverter.load(str(tmp_path / "stage"))
    assert loaded.extractParamMap() == made.extractParamMap()
    assert {param.name: value for param, value in loaded.extractParamMap().items()} == {
        "inputCols": ["a", "b"],
        "outputCol": "c",
        "errorCol": "d",
        "execution": "mapInArrow",
        "whiteList": ["PER"],
        "preservePosition": False,
        "nerHasNoSchema": True,
    }
