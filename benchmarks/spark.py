"""Spark against one process: rows per second on one core and on two executors, a naive udf, start and memory.

Every measurement is a Spark of its own, in a process of its own. Rows go to Spark's sink that keeps nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from albert_ner_export.texts.corpus import own_corpus
from albert_ner_onnx import load
from albert_ner_onnx.machine import peak_memory, resident_memory
from benchmarks.child import call_in_child
from benchmarks.markdown import markdown
from benchmarks.run import ROOT, NotRunError, Run

ROWS: Final = 100_000
_QUICK_ROWS = 60
_SAMPLE = 50  # of the rows, one in so many goes through the slow ways
_MASTERS: Final = ("local[1]", "local[2]", "local-cluster[1,1,1024]", "local-cluster[2,1,1024]")
_WAYS: Final = ("mapInArrow", "pandas_udf", "udf", "loading udf")
_BATCHES: Final = (100, 1_000, 10_000)
_LENGTHS, _QUICK_LENGTHS = (1_000_000, 2_000_000), (2_000,)
_BILLION: Final = 1_000_000_000
_PRICES: Final = (0.02, 0.05)  # dollars for a core and an hour: from spot prices to on-demand ones of common clouds


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise NotRunError("needs Java 17, such as apt's openjdk-17-jre-headless")
    import pyspark

    rows = _QUICK_ROWS if run.quick else ROWS
    sample = max(20, rows // _SAMPLE)
    found: dict[str, Any] = {"rows": rows, "sample": sample, "pyspark": pyspark.__version__}
    run.say("one process")
    found["process"] = call_in_child(__name__, "one_process", str(run.model), rows)
    found["masters"] = {}
    for master in _MASTERS[:1] if run.quick else _MASTERS:
        run.say(master)
        found["masters"][master] = call_in_child(__name__, "job", str(run.model), master, rows, 10_000, "stage")
    found["batches"] = {}
    for batch in _BATCHES[-1:] if run.quick else _BATCHES:
        run.say(f"maxRecordsPerBatch {batch}")
        part = max(rows // 5, sample)
        found["batches"][str(batch)] = call_in_child(__name__, "job", str(run.model), "local[1]", part, batch, "stage")
    found["ways"] = {}
    for way in _WAYS[-1:] if run.quick else _WAYS:
        run.say(way)
        part = sample if "udf" in way.split() else max(rows // 5, sample)
        found["ways"][way] = call_in_child(__name__, "job", str(run.model), "local[1]", part, 10_000, way)
    run.say("long rows")
    lengths = _QUICK_LENGTHS if run.quick else _LENGTHS
    found["long_rows"] = [call_in_child(__name__, "long_row", str(run.model), length) for length in lengths]
    return found


def texts(count: int) -> list[str]:
    """The project's own sentences, as many as are asked for."""
    return list(islice(cycle(own_corpus().held_out), count))


def one_process(model: str, rows: int) -> dict[str, float]:
    """Rows per second of `recognize_batch` with one core, in this process."""
    recognizer = load(model, workers=1, threads=1)
    values = texts(rows)
    recognizer.recognize_batch(values[:200])
    started = time.perf_counter()
    for start in range(0, rows, 10_000):
        recognizer.recognize_batch(values[start : start + 10_000])
    return {"rows_per_second": rows / (time.perf_counter() - started)}


