from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import albert_ner_onnx
import albert_ner_onnx.benchmark.measure
from albert_ner_onnx.cli import main
from fakes import Terminal
from toy_models import INT8

FOUND = SimpleNamespace(as_dict=lambda: {"model": "toy", "latencies": [{"p50_ms": 1.5}]}, report=lambda: "a\n  b\x1b")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments that a stand-in for the benchmark was called with."""
    arguments: dict[str, Any] = {}

    def benchmark(model: Path | None, *, progress: Callable[[int, int], object], **options: object) -> object:
        arguments.update(model=model, **options)
        for done in range(5):
            progress(done, 4)
        return FOUND

    monkeypatch.setattr(albert_ner_onnx.benchmark.measure, "benchmark", benchmark)
    return arguments


def test_options_reach_the_benchmark(given: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark"]) == 0
    assert given == {"model": None, "threads": None, "seconds": 2.0, "decoder": None, "context": None}
    assert capsys.readouterr() == ("a\n  b\\x1b\n", "")
    assert main(["benchmark", "--model", "folder", "--threads", "1", "4", "--seconds", "0.5", "--json"]) == 0
    assert given == {"model": "folder", "threads": [1, 4], "seconds": 0.5, "decoder": None, "context": None}
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (FOUND.as_dict(), "")
    assert out.count("\n") == 1
    assert main(["benchmark", "--decoder", "argmax", "--context", "sentence"]) == 0
    assert (given["decoder"], given["context"]) == ("argmax", "sentence")


def test_progress_on_a_terminal(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["benchmark"]) == 0
    shown = screen.getvalue().split("\r")
    assert [line.partition("]")[2].strip().partition(",")[0] for line in shown if "]" in line] == [
        f"{done}/4 figures" for done in (0, 0, 1, 2, 3, 4)
    ]
    assert (shown[-2].strip(), shown[-1]) == ("", "")


def test_interrupt_clears_the_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def benchmark(model: Path | None, *, progress: Callable[[int, int], object], **options: object) -> object:
        progress(0, 4)
        raise KeyboardInterrupt

    monkeypatch.setattr(albert_ner_onnx.benchmark.measure, "benchmark", benchmark)
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["benchmark"]) == 130
    assert screen.getvalue().endswith(" \r")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["--threads", "0"], 1, "threads must contain whole numbers from 1 to "),
        (["--seconds", "0"], 1, "seconds must be a finite number above 0, found 0.0"),
        (["--seconds", "nan"], 1, "seconds must be a finite number above 0, found nan"),
        (["--model", "missing"], 1, "missing: no such folder"),
        (["--threads", "x"], 2, "argument --threads: invalid int value: 'x' (see `albert-ner benchmark --help`)"),
        (["--threads"], 2, "argument --threads: expected at least one argument"),
        (["text"], 2, "unrecognized arguments: text"),
    ],
)
def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], status: int, message: str) -> None:
    try:
        found = main(["benchmark", *argv])
    except SystemExit as stop:
        found = int(stop.code or 0)
    out, err = capsys.readouterr()
    assert (found, out) == (status, "")
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1


def test_the_process_itself_into_a_closed_pipe() -> None:
    """It runs to the end, with its new processes; then nobody reads its output."""
    root = Path(albert_ner_onnx.__file__).parents[1]
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "albert_ner_onnx", "benchmark", "--model", str(INT8), "--seconds", "0.001"]
    done = subprocess.run(
        [*command, "--threads", "1"], stdout=write, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(root)}
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")
