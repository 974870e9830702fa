from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx.cli import info, main
from albert_ner_onnx.model.manifest import GoldScores
from fakes import manifest


def test_info_shows_the_rows_of_a_model_card(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(package)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = dict(line.split(":", 1) for line in lines if not line.startswith(" "))
    assert len({len(line) - len(line.split(":", 1)[1].lstrip()) for line in lines if line[0] != " "}) == 1  # aligned
    size = sum(path.stat().st_size for path in package.iterdir())
    expected = {
        "Model name": "toy",
        "License": "Apache-2.0",
        "Language": "not stated",
        "Labels": "LOC, PER",
        "Case sensitive": "no",
        "Precision": "int8",
        "Size": f"{size / 1e6:.3f} MB",
        "Package": str(package),
    }
    assert {name: rows[name].strip() for name in expected} == expected
    assert "IOB2" in rows["Output"]
    assert rows["Max length"].split()[0] == "64"
    assert "CPUExecutionProvider, onnxruntime " in rows["Provider"]
    text = " ".join("\n".join(lines).split())
    assert "1.500 MB, model.onnx 0.025 MB, tokenizer.json" in text
    assert "float32 against the reference: 100.00% of tags equal, logits (up to 7.7) within 3.8e-05" in text
    assert "int8 against float32: 98.08% of tags equal, of words in entities 97.22%; probabilities within 0.250" in text
    assert "on 11,268 words of other text that calibration did not see, 2,792 of them in entities" in text
    assert "model.onnx 13.600 MB, as float32 53.500 MB" in text
    assert "in float: classifier (tiny)" in text
    assert "200 sequences of 6,000 pieces" in text
    assert "gate" not in text
    assert "warning" not in text


def test_info_says_what_int8_was_not_asked_for() -> None:
    """No gate, one that could not judge, and scores on gold data."""
    found = manifest().quantization
    assert found is not None

    def text(**changes: Any) -> str:
        return "\n".join(info.quantization_lines(replace(found, quality=replace(found.quality, **changes))))

    assert "no gate: any loss was accepted when it was exported (--min-agreement 0)" in text(min_agreement=0.0)
    assert "warning: not judged by its loss, as float32 found 7 entities only" in text(judged=False, entities=7)
    gold = GoldScores(file="eng.testa", words=51_362, float32_f1=0.9288, int8_f1=0.9275)
    assert "FB1 on eng.testa (51,362 words): 92.75, float32 92.88" in text(gold=gold)
