from __future__ import annotations

from pathlib import Path

import pytest

from albert_ner_onnx.cli import main


def test_info_shows_the_rows_of_a_model_card(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--package", str(package)]) == 0
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
    assert "int8 against float32: 98.08% of tags equal, probabilities within 0.250" in text
    assert "200 sequences of 6000 pieces" in text
