"""The stage AlbertForTokenClassification in a real Spark: its answers, rows that fail, and parameters."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import albert_ner_onnx
from albert_ner_onnx import EntityRecognizer, InputError, ModelError
from spark_jobs import SCHEMA, executions, rows_of, texts
from toy_models import INT8

pytest.importorskip("pyspark")
from pyspark.ml import Pipeline, PipelineModel

from albert_ner_onnx.integrations.spark import AlbertForTokenClassification, NerConverter

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
EXECUTIONS = executions()
TEXT = "Kofi Annan flew from Geneva 😀 to New York."


def stage(**params: Any) -> AlbertForTokenClassification:
    return AlbertForTokenClassification(**{"inputCol": "text", "outputCol": "found", **params})


def frame(spark: Any, values: Sequence[str | None]) -> Any:
    return spark.createDataFrame(list(enumerate(values)), SCHEMA)


def found(spark: Any, values: Sequence[str | None], **params: Any) -> list[Any]:
    """The answers, in the order of the values."""
    rows = stage(**params).transform(frame(spark, values)).collect()
    return [rows_of(row["found"]) for row in sorted(rows, key=lambda row: row["id"])]


def expected(recognizer: EntityRecognizer, values: Sequence[str | None]) -> list[Any]:
    answers = iter(recognizer.recognize_batch([value for value in values if value is not None]))
    return [None if value is None else [entity.as_dict() for entity in next(answers)] for value in values]


# --- Answers ----------------------------------------------------------------------------------------------------------


def test_3000_rows_are_those_of_the_recognizer_to_the_bit_in_every_way(spark: Any) -> None:
    values = texts(3000)
    answers = expected(albert_ner_onnx.load(), values)
    assert sum(len(each) for each in answers if each) > 1000
    for execution in EXECUTIONS:
        assert found(spark, values, execution=execution) == answers, execution


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_neither_sparks_batches_nor_ours_change_answers(spark: Any, execution: str, size: int) -> None:
    values = [TEXT, None, "", "Siemens is in Berlin."][: size + 1] if size else []
    answers = expected(albert_ner_onnx.load(), values)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 2)
    try:
        for batch in (1, 2, 3, 1024):
            assert found(spark, values, execution=execution, batchSize=batch) == answers
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_the_other_columns_stay(spark: Any) -> None:
    data = spark.sql(
        "select 1 as `a.b`, array(1, 2) as list, map('x', 1.5D) as map, named_struct('y', date'2026-01-31') as struct, "
        "cast(1.25 as decimal(9, 2)) as decimal, timestamp'2026-01-31 10:00:00' as time, X'ff' as bytes, "
        "'Kofi Annan' as `te``xt.of it`"
    )
    for execution in EXECUTIONS:
        row = stage(inputCol="te`xt.of it", execution=execution).transform(data).first()
        assert row[:-1] == data.first()
        assert [entity.text for entity in row["found"]] == ["Kofi Annan"]


def test_the_model_runs_once_for_a_row_that_is_filtered_and_exploded(spark: Any) -> None:
    answers = stage(errorCol="error").transform(frame(spark, [TEXT]))
    answers = answers.filter("size(found) > 0").selectExpr("id", "explode(found) as entity", "error")
    plan = answers._jdf.queryExecution().executedPlan().toString()
    assert plan.count("ArrowEvalPython") == 1
    assert [row.entity.text for row in answers.collect()] == ["Kofi Annan", "Geneva", "New York"]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_the_annotations_are_those_of_the_document_and_their_type_is_spark_nlps(spark: Any, execution: str) -> None:
    params = {"outputFormat": "spark-nlp", "tokenCol": "token", "execution": execution}
    answers = stage(**params).transform(frame(spark, [TEXT, "", None]))
    assert [(field.name, field.dataType.simpleString()) for field in answers.schema.fields[2:]] == [
        (
            name,
            "array<struct<annotatorType:string,begin:int,end:int,result:string,metadata:map<string,string>,"
            "embeddings:array<float>>>",
        )
        for name in ("found", "token")
    ]
    rows = {row["id"]: row for row in answers.collect()}
    annotations = albert_ner_onnx.load().analyze(TEXT).as_spark_nlp()
    assert rows_of(rows[0]["found"]) == annotations["named_entity"]
    assert rows_of(rows[0]["token"]) == annotations["token"]
    assert (rows[1]["found"], rows[2]["found"], rows[2]["token"]) == ([], None, None)


# --- Rows that fail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_rows_that_fail_are_null_and_say_why_and_the_others_are_answered(spark: Any, execution: str) -> None:
    data = spark.sql("select cast(X'4b6f66ff' as string) text, 0 id union all select 'Kofi Annan', 1").coalesce(1)
    data = data.union(spark.createDataFrame([("Kofi Annan.", 2), (None, 3)], "text string, id int")).coalesce(1)
    answers = stage(execution=execution, errorCol="error", maxCharacters=10).transform(data).collect()
    utf8, good, long, null = sorted(answers, key=lambda row: row["id"])
    assert utf8["found"] is None
    assert "must be UTF-8" in utf8["error"]
    assert ([entity.text for entity in good["found"]], good["error"]) == (["Kofi Annan"], None)
    assert long["found"] is None
    assert "must have at most 10 characters, found 11" in long["error"]
    assert (null["found"], null["error"]) == (None, None)


def test_without_a_column_for_errors_they_are_just_null(spark: Any) -> None:
    assert found(spark, ["Kofi Annan.", "Kofi Annan"], maxCharacters=10)[0] is None


# --- Parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({"labels": ["PER"]}, {"labels": ["PER"]}),
        ({"labels": []}, {"labels": []}),
        ({"minScore": 0.9}, {"min_score": 0.9}),
        ({"minScore": {"PER": 1.0}}, {"min_score": {"PER": 1.0}}),
        ({"decoder": "argmax", "context": "sentence"}, {"decoder": "argmax", "context": "sentence"}),
        ({"newlines": "border", "markup": "html"}, {"newlines": "border", "markup": "html"}),
        ({"abbreviations": ["Det"]}, {"abbreviations": ["Det"]}),
    ],
)
def test_parameters_reach_the_recognizer(spark: Any, params: dict[str, Any], options: dict[str, Any]) -> None:
    values = [TEXT, "Det. Lee of New\nYork", "<b>Kofi</b> Annan"]
    assert found(spark, values, **params) == expected(albert_ner_onnx.load(**options), values)


def test_each_setter_sets_its_parameter_which_is_explained_and_saved(spark: Any, tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "inputCol": "a",
        "outputCol": "b",
        "errorCol": "c",
        "tokenCol": "d",
        "execution": "mapInArrow",
        "model": "e",
        "shipModel": True,
        "outputFormat": "spark-nlp",
        "labels": ["PER"],
        "minScore": {"PER": 0.5},
        "decoder": "argmax",
        "context": "sentence",
        "newlines": "border",
        "markup": "html",
        "abbreviations": ["Det"],
        "caseSensitive": True,
        "maxSentenceLength": 512,
        "batchSize": 8,
        "maxCharacters": 5,
    }
    made = AlbertForTokenClassification()
    for name, value in values.items():
        assert getattr(made, f"set{name[0].upper()}{name[1:]}")(value) is made
        assert made.getOrDefault(name) == value
    assert {param.name for param in made.params} == values.keys()
    assert all(param.doc for param in made.params)
    made.save(str(tmp_path / "stage"))
    loaded = AlbertForTokenClassification.load(str(tmp_path / "stage"))
    assert (loaded.uid, loaded.extractParamMap()) == (made.uid, made.extractParamMap())
    assert AlbertForTokenClassification().setInputCols(["x"]).getInputCol() == "x"
    assert AlbertForTokenClassification().setInputCols("x").getInputCol() == "x"
    assert AlbertForTokenClassification().setLabels("PER", "LOC").getOrDefault("labels") == ["PER", "LOC"]


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"labels": ["CITY"]}, r"labels\[0\] must be one of LOC, MISC, ORG, PER"),
        ({"minScore": 1.5}, "min_score must be a number from 0 to 1"),
        ({"inputCol": "body"}, "the input column 'body' must be one of id, text"),
        ({"inputCol": "id"}, "the input column 'id' must hold strings, found bigint"),
        ({"outputCol": "id"}, "the output column 'id' is there already"),
        ({"outputCol": "found", "errorCol": "found"}, "the output column 'found' is there already"),
        ({"maxSentenceLength": 2}, "maxSentenceLength must be from 3 to 512, found 2"),
        ({"maxSentenceLength": 513}, "maxSentenceLength must be from 3 to 512, found 513"),
    ],
)
def test_what_is_wrong_shows_before_a_job_starts(spark: Any, params: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        stage(**params).transform(frame(spark, [TEXT]))


def test_invalid_values_and_names_are_refused() -> None:
    with pytest.raises(TypeError, match="expected one of entities, spark-nlp, found 'json'"):
        stage(outputFormat="json")
    with pytest.raises(TypeError, match="expected a whole number from 1 on, found 0"):
        stage(batchSize=0)
    with pytest.raises(InputError, match="has no parameter 'colour'; expected one of abbreviations, batchSize"):
        stage(colour="red")
    with pytest.raises(
        InputError, match=r"found \['token', 'document'\]; DocumentAssembler and Tokenizer aren't needed"
    ):
        stage().setInputCols(["token", "document"])


def test_the_case_is_the_models(spark: Any) -> None:
    assert found(spark, [TEXT], caseSensitive=False)[0]
    with pytest.warns(UserWarning, match="caseSensitive is True, but the model albert-small-conll03 doesn't tell"):
        stage(caseSensitive=True).transform(frame(spark, [TEXT]))


def test_a_shorter_length_makes_more_windows(spark: Any) -> None:
    """Pieces that the model can't see at once aren't lost, and a length beyond the model's own is its own."""
    text = " ".join(f"Kofi Annan met the {number} envoys in Geneva." for number in range(30))
    at_once, in_parts = (found(spark, [text], maxSentenceLength=length)[0] for length in (512, 40))
    assert at_once == expected(albert_ner_onnx.load(), [text])[0]
    assert [entity["text"] for entity in in_parts] == [entity["text"] for entity in at_once]
    assert in_parts != at_once  # in their scores


