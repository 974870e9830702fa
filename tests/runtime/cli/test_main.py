from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from albert_ner_onnx.cli import COMMANDS, main
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import Manifest
from albert_ner_onnx.options import Options
from fakes import FakeRecognizer, set_exporter

DEFAULTS = {field.name: field.default for field in fields(Options)} | {"path": None}
MIN_SCORE = "argument --min-score: expected a number from 0 to 1, or one for a label, such as PER=0.8, found "
WRONG_SCORES = ["2", "-1", "nan", "x", "", "0,8", "PER", "PER=", "PER=x", "PER=2", "=0.5", "PER=0.5,LOC=0.8"]


@pytest.mark.parametrize(
    ("argv", "texts"),
    [
        (["a b"], ["a b"]),
        (["recognize", "a"], ["a"]),
        (["a", "b"], ["a", "b"]),
        (["a", "info"], ["a", "info"]),
        (["--json", "a"], ["a"]),
        (["a", "--json"], ["a"]),
        (["--debug", "a"], ["a"]),
        (["a", "--debug"], ["a"]),
        (["--", "info"], ["info"]),
        (["--", "--", "a"], ["--", "a"]),
        (["recognize", "recognize"], ["recognize"]),
        (["recognize", "--", "-x"], ["-x"]),
        (["--threads", "2", "--", "-x"], ["-x"]),
        (["Info"], ["Info"]),
        (["a", "-"], ["a", "-"]),
        ([""], [""]),
    ],
)
def test_recognize_is_the_default_command(recognizer: FakeRecognizer, argv: list[str], texts: list[str]) -> None:
    assert main(argv) == 0
    assert recognizer.texts == texts


def test_options_reach_the_recognizer(recognizer: FakeRecognizer) -> None:
    assert main(["--model", "some/folder", "--workers", "2", "--threads", "3", "a"]) == 0
    assert recognizer.loaded == DEFAULTS | {"path": "some/folder", "workers": 2, "threads": 3}
    assert main(["a"]) == 0
    assert recognizer.loaded == DEFAULTS
    assert main(["--decoder", "argmax", "--context", "sentence", "a"]) == 0
    assert recognizer.loaded == DEFAULTS | {"decoder": "argmax", "context": "sentence"}


@pytest.mark.parametrize(
    ("argv", "chosen"),
    [
        (["--labels", "PER"], {"labels": ["PER"]}),
        (["--labels", "PER, ORG,", "--labels=LOC"], {"labels": ["PER", "ORG", "LOC"]}),
        (["--min-score", "0.5"], {"min_score": 0.5}),
        (["--min-score", "0.5", "--min-score", "1"], {"min_score": 1}),  # the last one, as for other options
        (["--min-score", "PER=0.5"], {"min_score": {"PER": 0.5}}),
        (["--min-score", "PER=0.5", "--min-score", "B=C=1"], {"min_score": {"PER": 0.5, "B=C": 1}}),
        (["--min-score", "PER=0.5", "--min-score", "0"], {"min_score": {"PER": 0.5}}),
        (
            ["--min-score", "PER=0.5", "--min-score", "0.25", "--min-score", "X=1"],
            {"min_score": {"LOC": 0.25, "PER": 0.5, "X": 1}},  # a model has to refuse X
        ),
        (["--newlines", "border"], {"newlines": "border"}),
        (["--markup", "html"], {"markup": "html"}),
        (["--abbreviations", "Det,Insp."], {"abbreviations": ["Det", "Insp."]}),
    ],
)
def test_options_of_recognize_reach_the_recognizer(
    recognizer: FakeRecognizer, model: Path, argv: list[str], chosen: dict[str, object]
) -> None:
    assert main([*argv, "--model", str(model), "a"]) == 0
    assert recognizer.loaded == DEFAULTS | {"path": str(model)} | chosen
    assert recognizer.texts == ["a"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["recognize"], "one of the arguments TEXT -i/--input is required (see `albert-ner recognize --help`)"),
        (["a", "-i", "b"], "argument -i/--input: not allowed with argument TEXT"),
        (["--nope", "a"], "unrecognized arguments: --nope"),
        (["--js", "a"], "unrecognized arguments: --js"),
        (["--threads", "0", "a"], "argument --threads: expected a whole number of 1 or more, found '0'"),
        (["--workers", "x", "a"], "argument --workers: expected a whole number of 1 or more, found 'x'"),
        (["--labels", ",", "a"], "argument --labels: expected names separated by commas, found ','"),
        (["a", "--labels"], "argument --labels: expected one argument"),
        *((["--min-score", wrong, "a"], f"{MIN_SCORE}{wrong!r}; repeat the option") for wrong in WRONG_SCORES),
        (["--newlines", "keep", "a"], "argument --newlines: invalid choice: 'keep'"),
        (["--markup", "xml", "a"], "argument --markup: invalid choice: 'xml'"),
        (["--per", "line", "a"], "argument --per: allowed only with -i FILE or -, each TEXT is one text (see `"),
        (["--per", "page", "-"], "argument --per: invalid choice: 'page'"),
        (["--format", "spark-nlp", "--min-score", "1", "a"], "argument --min-score: not allowed with --format spark"),
        (["evaluate"], "the following arguments are required: FILE (see `albert-ner evaluate --help`)"),
        (["score"], "the following arguments are required: FILE (see `albert-ner score --help`)"),
        (["info", "a"], "unrecognized arguments: a"),
        (["export", "a", "b", "--precision", "int4"], "argument --precision: invalid choice: 'int4'"),
    ],
)
def test_usage_errors_are_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        main([*filter(None, [command]), "--help"])
    assert caught.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("usage: albert-ner ")
    assert max(map(len, lines)) <= 80


def test_no_arguments_show_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: albert-ner ")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ExportError("b: exists; use --force"), "b: exists; use --force"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "b"), "b: Permission denied"),
        (MemoryError(), "out of memory"),
        (KeyError("x"), "KeyError: 'x' (unexpected; use --debug for the traceback)"),
        (RuntimeError("two\nlines \x1b[2J"), "RuntimeError: two lines \\x1b[2J (unexpected;"),
        (type("PanicException", (BaseException,), {})("Rust"), "PanicException: Rust (unexpected;"),
    ],
)
def test_errors_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, message: str
) -> None:
    def export_model(*arguments: object, **options: object) -> Manifest:
        raise error

    set_exporter(monkeypatch, export_model)
    assert main(["export", "a", "b"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1
    for argv in (["--debug", "export", "a", "b"], ["export", "a", "b", "--debug"]):
        assert main(argv) == 1
        err = capsys.readouterr().err
        assert err.startswith("Traceback (most recent call last):\n")
        assert err.splitlines()[-1].startswith(f"albert-ner: error: {message}")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-i", "missing"], "missing: No such file or directory"),
        (["-i", "folder"], "folder: Is a directory"),
        (["evaluate", "missing"], "missing: can't be read (No such file or directory)"),
        (["evaluate", "folder"], "folder: can't be read (Is a directory)"),
        (["evaluate", "empty"], "empty: contains no sentence"),
        (["info", "--model", "missing"], "missing: no such folder"),
        (["info", "--model", "folder"], "folder: has no manifest.json"),
        (["--model", "missing", "a"], "missing: no such folder"),
    ],
)
def test_wrong_paths(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    argv: list[str],
    message: str,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"albert-ner: error: {message}")
    assert err.count("\n") == 1
