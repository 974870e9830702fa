from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx.cli import info, main
from albert_ner_onnx.model.manifest import MANIFEST, GoldScores, SparkNlpSettings
from fakes import manifest
from toy_models import FP32

SPARK_NLP = SparkNlpSettings(exact=False, masked_piece=None, white_list=None, has_no_schema=False)


def test_info_shows_the_rows_of_a_model_card(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = dict(line.split(":", 1) for line in lines if not line.startswith(" "))
    assert len({len(line) - len(line.split(":", 1)[1].lstrip()) for line in lines if line[0] != " "}) == 1  # aligned
    size = sum(path.stat().st_size for path in model.iterdir())
    expected = {
        "Model name": "toy",
        "License": "Apache-2.0",
        "Language": "not stated",
        "Labels": "LOC, PER",
        "Case sensitive": "no",
        "Precision": "int8",
        "Size": f"{size / 1e6:.3f} MB",
        "Folder": str(model),
    }
    assert {name: rows[name].strip() for name in expected} == expected
    assert "IOB2" in rows["Output"]
    assert rows["Max length"].split()[0] == "64"
    assert "CPUExecutionProvider, onnxruntime " in rows["Provider"]
    text = " ".join("\n".join(lines).split())
    assert "1.500 MB, model.onnx 0.025 MB, tokenizer.json" in text
    assert (
        "float32 compared with the reference: 100.00% of tags equal, logits (up to 7.7) differ by at most 3.8e-05"
        in text
    )
    assert (
        "int8 compared with float32: 98.08% of tags equal, 97.22% in entities; probabilities differ by at most 0.250"
        in text
    )
    assert "on 11,268 words of other text that calibration did not see, 2,792 of them in entities" in text
    assert "model.onnx: 13.600 MB; in float32 53.500 MB" in text
    assert "in float32: classifier (tiny)" in text
    assert "200 sequences with 6,000 pieces" in text
    assert "pieces unverified" in text
    assert "not judged" not in text
    assert "warning" not in text


def test_info_of_a_float32_model_says_nothing_about_int8(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(FP32)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Precision:       fp32" in lines
    assert not any(line.startswith("Quantized") for line in lines)


def test_info_says_what_int8_was_not_judged_by() -> None:
    """No limit, too few entities to apply it, and scores on gold data."""
    found = manifest().quantization
    assert found is not None

    def text(**changes: Any) -> str:
        return "\n".join(info.quantization_lines(replace(found, quality=replace(found.quality, **changes))))

    assert "not judged: the export accepted any loss (--min-agreement 0)" in text(min_agreement=0.0)
    assert "warning: not judged, because float32 found only 7 entities" in text(judged=False, entities=7)
    unknown = text(judged=False, entities=7, unknown_share=0.0501)
    assert "warning: not judged, because 5.0% of the text's pieces were unknown" in unknown
    gold = GoldScores(file="eng.testa", words=51_362, float32_f1=0.9288, int8_f1=0.9275)
    assert "F1 on eng.testa (51,362 words): 92.75%, float32 92.88%" in text(gold=gold)


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({"tags": ("O", "PER", "LOC"), "scheme": "none"}, "LOC, PER"),
        ({"tags": ("O", "B-PER", "E-PER", "S-LOC"), "scheme": "IOBES"}, "LOC, PER"),
        ({"spark_nlp": SPARK_NLP}, "LOC, PER"),
        ({"spark_nlp": replace(SPARK_NLP, white_list=("PER",))}, "PER"),
        ({"spark_nlp": replace(SPARK_NLP, has_no_schema=True)}, "B-LOC, B-PER, I-LOC, I-PER"),
    ],
)
def test_info_shows_the_labels_that_the_model_gives(
    model: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], labels: str
) -> None:
    """Whatever scheme its tags are in, and what Spark NLP's settings leave of them."""
    if "spark_nlp" in changes:
        changes = changes | {"word_splitter": "spark-nlp", "piece_rule": "spark-nlp"}
    (model / MANIFEST).write_text(replace(manifest(), **changes).to_json(), encoding="utf-8")
    assert main(["info", "--model", str(model)]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("Labels:"))
    assert row.partition(":")[2].strip() == labels


def test_info_refuses_rules_that_it_does_not_know(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / MANIFEST).write_text(replace(manifest(), word_splitter="moses").to_json(), encoding="utf-8")
    assert main(["info", "--model", str(model)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"albert-ner: error: {model}: unknown word_splitter 'moses'")
    assert err.count("\n") == 1
