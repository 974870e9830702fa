"""Entities as rows of CSV and TSV."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk
from albert_ner_onnx.files.writers.delimited import to_rows
from written import chunk_of, document, record, write

HEADER = ["file", "line", "text", "label", "start", "end", "score", "error"]
JOHN = document("John is in Berlin.", ("John", "PER"), ("Berlin", "LOC"))


def rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


@pytest.mark.parametrize(("format", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_each_entity_has_a_row(format: str, delimiter: str, tmp_path: Path) -> None:
    write(format, [(chunk_of([JOHN]), [JOHN]), (chunk_of([document("No.")]), [document("No.")])], tmp_path / "out")
    assert rows(tmp_path / "out", delimiter) == [
        HEADER,
        ["in.txt", "1", "John", "PER", "0", "4", "0.5625", ""],
        ["in.txt", "1", "Berlin", "LOC", "11", "17", "0.59375", ""],
    ]


def test_without_records_there_is_a_header(tmp_path: Path) -> None:
    write("csv", [], tmp_path / "out")
    assert rows(tmp_path / "out") == [HEADER]


def test_an_error_has_a_row_and_a_record_without_text_has_none(tmp_path: Path) -> None:
    chunk = Chunk([record(InputError('bad, "very"'), line=4), record("text", line=5), record(None, line=6)])
    write("csv", [(chunk, [None, InferenceError("no answer"), None])], tmp_path / "out")
    assert rows(tmp_path / "out")[1:] == [
        ["in.txt", "4", "", "", "", "", "", 'bad, "very"'],
        ["in.txt", "5", "", "", "", "", "", "no answer"],
    ]


@pytest.mark.parametrize("name", ["New\nYork", "a,b", 'a"b"', "a\tb", "=SUM(A1)", "a\rb", "ä 😀"])
def test_any_text_comes_back(name: str, tmp_path: Path) -> None:
    found: Document = document(f"In {name} now", (name, "LOC"))
    for format, delimiter in (("csv", ","), ("tsv", "\t")):
        write(format, [(chunk_of([found]), [found])], tmp_path / format)
        assert rows(tmp_path / format, delimiter)[1][2] == name


def test_pandas_reads_it(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    write("csv", [(chunk_of([JOHN]), [JOHN])], tmp_path / "out")
    table = pandas.read_csv(tmp_path / "out")
    assert table["score"].tolist() == [entity.score for entity in JOHN.entities]
    assert table["start"].tolist() == [0, 11]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1), max_size=4))
def test_rows_come_back(expected: list[list[str]]) -> None:
    read = csv.reader(io.StringIO(to_rows(expected, ",").decode(), newline=""))
    assert list(read) == expected


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert to_rows([["a\udc80b"]], ",").decode() == "a\ufffdb\n"
