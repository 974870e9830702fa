from __future__ import annotations

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
