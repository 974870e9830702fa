from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.text.words import split_words
from benchmarks import scaling
from benchmarks.scaling import BYTES_A_WORD, COUNTS, LENGTHS, exponent, faults, in_a_process, probe
from toy_models import FP32


def points(sizes: Sequence[int], power: float = 1.0, bytes_a_word: float = 0.0) -> list[dict[str, Any]]:
    """Texts or characters of five words each."""
    return [
        {
            "size": size,
            "words": 5 * size,
            "cpu_seconds": 0.001 * size**power,
            "peak_bytes": 100_000_000 + int(bytes_a_word * 5 * size),
        }
        for size in sizes
    ]


@given(st.floats(0.1, 3), st.floats(1e-6, 1e3))
def test_the_power_of_a_power_law(power: float, factor: float) -> None:
    found = [{"size": size, "seconds": factor * size**power} for size in LENGTHS]
    assert exponent(found, "seconds") == pytest.approx(power, abs=1e-3)


def test_linear_growth_in_constant_memory_is_right() -> None:
    assert faults({"length": points(LENGTHS, bytes_a_word=BYTES_A_WORD / 2), "texts": points(COUNTS)}) == []
    assert faults({"length": points(LENGTHS, 1.09), "texts": points(COUNTS, 0.91)}) == []


@pytest.mark.parametrize(("name", "sizes"), [("length", LENGTHS), ("texts", COUNTS)])
@pytest.mark.parametrize("power", [0.85, 1.15, 2.0])
def test_time_that_is_not_linear(name: str, sizes: Sequence[int], power: float) -> None:
    assert faults({name: points(sizes, power)}) == [
        f"{name}: time grows with the power {power} of it, expected 1 ± 0.1"
    ]


def test_memory_that_grows() -> None:
    found = faults({"length": points(LENGTHS, bytes_a_word=1.01 * BYTES_A_WORD)})
    assert len(found) == 1
    assert found[0].startswith("length: memory grows by ")
    assert "from 64,000 to 1,000,000" in found[0]


def test_a_stream_may_hold_what_it_reads_ahead() -> None:
    held = 1024 * 5 * BYTES_A_WORD
    stream = points(COUNTS)
    stream[-1]["peak_bytes"] += held
    assert faults({"texts": stream}) == []
    stream[-1]["peak_bytes"] += 1
    assert faults({"texts": stream}) == [
        f"texts: memory grows by {held / 1e6:.1f} MB from 20,000 to 100,000, expected {held / 1e6:.1f} MB at most"
    ]


def test_memory_that_the_system_does_not_tell() -> None:
    assert faults({"texts": [point | {"peak_bytes": None} for point in points(COUNTS)]}) == []


@pytest.mark.parametrize("characters", [1, 1000, 300_000])
def test_a_text_of_a_length(characters: int) -> None:
    texts: list[str] = []

    def analyze(text: str) -> SimpleNamespace:
        texts.append(text)
        return SimpleNamespace(words=split_words(text))

    words = scaling.read_length(cast(EntityRecognizer, SimpleNamespace(analyze=analyze)), characters)
    (text,) = texts
    assert len(text) == characters
    assert words == len(split_words(text))


@pytest.mark.parametrize(("curve", "size"), [("length", 3000), ("texts", 30)])
def test_a_point(monkeypatch: pytest.MonkeyPatch, curve: str, size: int) -> None:
    monkeypatch.setattr(scaling, "load", lambda: load(FP32))
    monkeypatch.setattr(scaling, "_WARM_UP", 10)
    monkeypatch.setattr(scaling, "_WORTH_TIMING", 0.001)
    found = probe(curve, size)
    assert found["size"] == size
    assert 300 < found["words"] < 900
    assert found["seconds"] > 0
    assert found["cpu_seconds"] > 0
    assert 10e6 < found["loaded_bytes"] <= found["peak_bytes"]


def test_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is linear has no fault, whatever the clock says."""

    def in_a_process(function: str, kind: str, size: int) -> dict[str, Any]:
        if function == "probe":
            return points([size])[0] | {"seconds": 0.5}
        return {"cores": size, "mode": kind}

    monkeypatch.setattr(scaling, "in_a_process", in_a_process)
    monkeypatch.setattr(scaling, "available_cores", lambda: 2)
    found = scaling.measure({"length": LENGTHS, "texts": COUNTS})
    assert [point["size"] for point in found["growth"]["texts"]] == list(COUNTS)
    assert found["exponents"] == {name: {"cpu_seconds": 1.0, "seconds": 0.0} for name in ("length", "texts")}
    assert found["cores"]["calls"] == [{"cores": 1, "mode": "calls"}, {"cores": 2, "mode": "calls"}]
    assert found["faults"] == []


def test_a_process_that_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^nothing \('texts', 1\): exit status 1$"):
        in_a_process("nothing", "texts", 1)
    assert "KeyError: 'nothing'" in capfd.readouterr().err
