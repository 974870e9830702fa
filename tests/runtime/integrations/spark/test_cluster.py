"""A cluster of two executors, each a JVM with Python workers of its own, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

import albert_ner_onnx
from spark_jobs import executors_of, finish, kill, start_job, texts, wait_until

pytest.importorskip("pyspark")
pq = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="executors are found in /proc")
ROWS = 800
CLUSTER = {"spark.executorEnv.PYTHONPATH": os.environ.get("PYTHONPATH", "")}
JOB = """if True:
    import json, os

    source, out, model = sys.argv[1:]
    spark = start("local-cluster[2,1,1024]")
    data = spark.read.parquet(source).repartition(8, "id")
    classifier = AlbertForTokenClassification.pretrained(model).setInputCol("text").setOutputCol("entities")
    classifier.transform(data).write.parquet(out)

    def who(batches):  # in the workers that did it
        import pandas
        from albert_ner_onnx.integrations.spark import worker
        for batch in batches:
            yield pandas.DataFrame({"process": [os.getpid()], "loads": [worker._load_once.cache_info().misses]})

    seen = spark.range(0, 8, 1, 8).mapInPandas(who, "process long, loads long")
    print(json.dumps([row.loads for row in seen.collect()]))
    spark.stop()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    import pyarrow as pa

    path = tmp_path / "source.parquet"
    pq.write_table(pa.table({"id": range(ROWS), "text": pa.array(texts(ROWS), pa.string())}), path)
    return path


def test_an_executor_that_is_killed_loses_and_doubles_nothing(source: Path, tmp_path: Path) -> None:
    model, out = albert_ner_onnx.default_model(), tmp_path / "out"
    job = start_job(JOB, source, out, model, settings=CLUSTER)
    try:
        wait_until(lambda: any(out.rglob("part-*")), job)  # a task is at work, or has just ended
        first, *_ = executors_of(job)
        os.kill(first, signal.SIGKILL)
        output = finish(job)
    finally:
        if job.poll() is None:
            kill(job)
    found = pq.read_table(out).sort_by("id").to_pydict()
    assert found["id"] == list(range(ROWS))
    values = [text for text in found["text"] if text is not None]
    answers = iter(albert_ner_onnx.load().recognize_batch(values))
    assert found["entities"] == [
        None if text is None else [entity.as_dict() for entity in next(answers)] for text in found["text"]
    ]
    loads = json.loads(output.splitlines()[-1])
    assert max(loads) == 1  # one recognizer a worker, kept from task to task; none where no task was left to do
