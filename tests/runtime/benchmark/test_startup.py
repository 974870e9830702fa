from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from albert_ner_onnx.benchmark.startup import measure_startup, own_texts
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


def test_a_package_that_fails(tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match=r"^\S*: a new process failed to use it \(.*has no manifest\.json; .*\)"):
        measure_startup(tmp_path, 0)


def test_report() -> None:
    lines = STARTUP.report().splitlines()
    rows = {line[:34].strip(): line[34:].strip() for line in lines if line.startswith(" ")}
    assert lines[0] == "start of a process, ms (median of 5)"
    assert rows == {
        "Python itself": "72.2",
        "imports": "150.0",
        "package": "75.5",
        "a text": "2.2",
        "to the first answer": "300.0",
        "after the imports": "58.8",
        "after loading": "unknown",
        "after all sentences": "118.3",
        "at the peak": "120.0",
    }
    assert "unknown" not in replace(STARTUP, loaded_bytes=1).report()


def test_our_own_texts() -> None:
    texts = own_texts()
    assert len(texts) == len(set(texts)) == 40
    lengths = [len(text.split()) for text in texts]
    assert (min(lengths), max(lengths)) == (5, 55)
    assert all(text == text.strip() for text in texts)
    for count in range(8, 40):  # a slow model is timed on the first ones alone
        assert abs(median(lengths[:count]) - median(lengths)) <= 6
