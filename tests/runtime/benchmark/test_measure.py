from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx import InputError, ModelError
from albert_ner_onnx.benchmark import measure as benchmark
from albert_ner_onnx.benchmark.startup import own_texts
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.text.words import split_words
from fakes import STARTUP
from toy_models import INT8

WORDS = sum(len(split_words(text)) for text in own_texts())


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take most of the time, and have tests of their own."""
    monkeypatch.setattr(benchmark, "measure_startup", lambda package, seconds: STARTUP)


def test_every_figure_is_there() -> None:
    steps: list[tuple[int, int]] = []
    found = benchmark.benchmark(INT8, threads=[1, 2], seconds=0.01, progress=lambda *step: steps.append(step))
    assert [(one.threads, one.pieces) for one in found.latencies] == [(1, 16), (1, None), (2, 16), (2, None)]
    assert [one.threads for one in found.throughputs] == [1, 2, None]
    assert steps == [(done, 8) for done in range(9)]
    for latency in found.latencies:
        assert 0 < latency.p50_ms <= latency.p95_ms <= latency.p99_ms
        assert latency.calls >= 1
    assert len({one.texts for one in found.throughputs}) == 1
    assert all(one.words_per_second > 0 and one.calls >= 1 for one in found.throughputs)
    assert (found.package, found.precision, found.startup) == ("int8", "int8", STARTUP)
    record = json.loads(json.dumps(found.as_dict()))
    assert [one["p95_ms"] for one in record["latencies"]] == [one.p95_ms for one in found.latencies]
    assert record["machine"]["versions"]["numpy"] == np.__version__
    assert record["startup"]["peak_bytes"] == STARTUP.peak_bytes


def test_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that take 0 to 100 ms: their percentiles are their numbers."""
    called: list[list[Any]] = []

    def time_calls(call: Callable[[Any], object], items: list[Any], seconds: float, *, least: int = 20) -> Any:
        called.append(items)
        return np.arange(101)[::-1] / 1000

    monkeypatch.setattr(benchmark, "time_calls", time_calls)
    found = benchmark.benchmark(INT8, threads=[1], seconds=24)
    for latency in found.latencies:
        assert (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.calls) == (50, 95, 99, 101)
    # 40 texts of 50 ms are 2 s, and a quarter of the time, 6 s, three times as much
    assert [one.texts for one in found.throughputs] == [120, 120]
    assert [one.words_per_second for one in found.throughputs] == [3 * WORDS / 0.05] * 2
    (ids,), texts, *batches = called
    assert (ids.shape, ids.dtype) == ((1, 16), np.int64)
    assert texts == own_texts()
    assert batches == [[3 * own_texts()]] * 2


@pytest.mark.parametrize(
    ("seconds", "text_ms", "copies"), [(0.01, 1, 1), (2.0, 1, 8), (2.0, 2.5, 5), (2.0, 1000, 1), (1000, 1, 8)]
)
def test_a_batch_takes_a_quarter_of_the_time(seconds: float, text_ms: float, copies: int) -> None:
    assert benchmark._copies(40 * text_ms / 1000, seconds) == copies


@pytest.mark.parametrize(
    ("maximum", "lengths"), [(3, [3]), (15, [15]), (16, [16]), (128, [16, 32, 64, 128]), (600, [*benchmark.LENGTHS])]
)
def test_lengths_fit_the_package(maximum: int, lengths: list[int]) -> None:
    folder = ModelFolder.open(INT8)
    manifest = replace(folder.manifest, max_pieces=maximum)
    sequences = benchmark._sequences(replace(folder, manifest=manifest))
    assert [ids.shape for ids in sequences] == [(1, length) for length in lengths]
    assert all((ids[0, 0], ids[0, -1]) == (manifest.cls_id, manifest.sep_id) for ids in sequences)


def test_report_fits_eighty_columns() -> None:
    found = benchmark.benchmark(INT8, threads=[2], seconds=0.001)
    machine, rest = found.report().split("\n\n", 1)
    lines = rest.splitlines()
    assert max(map(len, lines)) <= 80
    assert machine.splitlines()[0] == "int8, int8"
    assert machine.splitlines()[1:] == found.machine.report().splitlines()
    assert lines[0].split() == ["latency,", "ms", "p50", "p95", "p99", "calls"]
    assert lines[1] == "2 threads in a call"
    model, text = found.latencies
    assert lines[2].split()[:4] == ["model,", "16", "pieces", f"{model.p50_ms:.2f}"]
    assert lines[3].endswith(f" {text.p99_ms:>9.2f} {text.calls:>9}")
    assert f"throughput, {found.throughputs[0].texts} sentences at once" in rest
    assert f"  one call a core (the default)    {found.throughputs[1].words_per_second:>9,.0f}\n" in rest
    assert rest.endswith(STARTUP.report())


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_wrong_seconds(seconds: Any) -> None:
    with pytest.raises(InputError, match=rf"^seconds must be a finite number above 0, found {seconds!r}$"):
        benchmark.benchmark(INT8, seconds=seconds)


@pytest.mark.parametrize(
    ("threads", "message"),
    [
        ([], "threads must hold a number of threads, found none"),
        ([1, 0], r"threads must hold whole numbers from 1 to \d+, found 0"),
        ([10**6], r"threads must hold whole numbers from 1 to \d+, found 1000000"),
        (["1"], r"threads must hold whole numbers from 1 to \d+, found '1'"),
        ([None], r"threads must hold whole numbers from 1 to \d+, found None"),
        ([True], r"threads must hold whole numbers from 1 to \d+, found True"),
        ("12", "threads must be .*"),
        (2, "threads must be .*"),
    ],
)
def test_wrong_threads(threads: Iterable[int], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        benchmark.benchmark(INT8, threads=threads, seconds=1000)


def test_no_package(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no manifest\.json"):
        benchmark.benchmark(tmp_path, seconds=1000)


def test_nothing_else_imports_it() -> None:
    code = "import sys, albert_ner_onnx.cli, albert_ner_onnx.recognizer; print(*sys.modules, sep='\\n')"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "albert_ner_onnx.cli.benchmark" in modules
    assert not [name for name in modules if name.startswith("albert_ner_onnx.benchmark")]
