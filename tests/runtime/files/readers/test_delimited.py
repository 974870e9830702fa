from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.files.readers import delimited
from growth import assert_linear
from read import chunks_from_pipe, contents, records, refusal


def read(tmp_path: Path, content: bytes, name: str = "a.csv", field: str = "text") -> list[tuple[int, object]]:
    path = tmp_path / name
    path.write_bytes(content)
    lines = [record.line for record in records(path, field=field)]
    return list(zip(lines, contents(path, field=field), strict=True))


def test_rows(tmp_path: Path) -> None:
    content = (
        b"\xef\xbb\xbfid,text\r\n"
        b"1,one\r\n"
        b'2,"two ""quoted"",\r\nover lines"\r\n'
        b"\r\n"
        b"3,\r\n"
        b"4\r\n"
        b"5,five,more\r\n"
        b"6,\xff\r\n"
        b'7,"\xff\r\n"\r\n'
        b'8,"eight'
    )
    assert read(tmp_path, content) == [
        (2, "one"),
        (3, 'two "quoted",\r\nover lines'),
        (6, ""),
        (7, "a.csv:7: expected 2 columns, as in the header, found 1"),
        (8, "a.csv:8: expected 2 columns, as in the header, found 3"),
        (9, "a.csv:9: not UTF-8, byte 0xff at offset 76 of the file; convert it to UTF-8"),
        (10, "a.csv:10: not UTF-8, byte 0xff at offset 82 of the file; convert it to UTF-8"),
        (12, "a.csv:12: expected a row of CSV, found one that can't be read as such (unexpected end of data)"),
    ]
    assert records(tmp_path / "a.csv")[0].fields == {"id": "1", "text": "one"}
    assert records(tmp_path / "a.csv")[3].fields == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_stay_within_cells_only(tmp_path: Path, encoding: str, end: str) -> None:
    rows = ["id\ttext", '1\t"a\r\nb\nc\r"', "2\td", '3\t"e" f', "", '4\t""', "5\tg"]
    written = end.join(rows)
    expected = [(2, "a\r\nb\nc\r"), (5, "d"), (6, '"e" f'), (8, ""), (9, "g")]
    assert read(tmp_path, (written + end).encode(encoding), "a.tsv") == expected
    assert read(tmp_path, (written + end.rstrip("\n")).encode(encoding), "a.tsv") == expected


def test_a_row_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    content = b'text,id\n"open,1\ntwo,2\n"a"b,3\nfour,4\n"five\n",5\nsix,"6\nseven,7\ne\rght,8\n'
    rows = read(tmp_path, content)
    assert [line for line, _ in rows] == [2, 3, 4, 5, 6, 8, 9, 10]
    assert [text for _, text in rows if "expected a row" not in str(text)] == ["two", "four", "five\n", "seven"]
    assert rows[-1][1] == (
        "a.csv:10: expected a row of CSV, found one that can't be read as such (new-line character seen in unquoted "
        "field)"
    )


def test_tsv_without_quotation_marks_around_columns(tmp_path: Path) -> None:
    content = b'id\ttext\n1\t"Hi," he said.\n2\t"open\n3\t"a ""b""\tc"\n4\t5" wide\n'
    assert read(tmp_path, content, "a.tsv") == [
        (2, '"Hi," he said.'),
        (3, '"open'),
        (4, 'a "b"\tc'),
        (5, '5" wide'),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv: expected a header with the names of the columns, found an empty file"),
        ("a.csv", b"\n\n", "a.csv: expected a header with the names of the columns, found an empty file"),
        ("a.csv", b"id,body\n", "a.csv: expected a column 'text', found 'id', 'body'; choose one with --field"),
        ("a.csv", b"id;text\n", "a.csv: expected columns separated by ',', found one column, 'id;text'; convert the"),
        ("a.csv", b"id\ttext\n", "a.csv: expected columns separated by ',', found one column, 'id\\ttext'; convert"),
        ("a.csv", b"text,id,text\n", "a.csv: expected columns with different names, found 'text' twice"),
        ("a.csv", b"text,\xff\n", "a.csv:1: not UTF-8, byte 0xff at offset 5 of the file; convert it to UTF-8"),
        ("a.csv", b'text,"id\n', "a.csv:1: expected a row of CSV, found one that can't be read as such (unexpected"),
        ("a.tsv", b"id,text\n", "a.tsv: expected a column 'text', found 'id,text'; choose one with --field"),
    ],
)
def test_headers_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    assert refusal(name).startswith(message)


def test_all_files_have_the_same_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("id,text\n1,one")
    Path("b.csv").write_text("id,text\n2,two")
    assert contents("a.csv", "b.csv") == ["one", "two"]
    Path("b.csv").write_text("text,id\ntwo,2")
    message = "b.csv: expected the columns of a.csv, 'id', 'text', found 'text', 'id'; run it alone"
    assert refusal("a.csv", "b.csv") == message


def test_a_field_may_be_longer_than_the_limit_of_the_csv_module(tmp_path: Path) -> None:
    text = "Ajax " * 100_000
    assert read(tmp_path, f'text\n"{text}"\n{text}\n'.encode()) == [(2, text), (3, text)]


def test_a_quotation_mark_that_nothing_closes_does_not_take_the_rest_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_ROW", 100)
    rows = read(tmp_path, b'text\n"open\n' + b"line\n" * 1000)
    assert rows[0][1] == (
        "a.csv:2: expected a row of CSV, found one that can't be read as such (it has more than 100 characters)"
    )
    assert [text for _, text in rows[1:]] == ["line"] * 1000
    assert read(tmp_path, b"text\n" + b"a" * 200 + b"\n") == [(2, "a" * 200)]  # one line may be longer


CELLS = st.text('ab,\t"\n\r é', max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=10),
    st.lists(st.integers(0, 200)),
    st.sampled_from(["csv", "tsv"]),
)
def test_what_the_csv_module_writes_is_read(rows: list[list[str]], cuts: list[int], format: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter="," if format == "csv" else "\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["text", "other"], *rows])
    chunks = chunks_from_pipe(written.getvalue().encode(), cuts, format=format)
    read = [list(record.fields.values()) for chunk in chunks for record in chunk.records]
    assert read == rows


@given(st.text('ab,\t"\n\r', max_size=60), st.sampled_from(["csv", "tsv"]))
def test_any_rows_are_records_or_errors_in_order(rows: str, format: str) -> None:
    content = ("text\n" + rows).encode()
    lines = [record.line for chunk in chunks_from_pipe(content, [], format=format) for record in chunk.records]
    assert lines == sorted(set(lines))
    assert all(2 <= line <= content.count(b"\n") + 1 for line in lines)


@pytest.mark.parametrize("row", ['"open\n', '"a"b\n', 'a,"\n', '"""\n'])
def test_quotation_marks_take_linear_time(tmp_path: Path, row: str) -> None:
    def write(size: int) -> Path:
        path = tmp_path / f"{size}.csv"
        path.write_text("text,b\n" + row * size)
        return path

    assert_linear(records, write, 16_000)