def long_row(model: str, length: int) -> dict[str, Any]:
    """Memory of a process that reads one row of this many characters."""
    recognizer = load(model, workers=1)
    recognizer.recognize_batch(texts(200))
    before = resident_memory()
    whole = " ".join(own_corpus().held_out) + " "
    recognizer.recognize((whole * (1 + length // len(whole)))[:length])
    return {"characters": length, "before_bytes": before, "peak_bytes": peak_memory()}


def job(model: str, master: str, rows: int, batch: int, way: str) -> dict[str, Any]:
    """Measures one Spark: a first row, then all of them, then what its workers took.

    Args:
        model: Folder of the model.
        master: Spark's master.
        rows: Number of rows.
        batch: Spark's maxRecordsPerBatch.
        way: `stage`, one of its ways of execution, or a naive `udf`, which loads its model once a worker, or, as
            `loading udf`, for each row.
    """
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.executorEnv.PYTHONPATH", str(ROOT))
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", batch)
    builder = builder.config("spark.sql.adaptive.coalescePartitions.enabled", "false")  # few rows are parts, too
    started = time.perf_counter()
    spark = builder.getOrCreate()
    session = time.perf_counter() - started
    spark.sparkContext.setLogLevel("OFF")
    with tempfile.TemporaryDirectory() as folder:
        data = _table(spark, Path(folder, "rows"), rows)
        found = _with_entities(data, model, way)
        started = time.perf_counter()
        found.limit(1).collect()
        first = time.perf_counter() - started
        few = data.limit(8 if way == "loading udf" else 200).repartition(8)  # so that each worker has its model
        _with_entities(few, model, way).write.format("noop").mode("overwrite").save()
        started = time.perf_counter()
        found.write.format("noop").mode("overwrite").save()
        seconds = time.perf_counter() - started
        peaks = [row.peak for row in spark.range(0, 8, 1, 8).mapInPandas(_peak, "peak long").collect()]
    spark.stop()
    return {
        "rows": rows,
        "rows_per_second": rows / seconds,
        "session_seconds": session,
        "first_row_seconds": first,
        "worker_peak_bytes": max(peaks),
    }


def _table(spark: Any, path: Path, rows: int) -> Any:
    """Rows in a file of Parquet, in eight parts, so that no part is a burden on the last worker."""
    import pandas as pd

    spark.createDataFrame(pd.DataFrame({"text": texts(rows)})).repartition(8).write.parquet(str(path))
    return spark.read.parquet(str(path)).repartition(8)


def _with_entities(data: Any, model: str, way: str) -> Any:
    from pyspark.sql.functions import udf

    from albert_ner_onnx.integrations.spark import AlbertForTokenClassification
    from albert_ner_onnx.integrations.spark.columns import ENTITIES_DDL

    if "udf" not in way.split():
        stage = AlbertForTokenClassification(model=model, inputCol="text", outputCol="entities")
        return stage.setExecution("auto" if way == "stage" else way).transform(data)
    recognizers: dict[str, Any] = {}

    def recognize(text: str) -> list[dict[str, Any]]:
        if way == "loading udf":
            recognizers.clear()
        if model not in recognizers:
            recognizers[model] = load(model, workers=1)
        return [entity.as_dict() for entity in recognizers[model].recognize(text)]

    return data.withColumn("entities", udf(recognize, ENTITIES_DDL)("text"))


def _peak(batches: Iterator[Any]) -> Iterator[Any]:
    import pandas as pd

    for _ in batches:
        yield pd.DataFrame({"peak": [peak_memory()]})


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    one = figures["process"]["rows_per_second"]
    rows = [["one process, `recognize_batch`", f"{figures['rows']:,}", f"{one:.0f}", "100 %", "", "", ""]]
    for master, each in figures["masters"].items():
        cores = 2 if "[2" in master else 1
        rows.append([f"`{master}`", *_cells(each, one, cores)])
    names = {"udf": "`udf(row)`, a recognizer kept by the worker", "loading udf": "`udf(row)` that loads the model"}
    rows += [[names.get(way, f"`local[1]`, `{way}`"), *_cells(each, one, 1)] for way, each in figures["ways"].items()]
    header = ["", "rows", "rows/s", "a core, of one process", "session, s", "first row, s", "a worker's peak, MB"]
    batches = [[f"{int(size):,}", *_cells(each, one, 1)[1:3]] for size, each in figures["batches"].items()]
    long_rows = [
        [f"{each['characters']:,}", f"{each['before_bytes'] / 1e6:.0f}", f"{each['peak_bytes'] / 1e6:.0f}"]
        for each in figures["long_rows"]
    ]
    return {
        "rows": markdown(header, rows),
        "batches": markdown(["maxRecordsPerBatch", "rows/s", "a core, of one process"], batches),
        "memory": markdown(["characters of a row", "MB before", "MB at the peak"], long_rows),
        "cost": _cost(figures),
    }


def _cells(each: Mapping[str, Any], one: float, cores: int) -> list[str]:
    share = each["rows_per_second"] / cores / one
    seconds = [f"{each['session_seconds']:.1f}", f"{each['first_row_seconds']:.1f}"]
    peak = f"{each['worker_peak_bytes'] / 1e6:.0f}"
    return [f"{each['rows']:,}", f"{each['rows_per_second']:.0f}", f"{100 * share:.0f} %", *seconds, peak]


def _cost(figures: Mapping[str, Any]) -> str:
    """What a billion sentences take, from the rate of the largest cluster that was measured."""
    master, each = list(figures["masters"].items())[-1]
    rate = each["rows_per_second"] / (2 if "[2" in master else 1)
    hours = _BILLION / rate / 3600
    first = each["session_seconds"] + each["first_row_seconds"]
    rows = [["rows/s and core", f"{rate:.0f}"], ["core-hours", f"{hours:,.0f}"]]
    rows += [[f"dollars at {price:.2f} a core-hour", f"{hours * price:,.0f}"] for price in _PRICES]
    rows += [[f"hours with {cores:,} cores", f"{hours / cores:,.1f}"] for cores in (64, 1_000)]
    rows.append(["share of the start, with 1,000 cores", f"{100 * first / (first + hours / 1_000 * 3600):.1f} %"])
    return markdown(["a billion sentences", ""], rows)
