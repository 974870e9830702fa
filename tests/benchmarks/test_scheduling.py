from __future__ import annotations

import pytest

from albert_ner_onnx import load
from albert_ner_onnx.model import classifier as inference
from albert_ner_onnx.model.session import open_session
from benchmarks import scheduling
from benchmarks.scheduling import VARIANTS, measure, probe, table
from toy_models import INT8


def test_the_first_variant_is_the_default() -> None:
    default = next(iter(VARIANTS.values()))
    assert default == {"at_once": True, "pieces": inference._BATCH_PIECES, "arena": False}


def test_a_variant_is_measured_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, bool]] = []

    def opening(model: bytes, threads: int, *, concurrent: bool) -> object:
        asked.append((threads, concurrent))
        return open_session(model, threads, concurrent=concurrent)

    monkeypatch.setattr(scheduling, "load", lambda threads: load(INT8, threads=threads))
    monkeypatch.setattr(scheduling, "open_session", opening)
    monkeypatch.setattr(scheduling, "available_cores", lambda: 3)
    monkeypatch.setattr(scheduling, "_TEXTS", 5)
    for at_once, arena in ((True, True), (False, False)):
        found = probe(at_once, 64, arena)
        assert found["seconds"] > 0
        assert found["sentence"] > 0
        assert found["grown_bytes"] >= 0
    assert asked == [(1, False), (3, True)]


def test_measurement_and_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_process(variant: str) -> dict[str, float]:
        slow = 2.0 if "arena" in variant and "no arena" not in variant else 1.0
        return {"seconds": slow, "sentence": 3 * slow, "grown_bytes": 4e7}

    monkeypatch.setattr(scheduling, "in_a_process", in_a_process)
    found = measure(rounds=2)
    assert list(found) == list(VARIANTS)
    lines = table({"variants": found}).splitlines()
    assert lines[2].endswith("(the default) | 1.00 | 1.00–1.00 | 1.00 | 1.00–1.00 | 40 |")
    assert lines[6] == "| with the arena | 2.00 | 2.00–2.00 | 2.00 | 2.00–2.00 | 40 |"
