from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from albert_ner_onnx.benchmark.startup import measure_startup, sample_sentences
from albert_ner_onnx.errors import InferenceError
from fakes import STARTUP
from toy_models import INT8


def test_new_processes() -> None:
    found = measure_startup(INT8, 0)
    assert found.starts == 3
    assert min(found.import_ms, found.load_ms, found.first_ms) > 0
    assert found.total_ms > max(found.import_ms, found.load_ms, found.first_ms)
    assert found.imported_bytes
    assert found.loaded_bytes
    assert found.used_bytes
    assert found.peak_bytes
    assert 10e6 < found.imported_bytes < found.loaded_bytes <= found.peak_bytes
    assert found.used_bytes <= found.peak_bytes < 500e6


def test_a_model_that_fails(tmp_path: Path) -> None:
    message = r"^\S*: a new process could not use it \(.*has no manifest\.json; .*\); try `albert-ner info`$"
    with pytest.raises(InferenceError, match=message):
        measure_startup(tmp_path, 0)


def test_the_process_imports_nothing_heavy_before_its_clock_starts() -> None:
    code = "import sys, albert_ner_onnx.benchmark.startup; print(*{'numpy', 'onnxruntime'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "\n"


def test_report() -> None:
    lines = STARTUP.report().splitlines()
    rows = {line[:34].strip(): line[34:].strip() for line in lines if line.startswith(" ")}
    assert lines[0] == "start of a process, ms (median of 5)"
    assert rows == {
        "Python itself": "72.2",
        "imports": "150.0",
        "model": "75.5",
        "first text": "2.2",
        "to the first answer": "300.0",
        "after the imports": "58.8",
        "after loading": "unknown",
        "after all sentences": "118.3",
        "at the peak": "120.0",
    }
    assert "unknown" not in replace(STARTUP, loaded_bytes=1).report()


def test_the_sentences_are_varied() -> None:
    texts = sample_sentences()
    assert len(texts) == len(set(texts)) == 40
    lengths = [len(text.split()) for text in texts]
    assert (min(lengths), max(lengths)) == (5, 55)
    assert all(text == text.strip() for text in texts)
    for count in range(8, 40):  # a slow model is timed with only the first ones
        assert abs(median(lengths[:count]) - median(lengths)) <= 6
