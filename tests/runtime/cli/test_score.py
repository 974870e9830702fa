from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from albert_ner_onnx.cli import main

SCORED = """\
John NNP B-PER B-PER
Smith NNP I-PER I-PER
saw VBD O O

Berlin NNP I-LOC B-LOC
Paris NNP B-LOC O
"""
REPORT = """\
processed 5 tokens with 3 phrases; found: 2 phrases; correct: 2.
accuracy:  50.00%; (non-O)
accuracy:  60.00%; precision: 100.00%; recall:  66.67%; FB1:  80.00
              LOC: precision: 100.00%; recall:  50.00%; FB1:  66.67  1
              PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1
"""


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    path = tmp_path / "scored.conll"
    path.write_text(SCORED)
    return path


def test_score_prints_conllevals_lines(scored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(scored)]) == 0
    assert capsys.readouterr() == (REPORT, "")


def test_score_reads_standard_input(
    standard_input: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input(SCORED.encode())
    assert main(["score", "-"]) == 0
    assert capsys.readouterr() == (REPORT, "")


def test_score_reads_chosen_columns_and_leaves_out_comments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scored"
    lines = [line.split() for line in SCORED.splitlines()]
    path.write_text("# by me\n" + "".join("\t".join(line[2:] + line[:2]) + "\n" for line in lines))
    assert main(["score", str(path), "--gold-column", "1", "--predicted-column", "-3", "--comments"]) == 0
    assert capsys.readouterr() == (REPORT, "")
    assert main(["score", str(path)]) == 1
    assert capsys.readouterr().err.endswith("'# by me'; leave out comments with --comments\n")


def test_score_refuses_chunks_as_gold_tags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tagged"
    path.write_text("John NNP I-NP B-PER\nis VB I-VP O\n")
    assert main(["score", str(path)]) == 1
    assert "found 'I-NP' and others like it; choose the gold tags with --gold-column" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "x", "1.5", "", "--2", "-"])
def test_a_column_is_a_number(capsys: pytest.CaptureFixture[str], number: str) -> None:
    for command, option in (("score", "--gold-column"), ("evaluate", "--word-column"), ("evaluate", "--tag-column")):
        with pytest.raises(SystemExit):
            main([command, "x", f"{option}={number}"])
        assert f"argument {option}: expected 1 for the first column, -1 for the last" in capsys.readouterr().err


def test_score_json(scored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--json", str(scored)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["words"], record["correct_words"], record["accuracy"], record["non_o_accuracy"]) == (5, 3, 0.6, 0.5)
    assert (record["gold"], record["found"], record["correct"], record["f1"]) == (3, 2, 2, 0.8)
    assert record["labels"]["LOC"]["recall"] == 0.5
    assert list(record["labels"]) == ["LOC", "PER"]


def test_score_takes_tags_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd"
    path.write_text("-DOCSTART- O O\na PER PER\nb U-PER B-PER\nc B-Z\x1b[31m I-Z\x1b[31m\n")
    assert main(["score", str(path)]) == 0
    report, *_, last = capsys.readouterr().out.splitlines()
    assert report == "processed 4 tokens with 2 phrases; found: 2 phrases; correct: 2."
    assert last.split(":")[0].strip() == "Z\\x1b[31m"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            ": contains no word; expected one word per line, with the gold and the predicted tag as its last ",
        ),
        ("\n\n", ": contains no word"),
        ("a O O\n\nb O\n", ":3: expected 3 columns, as in line 1, found 2; separate all columns by tabs"),
        ("O\n", ":1: expected a gold and a predicted tag, found one column, 'O'"),
    ],
)
def test_score_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "bad"
    path.write_text(content)
    assert main(["score", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"albert-ner: error: {path}{message}")
    assert err.count("\n") == 1


def test_score_refuses_what_is_not_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, reason in (("missing", "No such file or directory"), (".", "Is a directory")):
        assert main(["score", str(tmp_path / name)]) == 1
        assert capsys.readouterr() == ("", f"albert-ner: error: {tmp_path / name}: {reason}\n")
