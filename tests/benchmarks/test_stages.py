from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import load, recognizer
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.model.tokenizer import WordTokenizer
from benchmarks.stages import REST, StageClock, _instrumented, profile_models, read_texts, stage_shares, table
from toy_models import FP32

TEXTS = ["John lives in Berlin.", "", "Mary met John in Paris. They left."]
PROFILE = {
    "ms": 2.0,
    "profiled_ms": 3.0,
    "gemm_ms": 1.5,
    "gemm_share": 0.75,
    "in_loops": {"MatMul": 0.5, "Cast": 0.002},
    "outside": {"Loop": 0.25},
}


def test_stages_within_stages() -> None:
    """One second each; b is a's, c is b's, and b also runs alone."""
    now = iter(range(100))
    clock = StageClock(lambda: next(now))

    c = clock.timed("c", lambda: 7)
    b = clock.timed("b", c)
    a = clock.timed("a", lambda: (b(), b()))
    assert a() == (7, 7)
    # Readings: a 0, b 1, c 2 3, b 4, b 5, c 6 7, b 8, a 9
    assert clock.seconds == {"c": 2, "b": 4, "a": 3}
    assert b() == 7
    assert clock.seconds == {"c": 3, "b": 6, "a": 3}


def test_a_stage_that_fails_counts() -> None:
    now = iter(range(100))
    clock = StageClock(lambda: next(now))
    outer = clock.timed("outer", clock.timed("inner", lambda: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        outer()
    assert clock.seconds == {"inner": 1, "outer": 2}


def test_the_items_of_a_generator_count_when_they_are_asked_for() -> None:
    now = iter(range(100))
    clock = StageClock(lambda: next(now))
    inner = clock.timed("inner", lambda: 7)

    def items() -> Iterator[int]:
        yield inner()
        yield 8

    asked = clock.timed("outer", items)()
    assert clock.seconds == {"outer": 1}  # to make the generator
    assert list(asked) == [7, 8]
    # Readings: outer 2, inner 3 4, outer 5; outer 6 7; outer 8 9 for the end
    assert clock.seconds == {"outer": 5, "inner": 1}


def test_shares_are_the_whole() -> None:
    found = stage_shares(FP32, TEXTS, rounds=2)
    assert found["seconds"] > 0
    assert list(found["shares"]) == [
        "words and sentences",
        "pieces",
        "windows and batches",
        "model",
        "decoding",
        REST,
    ]
    assert min(found["shares"].values()) > 0  # the rest, too: nothing was counted twice


def test_answers_are_the_same_and_nothing_stays_patched() -> None:
    before = {**vars(recognizer), **vars(Session), **vars(WordTokenizer)}
    expected = load(FP32, threads=1).recognize_batch(TEXTS)
    with _instrumented(StageClock()):
        assert load(FP32, threads=1).recognize_batch(TEXTS) == expected
        assert vars(recognizer)["softmax"] is not before["softmax"]
    after = {**vars(recognizer), **vars(Session), **vars(WordTokenizer)}
    assert {name for name in before if after[name] is not before[name]} == set()
    assert any(expected)


def test_texts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("John B-PER\nlives O\n. O\n\nBerlin B-LOC\n")
    assert read_texts(path) == ["John lives .", "Berlin"]
    assert len(read_texts(None)) > 500


def test_a_model_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"make_checkpoint": {"parameters": 1}, "export": {"failed": "no memory"}}
    monkeypatch.setattr("benchmarks.peers.models.in_a_process", lambda function, *rest: answers[function])
    monkeypatch.setattr("benchmarks.stages.profile", lambda *arguments: PROFILE)
    found = profile_models(["default", "base"], tmp_path, 0)
    assert found == {
        "default": dict.fromkeys(("1×16", "1×64", "1×128", "8×64"), PROFILE),
        "base": {"failed": "base: export failed: no memory"},
    }


def test_table() -> None:
    record: dict[str, Any] = {
        "file": "gold",
        "texts": 3250,
        "corpus": {"seconds": 1.5, "shares": {"words": 0.125, REST: 0.875}},
        "models": {"default": {"1×16": PROFILE, "8×64": PROFILE}, "base": {"failed": "no memory"}},
    }
    assert table(record).splitlines() == [
        "| gold, 3,250 texts, 1.50 s | share, % |",
        "| --- | --- |",
        "| words | 12.5 |",
        f"| {REST} | 87.5 |",
        "",
        "| default: % of the profiled time | 1×16 | 8×64 |",
        "| --- | --- | --- |",
        "| a call, ms | 2.00 | 2.00 |",
        "| profiled, ms | 3.00 | 3.00 |",
        "| its matrix products, ms | 1.50 | 1.50 |",
        "| matrix products, of a call | 75.0 | 75.0 |",
        "| MatMul, in the loops | 50.0 | 50.0 |",
        "| Loop, outside | 25.0 | 25.0 |",
        "",
        "base: no memory",
    ]
