"""A stream of files to a table, whose driver is killed and started again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import albert_ner_onnx
from spark_jobs import finish, kill, start_job, texts, wait_until

pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed as a group")
FILES, ROWS = 8, 40
JOB = """if True:
    source, table, checkpoint = sys.argv[1:]
    spark = start("local[2]")
    read = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(source)
    found = AlbertForTokenClassification.pretrained().setInputCol("text").setOutputCol("entities").transform(read)
    write = found.writeStream.format("parquet").option("path", table).option("checkpointLocation", checkpoint)
    write.trigger(availableNow=True).start().awaitTermination()
    for row in spark.read.parquet(table).orderBy("id").collect():
        print(row.id, [entity.asDict() for entity in row.entities] if row.entities is not None else None)
    spark.stop()
"""


def test_a_driver_that_is_killed_and_started_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    import json

    values = texts(FILES * ROWS)
    source, table, checkpoint = (tmp_path / name for name in ("source", "table", "checkpoint"))
    source.mkdir()
    for number in range(FILES):
        ids = range(number * ROWS, (number + 1) * ROWS)
        lines = [json.dumps({"id": index, "text": values[index]}) + "\n" for index in ids]
        (source / f"{number}.json").write_text("".join(lines))
    commits = checkpoint / "commits"
    for batch in (1, 3):  # at the end of its second batch, and of the second one after that
        job = start_job(JOB, source, table, checkpoint)
        try:
            wait_until(lambda last=commits / str(batch): last.exists(), job)  # type: ignore[misc]
        finally:
            kill(job)
    printed = finish(start_job(JOB, source, table, checkpoint)).splitlines()
    answers = iter(albert_ner_onnx.load().recognize_batch([text for text in values if text is not None]))
    expected = [None if text is None else [entity.as_dict() for entity in next(answers)] for text in values]
    assert printed == [f"{index} {answer}" for index, answer in enumerate(expected)]
