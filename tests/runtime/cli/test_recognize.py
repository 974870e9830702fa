from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from albert_ner_onnx.cli import main
from fakes import FakeRecognizer, Terminal

JOHN = "My name is John and I live in Berlin."


def test_recognize_prints_a_table(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([JOHN, "Nothing."]) == 0
    assert capsys.readouterr() == (f"{JOHN}\n  John    PER  0.500\n  Berlin  LOC  0.500\nNothing.\n  no entities\n", "")


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals(
    recognizer: FakeRecognizer, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colour: bool
) -> None:
    for name, value in ({"TERM": "xterm"} | variables).items():
        monkeypatch.setenv(name, value)
    if not variables:
        monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    assert main([JOHN]) == 0
    assert ("\x1b[" in screen.getvalue()) is colour


def test_recognize_prints_json_lines(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", JOHN, "é\udcff"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    entity = {"text": "John", "label": "PER", "start": 11, "end": 15, "score": 0.5}
    assert json.loads(first)["text"] == JOHN
    assert json.loads(first)["entities"][0] == entity
    assert second == '{"text": "é\\udcff", "entities": []}'


def test_recognize_prints_what_the_pipeline_gives(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--format", "huggingface", JOHN, "Nothing."]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == [
        {"entity_group": "PER", "score": 0.5, "word": "John", "start": 11, "end": 15},
        {"entity_group": "LOC", "score": 0.5, "word": "Berlin", "start": 30, "end": 36},
    ]
    assert second == "[]"


def test_recognize_prints_spark_nlps_annotations(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--format", "spark-nlp", "😀 Berlin\udcff"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["token", "named_entity", "chunk"]
    assert [token["result"] for token in found["token"]] == ["😀", "Berlin", "\udcff"]
    assert main(["--format", "spark-nlp", "😀 Berlin"]) == 0
    assert json.loads(capsys.readouterr().out)["chunk"] == [
        {
            "annotatorType": "chunk",
            "begin": 3,
            "end": 8,
            "result": "Berlin",
            "metadata": {"entity": "LOC", "sentence": "0", "chunk": "0", "confidence": "0.5"},
            "embeddings": [],
        }
    ]


@pytest.mark.parametrize("form", ["json", "huggingface", "spark-nlp"])
def test_a_line_that_cannot_be_read_has_its_record(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xe9\nJohn\n")
    assert main(["--format", form, "-i", str(path)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first)["line"] == 1
    assert "John" in second


def test_every_line_of_a_file_has_its_result(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xef\xbb\xbfin Berlin\r\n\r\nbad \xe9\nJohn")
    message = f"{path}:3: not UTF-8, byte 0xe9 at offset 20 of the file; convert it to UTF-8"
    assert main(["--json", "-i", str(path)]) == 1
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert [record.get("text") for record in records] == ["in Berlin", "", None, "John"]
    assert [len(record.get("entities", "")) for record in records] == [1, 0, 0, 1]
    assert records[2] == {"error": message, "line": 3}
    assert err == f"albert-ner: error: {message}\n"

    assert main(["-i", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == "in Berlin\n  Berlin  LOC  0.500\n\n  no entities\nJohn\n  John  PER  0.500\n"
    assert err == f"albert-ner: error: {message}\n"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear John,\r\nBerlin is\r\nfine.\r\n\r\nJohn\r\n")
    return path


def test_a_paragraph_is_a_text(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], letter: Path) -> None:
    assert main(["--json", "-i", str(letter), "--per", "paragraph"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["text"] == "Dear John,\nBerlin is\nfine."
    for entity in first["entities"]:
        assert first["text"][entity["start"] : entity["end"]] == entity["text"]
    assert len(first["entities"]) == 2
    assert second["text"] == "John"

    assert main(["-i", str(letter), "--per", "paragraph"]) == 0
    assert capsys.readouterr().out == (
        "Dear John,\nBerlin is\nfine.\n  John    PER  0.500\n  Berlin  LOC  0.500\n\n"  # set apart, as they are there
        "John\n  John  PER  0.500\n\n"
    )


def test_a_file_is_a_text(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], letter: Path) -> None:
    assert main(["--json", "-i", str(letter), "--per", "file"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "Dear John,\nBerlin is\nfine.\n\nJohn"
    assert main(["-i", str(letter), "--per", "file"]) == 0
    assert capsys.readouterr().out.startswith("Dear John,\nBerlin is\nfine.\n\nJohn\n  John    PER  0.500\n")
    letter.write_bytes(b"")
    assert main(["--json", "-i", str(letter), "--per", "file"]) == 0
    assert capsys.readouterr().out == '{"text": "", "entities": []}\n'
    for per in ("paragraph", "line"):
        assert main(["-i", str(letter), "--per", per]) == 0
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("per", "texts"), [("line", ["a", "", "b", "John"]), ("paragraph", ["a"]), ("file", [])])
def test_a_line_that_cannot_be_read_spoils_its_text(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str], letter: Path, per: str, texts: list[str]
) -> None:
    letter.write_bytes(b"a\n\nb\n\xe9\nJohn\n")
    assert main(["--json", "-i", str(letter), "--per", per]) == 1
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["text"] for record in records if "text" in record] == texts
    (spoilt,) = [record for record in records if "error" in record]
    assert spoilt["line"] == 4
    assert err == f"albert-ner: error: {spoilt['error']}\n"
    assert main(["-i", str(letter), "--per", per]) == 1
    assert capsys.readouterr().err == err


def test_a_text_of_several_lines_is_shown_in_lines(
    recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["Dear\x1b[2J\nJohn\r"]) == 0
    assert capsys.readouterr().out == "Dear\\x1b[2J\nJohn\\r\n  John  PER  0.500\n"


def test_labels_are_spark_nlps_white_list(recognizer: FakeRecognizer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "spark-nlp", "--labels", "PER", JOHN]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [chunk["result"] for chunk in found["chunk"]] == ["John"]
    assert len(found["token"]) == 10
