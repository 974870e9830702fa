"""The suite of Spark runs with few rows, and its tables have what the page asks for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import spark
from benchmarks.run import NotRunError, Run
from pages import ROOT


def test_the_suite_runs_and_has_the_tables_of_the_page(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    figures = spark.measure(Run(quick=True, work=tmp_path))
    assert all(
        each["rows_per_second"] > 0 for kind in ("masters", "batches", "ways") for each in figures[kind].values()
    )
    page = (ROOT / "docs" / "spark.md").read_text("utf-8")
    for name, table in spark.tables(figures).items():
        assert f"<!-- begin: spark.{name} -->" in page
        assert len(table.splitlines()) > 2


def test_the_cost_is_arithmetic() -> None:
    each = {"rows": 8, "rows_per_second": 1000, "session_seconds": 3, "first_row_seconds": 2, "worker_peak_bytes": 1}
    figures = {
        "rows": 8,
        "process": {"rows_per_second": 500},
        "masters": {"local-cluster[2,1,1024]": each},
        "batches": {},
        "ways": {},
        "long_rows": [],
    }
    cost = spark.tables(figures)["cost"]
    assert "| rows/s and core | 500 |" in cost
    assert "| core-hours | 556 |" in cost
    assert "| dollars at 0.05 a core-hour | 28 |" in cost
    assert "| 8 | 1000 | 100 % | 3.0 | 2.0 | 0 |" in spark.tables(figures)["rows"]


def test_without_java_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(NotRunError, match="needs Java 17"):
        spark.measure(Run(quick=True, work=tmp_path))
