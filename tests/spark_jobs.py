"""Spark for tests: a small local session, jobs in processes of their own, and texts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from albert_ner_onnx.benchmark.startup import sample_sentences

SCHEMA = "id bigint, text string"
JOB = f"""if True:
    import sys
    from pyspark.sql import SparkSession
    from albert_ner_onnx.integrations.spark import AlbertForTokenClassification, NerConverter

    def start(master, **settings):
        builder = SparkSession.builder.master(master)
        for name, value in {{**SETTINGS, **settings}}.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()

    SCHEMA = {SCHEMA!r}
"""
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "700m",
    "spark.sql.shuffle.partitions": "2",
    "spark.log.level": "ERROR",
}


def executions() -> list[str]:
    """The ways that the installed pyspark has."""
    from pyspark.sql import functions

    return [*(["arrow_udf"] if hasattr(functions, "arrow_udf") else []), "mapInArrow", "pandas_udf"]


def texts(count: int) -> list[str | None]:
    """Texts that all differ, with some nulls and empty ones among them."""
    sentences = [sentence for sentence in sample_sentences() if len(sentence) < 64]
    found: list[str | None] = [f"{index}. {sentences[index % len(sentences)]}" for index in range(count)]
    found[7::100] = [None] * len(found[7::100])
    found[9::100] = [""] * len(found[9::100])
    return found


def rows_of(answers: Any) -> list[dict[str, Any]] | None:
    """A column of entities as dictionaries, in one row that was collected."""
    return None if answers is None else [answer.asDict(recursive=True) for answer in answers]


def start_job(code: str, *arguments: object, settings: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Starts `code` with `start(master)` and the stages, in a process with a group of its own."""
    script = f"SETTINGS = {SETTINGS | (settings or {})!r}\n{JOB}\n{code}"
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(job: subprocess.Popen[str]) -> str:
    """Waits for the end of a job, and returns what it printed."""
    output, errors = job.communicate(timeout=300)
    assert job.returncode == 0, errors[-4000:]
    return output


def kill(job: subprocess.Popen[str]) -> None:
    """Kills a driver with its JVM and all workers, at once."""
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate(timeout=60)


def environment() -> dict[str, str]:
    return os.environ | {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}


def wait_until(condition: Callable[[], bool], job: subprocess.Popen[str]) -> None:
    """Waits while a job runs; the limit only catches one that hangs."""
    until = time.monotonic() + 240
    while not condition():
        assert job.poll() is None, job.communicate()[1][-4000:]
        assert time.monotonic() < until
        time.sleep(0.02)


def executors_of(job: subprocess.Popen[str]) -> list[int]:
    """The processes of a job's executors, which are JVMs of their own where the master is a cluster."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if b"CoarseGrainedExecutorBackend" in command and job.pid in _ancestors(int(folder.name)):
            found.append(int(folder.name))
    return found


def _ancestors(process: int) -> Iterator[int]:
    while process > 1:
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            return
        process = int(status.partition("PPid:")[2].split()[0])
        yield process


@contextmanager
def local_session() -> Iterator[Any]:
    """A session in this process, with two cores."""
    from pyspark.sql import SparkSession

    shared = SparkSession.getActiveSession()
    os.environ.update(environment())
    builder = SparkSession.builder.master("local[2]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        if shared is None:  # otherwise another test has it, too
            session.stop()
