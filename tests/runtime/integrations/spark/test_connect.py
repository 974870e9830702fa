"""Spark Connect: the driver is a client without a JVM, and the stages must not need one."""

from __future__ import annotations

from pathlib import Path

import pytest

import albert_ner_onnx
from spark_jobs import finish, start_job
from toy_models import INT8

pytest.importorskip("pyspark")
pytest.importorskip("grpc_status", reason="pip install 'pyspark[connect]'")

TEXT = "Kofi Annan flew from Geneva to New York."
JOB = """if True:
    from pyspark.ml import Pipeline, PipelineModel

    model, text, folder = sys.argv[1:]
    builder = SparkSession.builder.remote("local[2]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    assert type(spark).__module__ == "pyspark.sql.connect.session"
    data = spark.createDataFrame([(0, text), (1, None)], SCHEMA)
    for execution in ("arrow_udf", "mapInArrow", "pandas_udf"):
        shipped = AlbertForTokenClassification.pretrained(model).setInputCol("text").setOutputCol("found")
        row, null = shipped.setExecution(execution).transform(data).orderBy("id").collect()
        print([entity.asDict() for entity in row.found], null.found)
    classifier = AlbertForTokenClassification.pretrained().setInputCol("text").setOutputCol("ner")
    converter = NerConverter().setInputCols(["text", "ner"]).setOutputCol("chunks")
    pipeline = Pipeline(stages=[classifier.setOutputFormat("spark-nlp"), converter])
    pipeline.fit(data).write().save(folder)
    row, null = PipelineModel.load(folder).transform(data).orderBy("id").collect()
    print([(chunk.result, chunk.metadata["entity"]) for chunk in row.chunks], null.chunks)
    spark.stop()
"""


def test_the_stages_work_without_a_jvm(tmp_path: Path) -> None:
    job = start_job(JOB, INT8, TEXT, tmp_path / "model", settings={"spark.log.level": "ERROR"})
    printed = finish(job).splitlines()
    toys = [entity.as_dict() for entity in albert_ner_onnx.load(INT8).recognize(TEXT)]
    assert printed[:3] == [f"{toys} None"] * 3
    chunks = [(entity.text, entity.label) for entity in albert_ner_onnx.load().recognize(TEXT)]
    assert printed[3] == f"{chunks} None"
