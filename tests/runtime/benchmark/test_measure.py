from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import EntityRecognizer, InputError, ModelError
from albert_ner_onnx.benchmark import benchmark, measure
from albert_ner_onnx.benchmark.startup import sample_sentences
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.text.words import split_words
from fakes import STARTUP
from toy_models import INT8

WORDS = sum(len(split_words(text)) for text in sample_sentences())


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes take most of the time and have tests of their own."""
    monkeypatch.setattr(measure, "measure_startup", lambda model, seconds: STARTUP)


def test_every_figure_is_there() -> None:
    steps: list[tuple[int, int]] = []
    found = benchmark(INT8, threads=[1, 2], seconds=0.01, progress=lambda *step: steps.append(step))
    assert [(one.threads, one.pieces) for one in found.latencies] == [(1, 16), (1, None), (2, 16), (2, None)]
    pairs = [(one.workers, one.threads) for one in found.throughputs]
    assert pairs == [(1, 1), (1, 2), (available_cores(), 1)]
    assert steps == [(done, 8) for done in range(9)]
    for latency in found.latencies:
        assert 0 < latency.p50_ms <= latency.p95_ms <= latency.p99_ms
        assert latency.calls >= 1
    assert len({one.texts for one in found.throughputs}) == 1
    assert all(one.words_per_second > 0 and one.calls >= 1 for one in found.throughputs)
    assert (found.model, found.precision, found.startup) == ("int8", "int8", STARTUP)
    record = json.loads(json.dumps(found.as_dict()))
    assert [one["p95_ms"] for one in record["latencies"]] == [one.p95_ms for one in found.latencies]
    assert record["machine"]["versions"]["numpy"] == np.__version__
    assert record["startup"]["peak_bytes"] == STARTUP.peak_bytes


def test_decoder_and_context_are_those_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[dict[str, object]] = []

    def load(*arguments: object, **chosen: Any) -> EntityRecognizer:
        loaded.append({name: chosen.get(name) for name in ("decoder", "context")})
        return albert_ner_onnx.load(INT8, **chosen)

    monkeypatch.setattr(measure, "load", load)
    found = benchmark(INT8, threads=[1], seconds=0.001, decoder="argmax", context="sentence")
    assert (found.decoder, found.context) == ("argmax", "sentence")
    assert loaded == [{"decoder": "argmax", "context": "sentence"}] * 2
    assert found.as_dict()["decoder"] == "argmax"
    with pytest.raises(InputError, match=r"^decoder must be None or one of"):
        benchmark(INT8, seconds=1000, decoder="crf")
    with pytest.raises(InputError, match=r"^context must be None or one of"):
        benchmark(INT8, seconds=1000, context="window")


def test_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Percentiles of calls that take 0, 1, …, 100 ms."""
    called: list[list[Any]] = []

    def time_calls(call: Callable[[Any], object], items: list[Any], seconds: float, *, fewest: int = 20) -> Any:
        called.append(items)
        return np.arange(101)[::-1] / 1000

    monkeypatch.setattr(measure, "time_calls", time_calls)
    found = benchmark(INT8, threads=[1], seconds=24)
    for latency in found.latencies:
        assert (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.calls) == (50, 95, 99, 101)
    # 40 sentences of 50 ms take 2 s; a quarter of the time asked for is three times as long
    assert [one.texts for one in found.throughputs] == [120, 120]
    assert [one.words_per_second for one in found.throughputs] == [3 * WORDS / 0.05] * 2
    (ids,), texts, *batches = called
    assert (ids.shape, ids.dtype) == ((1, 16), np.int64)
    assert texts == sample_sentences()
    assert batches == [[3 * sample_sentences()]] * 2


@pytest.mark.parametrize(
    ("seconds", "text_ms", "copies"), [(0.01, 1, 1), (2.0, 1, 8), (2.0, 2.5, 5), (2.0, 1000, 1), (1000, 1, 8)]
)
def test_a_batch_takes_a_quarter_of_the_time(seconds: float, text_ms: float, copies: int) -> None:
    assert measure._copies(40 * text_ms / 1000, seconds) == copies


@pytest.mark.parametrize(
    ("maximum", "lengths"), [(3, [3]), (15, [15]), (16, [16]), (128, [16, 32, 64, 128]), (600, [*measure.LENGTHS])]
)
def test_lengths_fit_the_model(maximum: int, lengths: list[int]) -> None:
    folder = ModelFolder.open(INT8)
    manifest = replace(folder.manifest, max_pieces=maximum)
    sequences = measure._sequences(replace(folder, manifest=manifest))
    assert [ids.shape for ids in sequences] == [(1, length) for length in lengths]
    assert all((ids[0, 0], ids[0, -1]) == (manifest.cls_id, manifest.sep_id) for ids in sequences)


