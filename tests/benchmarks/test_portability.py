import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crafted_product import crafted_columns, crafted_errors, crafted_model
from benchmarks.emulation import Environment, UnavailableError
from benchmarks.environment import describe
from benchmarks.portability import NATIVE, compare, faults, fingerprint, measure, read_results
from benchmarks.portability_probe import ACTIVATION, ZERO_POINT, run_crafted

TAGS = ("O", "B-PER", "B-LOC")
SENTENCES = [["Ann"], ["in", "Rome", "today"]]
SURE = [[0, 9, 0], [9, 0, 0], [0, 0, 9], [9, 0, 0]]


def logits(*rows: list[float]) -> npt.NDArray[np.float32]:
    """The sure ones, with the last words' replaced."""
    return np.array([*SURE[: len(SURE) - len(rows)], *rows], np.float32)


def result(native: npt.NDArray[np.float32], here: npt.NDArray[np.float32]) -> dict[str, Any]:
    return {"pieces_equal": True, "crafted_errors": {"ours: 63": 0.0, "full: 127": 9.0}} | compare(
        native, here, SENTENCES, TAGS
    )


def test_the_same_answers() -> None:
    same = result(logits(), logits())
    assert faults(same) == []
    assert (same["words"], same["tags_equal"], same["different_tags"]) == (4, 1.0, [])
    assert (same["logits_bit_identical"], same["sentences_with_same_roundings"]) == (True, 1.0)
    assert same["max_probability_difference"] == same["mean_probability_difference"] == 0


@given(st.floats(1e-6, 5e-5), st.sampled_from([-1, 1]))
def test_last_bits_are_no_other_roundings(shift: float, sign: int) -> None:
    found = result(logits(), logits() + np.float32(sign * shift))
    assert not found["logits_bit_identical"]
    assert found["sentences_with_same_roundings"] == 1.0
    assert found["tags_equal"] == 1.0


def test_a_near_tie() -> None:
    native = logits([0, 0, 1], [0, 0.02, 0])
    found = compare(native, logits([0, 0, 1.2], [0.02, 0, 0]), SENTENCES, TAGS)
    assert found["tags_equal"] == 0.75
    assert found["sentences_with_same_roundings"] == 0.5
    (word,) = found["different_tags"]
    assert (word["sentence"], word["word"], word["text"], word["explanation"]) == (1, 2, "today", "near tie")
    assert word["margin"] == pytest.approx((np.exp(0.02) - 1) / (np.exp(0.02) + 2), abs=1e-4)
    assert list(word["native"]) == ["B-PER", "O"]
    assert list(word["here"]) == ["O", "B-PER"]


def test_a_difference_that_no_other_word_explains() -> None:
    """Its own change is no explanation, however large."""
    found = result(logits([0, 0, 9], [0, 9, 0]), logits([0, 0, 8], [9, 0, 0]))
    assert [word["explanation"] for word in found["different_tags"]] == ["unexplained"]
    assert faults(found) == ["only 75.000% of the tags are the same", "1 tags differ that were no near ties"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"pieces_equal": False}, "other pieces"),
        ({"crafted_errors": {"ours: 63": 0.0, "ours: random": 1.0}}, "inexact sums of ours: random"),
        ({"tags_equal": 0.99899}, "only 99.899% of the tags are the same"),
    ],
)
def test_faults(change: dict[str, object], fault: str) -> None:
    assert faults(result(logits(), logits()) | change) == [fault]


def test_the_crafted_columns_saturate_sixteen_bits_unless_they_are_in_our_range() -> None:
    """As AVX2's vpmaddubsw does it: two products added in 16 bits with saturation, then all in 32."""
    columns = crafted_columns()
    weight = np.stack(list(columns.values()), axis=1).astype(np.int64)
    pairs = np.clip((ACTIVATION * weight).reshape(-1, 2, len(columns)).sum(axis=1), -(2**15), 2**15 - 1)
    errors = crafted_errors((pairs.sum(axis=0) - ZERO_POINT * weight.sum(axis=0))[None].astype(np.float32))
    assert {name for name in columns if name.startswith("ours")} == {name for name in errors if not errors[name]} - {
        "full: 127, -127"  # cancel within a pair
    }
    assert errors["full: 127"] > 10_000_000


def test_the_crafted_product_is_exact_here() -> None:
    errors = crafted_errors(run_crafted(crafted_model(crafted_columns())))
    assert len(errors) == 10
    assert all(error == 0 for name, error in errors.items() if name.startswith("ours"))


def test_this_machine_agrees_with_itself(tmp_path: Path) -> None:
    ((_, found),) = measure([NATIVE], tmp_path)
    assert found["faults"] == []
    assert found["words"] > 4000
    assert found["logits_bit_identical"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [({}, True), ({"inputs": "of another model"}, False), ({"environment": describe() | {"cpu": "another"}}, False)],
)
def test_earlier_results(tmp_path: Path, change: dict[str, object], kept: bool) -> None:
    results = {NATIVE: {"words": 4}}
    record = {"inputs": fingerprint(), "environments": results, "environment": describe()} | change
    (tmp_path / "results.json").write_text(json.dumps(record))
    assert read_results(tmp_path / "results.json") == (results if kept else {})


def test_no_earlier_results(tmp_path: Path) -> None:
    assert read_results(tmp_path / "results.json") == {}


def test_a_machine_without_apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnavailableError, match=r"^apt-get: can't be run \(.*\); use an x86-64 Debian.*$"):
        Environment(cpu="Haswell").run(tmp_path, tmp_path, "module")


def test_a_module_that_fails(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^python\S*: exit status 1: \S.*No module named nothing$"):
        Environment().run(tmp_path, tmp_path, "nothing")
