from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from albert_ner_onnx.cli import main
from fakes import FakeRecognizer


@pytest.mark.parametrize("opening", ["I", "B"])
def test_evaluate_reads_iob1_and_iob2(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path, opening: str
) -> None:
    path = tmp_path / "gold.conll"
    path.write_text(f"John {opening}-PER\nSmith I-PER\nis O\n\nin O\nBerlin {opening}-LOC\n\n" * 400)
    assert main(["evaluate", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == (
        "processed 2000 tokens with 800 phrases; found: 800 phrases; correct: 400.\n"
        "accuracy:  80.00%; precision:  50.00%; recall:  50.00%; FB1:  50.00\n"
        "              LOC: precision: 100.00%; recall: 100.00%; FB1: 100.00  400\n"
        "              PER: precision:   0.00%; recall:   0.00%; FB1:   0.00  400\n"
    )
    assert err.startswith("800 sentences in ")
    assert "\r" not in err  # no bar, as this is no terminal


@pytest.mark.parametrize("opening", ["I", "B"])
@pytest.mark.parametrize(
    ("scheme", "guess", "phrases", "accuracy"),
    [
        ("IOBES", "B-PER E-PER O S-LOC S-LOC B-ORG I-ORG", "found: 4 phrases; correct: 3.", "71.43%"),
        ("BILOU", "B-PER L-PER O U-LOC U-LOC B-ORG I-ORG", "found: 4 phrases; correct: 3.", "71.43%"),
        # Without prefixes Berlin Paris is one phrase.
        ("none", "PER PER O LOC LOC ORG ORG", "found: 3 phrases; correct: 1.", "57.14%"),
        ("none", "O PER O LOC O ORG ORG", "found: 3 phrases; correct: 1.", "42.86%"),
    ],
)
def test_evaluate_compares_in_the_files_reading(
    recognizer: FakeRecognizer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    scheme: str,
    guess: str,
    phrases: str,
    accuracy: str,
    opening: str,
) -> None:
    def tag(sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        return [guess.split() for _ in sentences]

    recognizer.manifest = replace(recognizer.manifest, scheme=scheme)
    monkeypatch.setattr(recognizer, "tag", tag)
    path = tmp_path / "gold.conll"
    path.write_text(
        f"John {opening}-PER\nSmith I-PER\nsaw O\nBerlin {opening}-LOC\nParis B-LOC\nthe {opening}-MISC\nUN I-MISC\n"
    )
    assert main(["evaluate", str(path)]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == f"processed 7 tokens with 4 phrases; {phrases}"
    assert second.startswith(f"accuracy:  {accuracy};")