def test_report_fits_eighty_columns() -> None:
    found = benchmark(INT8, threads=[2], seconds=0.001)
    machine, rest = found.report().split("\n\n", 1)
    lines = rest.splitlines()
    assert max(map(len, lines)) <= 80
    assert machine.splitlines()[0] == "int8, int8, decoder viterbi, context document"
    assert machine.splitlines()[1:] == found.machine.report().splitlines()
    assert lines[0].split() == ["latency,", "ms", "p50", "p95", "p99", "calls"]
    assert lines[1] == "2 threads"
    model, text = found.latencies
    name = f"  {available_cores()} worker{'s' * (available_cores() > 1)}, 1 thread"
    assert lines[2].split()[:4] == ["model,", "16", "pieces", f"{model.p50_ms:.2f}"]
    assert lines[3].endswith(f" {text.p99_ms:>9.2f} {text.calls:>9}")
    assert f"throughput, {found.throughputs[0].texts} sentences at once" in rest
    assert f"{name} (default)".ljust(35) + f"{found.throughputs[1].words_per_second:>9,.0f}\n" in rest
    assert rest.endswith(STARTUP.report())


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_wrong_seconds(seconds: Any) -> None:
    with pytest.raises(InputError, match=rf"^seconds must be a finite number above 0, found {seconds!r}$"):
        benchmark(INT8, seconds=seconds)


@pytest.mark.parametrize(
    ("threads", "message"),
    [
        ([], "threads must contain at least one number, found none"),
        ([1, 0], r"threads must contain whole numbers from 1 to \d+, found 0"),
        ([10**6], r"threads must contain whole numbers from 1 to \d+, found 1000000"),
        (["1"], r"threads must contain whole numbers from 1 to \d+, found '1'"),
        ([None], r"threads must contain whole numbers from 1 to \d+, found None"),
        ([True], r"threads must contain whole numbers from 1 to \d+, found True"),
        ("12", "threads must be .*"),
        (2, "threads must be .*"),
    ],
)
def test_wrong_threads(threads: Iterable[int], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        benchmark(INT8, threads=threads, seconds=1000)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no manifest\.json"):
        benchmark(tmp_path, seconds=1000)


def test_the_room_has_one_public_name() -> None:
    room = importlib.import_module("albert_ner_onnx.benchmark")
    assert room.benchmark is measure.benchmark
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing


def test_nothing_else_imports_it() -> None:
    code = "import sys, albert_ner_onnx.cli, albert_ner_onnx.recognizer; print(*sys.modules, sep='\\n')"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "albert_ner_onnx.cli.benchmark" in modules
    assert "albert_ner_onnx.benchmark" not in modules


class Clock:
    """A clock that stands still except in calls, each of which takes as many seconds as its argument."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[int] = []

    def __call__(self) -> float:
        return self.now

    def call(self, item: int) -> None:
        self.calls.append(item)
        self.now += item


def timed(items: list[int], seconds: float, fewest: int = 20) -> tuple[list[int], list[float]]:
    """Returns all calls, those of the warm-up included, and the times of those that count."""
    clock = Clock()
    with patch.object(time, "perf_counter", clock):
        times = measure.time_calls(clock.call, items, seconds, fewest=fewest)
    return clock.calls, times.tolist()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(1, 500), st.integers(1, 30))
def test_whole_rounds_until_the_time_is_over(items: list[int], seconds: int, fewest: int) -> None:
    calls, times = timed(items, seconds, fewest)
    warm_up = len(calls) - len(times)
    assert 1 <= warm_up <= len(items)
    assert sum(calls[: warm_up - 1]) <= 0.1 * seconds
    assert times == calls[warm_up:]
    assert times == (items * len(times))[: len(times)]
    if sum(times) > 5 * seconds:
        assert sum(times[:-1]) <= 5 * seconds
    else:
        assert len(times) % len(items) == 0
        assert sum(times) >= seconds
        assert len(times) >= fewest
        before = times[: -len(items)]
        assert sum(before) < seconds or len(before) < fewest


def test_a_call_that_takes_longer_than_all() -> None:
    assert timed([1000], 1) == ([1000, 1000], [1000])


def test_errors_are_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        measure.time_calls(lambda item: 1 / item, [0], 1)