# --- Models -----------------------------------------------------------------------------------------------------------


def test_another_model_by_path_or_shipped(spark: Any, tmp_path: Path) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    answers = expected(albert_ner_onnx.load(model), [TEXT])
    by_path = stage().setModel(str(model))
    shipped = AlbertForTokenClassification.pretrained(str(model)).setInputCol("text").setOutputCol("found")
    for each in (by_path, shipped):
        row = each.transform(frame(spark, [TEXT])).first()
        assert [rows_of(row["found"])] == answers


def test_what_pretrained_refuses(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        AlbertForTokenClassification.pretrained("albert_xlarge_token_classifier_conll03", "en")
    with pytest.raises(InputError, match="lang must be 'en', the language of the model, found 'de'"):
        AlbertForTokenClassification.pretrained(lang="de")


# --- Pipelines --------------------------------------------------------------------------------------------------------


def test_a_pipeline_and_its_saved_model(spark: Any, tmp_path: Path) -> None:
    data = frame(spark, [TEXT, None])
    classifier = stage(outputCol="ner", outputFormat="spark-nlp", tokenCol="token")
    converter = NerConverter().setInputCols(["text", "token", "ner"]).setOutputCol("found").setWhiteList("PER", "ORG")
    pipeline = Pipeline(stages=[classifier, converter])
    pipeline.save(str(tmp_path / "pipeline"))
    pipeline.fit(data).save(str(tmp_path / "model"))
    models = [Pipeline.load(str(tmp_path / "pipeline")).fit(data), PipelineModel.load(str(tmp_path / "model"))]
    chunks = albert_ner_onnx.load().analyze(TEXT).as_spark_nlp(white_list=["PER", "ORG"])["chunk"]
    for model in models:
        rows = {row["id"]: row["found"] for row in model.transform(data).collect()}
        assert (rows_of(rows[0]), rows[1]) == (chunks, None)
        assert [each.uid for each in model.stages] == [classifier.uid, converter.uid]


def test_scores_are_finite_numbers_of_64_bits(spark: Any) -> None:
    ((entity, *_),) = found(spark, [TEXT])
    assert isinstance(entity["score"], float)
    assert math.isfinite(entity["score"])
