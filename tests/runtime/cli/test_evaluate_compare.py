from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import albert_ner_onnx
from albert_ner_onnx.cli import main
from albert_ner_onnx.evaluation.comparison import compare_taggers
from albert_ner_onnx.evaluation.phrases import score_phrases
from fakes import GUESS, TAGS, FakeRecognizer


class Knowing(FakeRecognizer):
    """Knows all tags of `GOLD`."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        right = iter(TAGS)
        return [[next(right) for _ in words] for words in sentences]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> dict[str | None, FakeRecognizer]:
    """The default model, which finds all three phrases, and another one, which finds one."""
    models: dict[str | None, FakeRecognizer] = {None: Knowing(), "other": FakeRecognizer()}

    def load(path: str | None = None, **chosen: object) -> FakeRecognizer:
        return models[path].load(path, **chosen)

    monkeypatch.setattr(albert_ner_onnx, "load", load)
    return models


def test_compare_prints_both_and_where_they_differ(
    two: dict[str | None, FakeRecognizer], capsys: pytest.CaptureFixture[str], gold: Path
) -> None:
    assert main(["evaluate", str(gold), "--compare", "other", "--workers", "3"]) == 0
    out, err = capsys.readouterr()
    first, second, difference, *sentences = out.removesuffix("\n").split("\n\n")
    assert first.startswith("first: default model\nprocessed 7 tokens with 3 phrases; found: 3 phrases; correct: 3.\n")
    sides = [[tags[:3], tags[3:5], tags[5:]] for tags in (TAGS, TAGS, GUESS)]
    assert second == f"second: other\n{score_phrases(sides[0], sides[2]).report()}"
    assert difference == compare_taggers(*sides).report()
    assert "p = " in difference
    assert sentences == [
        "sentence 0: John Smith is\n  gold    PER John Smith\n  first   PER John Smith\n  second  PER John",
        "sentence 2: the John\n  gold    ORG John\n  first   ORG John\n  second  PER John",
    ]
    assert [line.split(": ")[0] for line in err.splitlines()] == ["default model", "other"]
    assert [model.loaded["workers"] for model in two.values()] == [3, 3]


def test_compare_json(two: dict[str | None, FakeRecognizer], capsys: pytest.CaptureFixture[str], gold: Path) -> None:
    assert main(["evaluate", str(gold), "--compare", "other", "--json", "--errors", "1"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["first"]["model"], record["first"]["f1"]) == ("default model", 1)
    assert (record["second"]["model"], record["second"]["f1"]) == ("other", pytest.approx(1 / 3))
    assert (record["both"], record["first_only"], record["second_only"], record["neither"]) == (1, 2, 0, 0)
    assert (record["differing_words"], record["differing_sentences"]) == (2, 2)
    assert record["difference"]["f1"] == pytest.approx(-2 / 3)
    assert record["difference"].keys() == {"f1", "low", "high", "p_value", "resamples"}
    assert record["sentences"] == [
        {
            "sentence": 0,
            "words": ["John", "Smith", "is"],
            "gold": TAGS[:3],
            "first": TAGS[:3],
            "second": GUESS[:3],
        }
    ]


def test_compare_reads_each_model_by_its_own_scheme(
    two: dict[str | None, FakeRecognizer], capsys: pytest.CaptureFixture[str], gold: Path
) -> None:
    class Bilou(FakeRecognizer):
        def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
            return [["B-PER", "L-PER", "O"], ["O", "U-LOC"], ["O", "U-ORG"]]

    two["other"] = Bilou()
    two["other"].manifest = replace(two[None].manifest, scheme="BILOU")
    assert main(["evaluate", str(gold), "--compare", "other"]) == 0
    out = capsys.readouterr().out
    assert "tags differ at 0 of 7 words, in 0 sentences\n" in out
    assert "p = 1.0000: may be chance" in out
