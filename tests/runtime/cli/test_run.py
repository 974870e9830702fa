"""`albert-ner run`: options, messages and exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import runs
from albert_ner_onnx.cli import main
from albert_ner_onnx.cli.run import INPUT_FORMATS, OUTPUT_FORMATS
from albert_ner_onnx.files import readers, writers
from fakes import Terminal
from toy_models import INT8

MODEL = ["--model", str(INT8)]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("texts.txt")
    path.write_text("John lives in Berlin\nMary\n")
    return path


def test_the_formats_are_those_of_readers_and_writers() -> None:
    assert set(INPUT_FORMATS) == set(readers.FORMATS)
    assert set(OUTPUT_FORMATS) == set(writers.FORMATS)


def test_a_run_ends_with_a_summary(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *MODEL, str(source), "-o", "out.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("2 documents, 5 words, ")
    assert ", 0 errors, " in err
    assert err.count("\n") == 1
    assert [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()] == [
        "John lives in Berlin",
        "Mary",
    ]


def test_errors_are_reported_and_counted(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_bytes(b"John\n" + b"\xff\n" * 12)
    assert main(["run", *MODEL, str(source), "-o", "out.jsonl"]) == 1
    *errors, more, summary = capsys.readouterr().err.splitlines()
    assert [error.split(": ")[2] for error in errors] == [f"texts.txt:{line}" for line in range(2, 12)]
    assert more == "2 more records have errors"
    assert summary.startswith("1 document, 1 word, ")
    assert ", 12 errors, " in summary
    assert len(Path("out.jsonl").read_text().splitlines()) == 13


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nothing.txt", "-o", "out.jsonl"], "nothing.txt: can't be read (No such file or directory)"),
        (["texts.txt", "-o", "texts.txt", "--to", "redact"], "texts.txt: is an input that would be written, too"),
        (["texts.txt", "-o", "out"], "out: its name doesn't tell a format"),
        (["texts.txt", "--to", "parquet"], "parquet must be written to a file"),
        (["texts.txt", "--resume"], "resume needs an output file"),
        (["texts.txt", "-o", "out.jsonl", "--processes", "2", "--workers", "2"], "workers and threads can't be chosen"),
    ],
)
def test_what_is_refused(source: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    if "parquet" in argv:
        pytest.importorskip("pyarrow")
    assert main(["run", *MODEL, *argv]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["texts.txt"]


@pytest.mark.parametrize("argv", [[], ["texts.txt", "--processes", "0"], ["texts.txt", "--to", "xml"]])
def test_usage_errors(source: Path, argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", *argv])
    assert caught.value.code == 2


def test_every_option_reaches_the_run(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def keep(inputs: object, output: object, **chosen: Any) -> runs.Summary:
        seen.update(chosen, inputs=inputs, output=output)
        return runs.Summary(documents=0, words=0, entities={}, errors=0, seconds=0.0)

    monkeypatch.setattr(runs, "run", keep)
    argv = (
        "a b -o out --from csv --field x.y --per file --word-column 2 --comments --to redact --entities-field found "
        "--numbered --keep MISC,LOC --mapping map --resume --overwrite --processes 3 --workers 2 --threads 4 --decoder "
        "argmax --context sentence --labels PER --min-score 0.5 --newlines border --markup html --abbreviations Det"
    )
    assert main(["run", *MODEL, *argv.split()]) == 0
    del seen["progress"]
    assert str(seen.pop("model")) == str(INT8)
    assert seen == {
        "inputs": ["a", "b"],
        "output": "out",
        "from_format": "csv",
        "field": "x.y",
        "per": "file",
        "word_column": 2,
        "comments": True,
        "to_format": "redact",
        "entities_field": "found",
        "numbered": True,
        "keep": ["MISC", "LOC"],
        "mapping": "map",
        "resume": True,
        "overwrite": True,
        "processes": 3,
        "workers": 2,
        "threads": 4,
        "decoder": "argmax",
        "context": "sentence",
        "labels": ["PER"],
        "min_score": 0.5,
        "newlines": "border",
        "markup": "html",
        "abbreviations": ["Det"],
    }


def test_a_terminal_shows_a_bar(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    source.write_bytes(b"John\n\xff\n")
    assert main(["run", *MODEL, str(source), "-o", "out.jsonl"]) == 1
    shown = terminal.getvalue()
    assert "0.00/7.00" in shown
    assert "\ralbert-ner: error: texts.txt:2: " in shown
    assert shown.splitlines()[-1].strip().startswith("1 document, ")


def test_a_terminal_without_tqdm_shows_no_bar(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["run", *MODEL, str(source), "-o", "out.jsonl"]) == 0
    assert terminal.getvalue().startswith("2 documents, ")


def test_ctrl_c_says_how_to_go_on(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(inputs: object, output: object, *, progress: Callable[[runs.Progress], None], **chosen: Any) -> None:
        progress(runs.Progress(bytes_read=0, total_bytes=10, counts=writers.Counts()))
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", interrupt)
    assert main(["run", *MODEL, str(source), "-o", "out.jsonl"]) == 130
    assert capsys.readouterr().err == "interrupted; go on with --resume\n"
    assert main(["run", *MODEL, str(source)]) == 130
    assert capsys.readouterr().err == ""


def test_an_odd_line_of_conll_costs_at_most_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sentences = b"John NNP B-PER\nlives VB O\n\n" * 3
    Path("in.conll").write_bytes(sentences + b"in\n\n" + sentences + b"\xff NNP O\n\n" + sentences)
    assert main(["run", *MODEL, "in.conll", "-o", "out.conll"]) == 1
    assert "2 documents, 19 words, " in (err := capsys.readouterr().err)
    assert "in.conll:21: not UTF-8" in err
    before, bad, after = [
        [line.split()[0] for line in part.splitlines() if line]
        for part in Path("out.conll").read_text().split("-DOCSTART- O\n")[1:]
    ]
    assert (before, bad, after) == (["John", "lives"] * 3 + ["in"] + ["John", "lives"] * 3, [], ["John", "lives"] * 3)
