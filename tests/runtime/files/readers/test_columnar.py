from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from albert_ner_onnx.files.chunks import Record
from albert_ner_onnx.files.readers import InputOptions, open_inputs
from read import chunks, chunks_from_pipe, contents, records, refusal

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FORMATS = ("parquet", "arrow", "stream")
TEXTS = ["Ajax", None, "", "Zürich 😀", "Ajax"]


def write(table: Any, path: Path, format: str) -> Path:
    if format == "parquet":
        path = path.with_suffix(".parquet")
        pq.write_table(table, path, row_group_size=2)
        return path
    path = path.with_suffix(".arrow")
    with pa.OSFile(str(path), "wb") as file:
        new = pa.ipc.new_file if format == "arrow" else pa.ipc.new_stream
        with new(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return path


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
def test_all_kinds_of_strings(tmp_path: Path, format: str, kind: Any) -> None:
    if format == "parquet" and kind == pa.string_view():
        pytest.skip("pyarrow writes these as other strings")
    table = pa.table({"id": range(5), "text": pa.array(TEXTS, pa.string()).cast(kind)})
    path = write(table, tmp_path / "a", format)
    inputs = open_inputs([str(path)], InputOptions())
    (chunk,) = inputs.chunks()
    assert chunk.records == [Record(str(path), row, text) for row, text in enumerate(TEXTS, 1)]
    assert chunk.columns is not None
    assert chunk.columns.to_pydict() == {"id": [0, 1, 2, 3, 4], "text": TEXTS}
    assert inputs.shape.schema == chunk.columns.schema == table.schema
    assert inputs.shape.names == ("id", "text")
    assert inputs.bytes_read == inputs.total_bytes == path.stat().st_size


def test_rows_of_several_files_share_chunks(tmp_path: Path) -> None:
    one = pa.table({"text": pa.array(["a", "b"]).dictionary_encode()})
    two = pa.table({"text": pa.array(["c", "b"]).dictionary_encode()}, metadata={"other": "metadata"})
    files = [write(one, tmp_path / "1", "parquet"), write(two, tmp_path / "2", "parquet")]
    (chunk,) = chunks(*files)
    assert [record.content for record in chunk.records] == ["a", "b", "c", "b"]
    assert [record.line for record in chunk.records] == [1, 2, 1, 2]
    assert chunk.columns is not None
    assert chunk.columns["text"].to_pylist() == ["a", "b", "c", "b"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_chunk_takes_only_its_part_of_a_dictionary_along(tmp_path: Path, format: str) -> None:
    texts = pa.array([f"Ajax {row}" for row in range(3000)] + [None])
    kind = pa.dictionary(pa.int16(), pa.string(), ordered=True)
    path = write(pa.table({"text": texts.cast(kind)}), tmp_path / "a", format)
    found = []
    for chunk in chunks(path):
        assert chunk.columns is not None
        assert chunk.columns.schema.field("text").type == kind
        assert len(chunk.columns["text"].dictionary) <= len(chunk.records)
        assert chunk.columns["text"].to_pylist() == [record.content for record in chunk.records]
        found += chunk.columns["text"].to_pylist()
    assert found == texts.to_pylist()


@pytest.mark.parametrize("format", FORMATS)
def test_chunks_depend_only_on_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    monkeypatch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_RECORDS", 3)
    path = write(pa.table({"text": list("abcdefgh")}), tmp_path / "a", format)
    found = [[record.content for record in chunk.records] for chunk in chunks(path)]
    assert found == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    assert [chunk.columns["text"].to_pylist() for chunk in chunks(path) if chunk.columns is not None] == found


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows(tmp_path: Path, format: str) -> None:
    path = write(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a", format)
    assert chunks(path) == []
    nothing = write(pa.table({"text": pa.nulls(2)}), tmp_path / "b", format)
    assert contents(nothing) == [None, None]


def test_columns_that_must_not_be_null_may_be_null_in_the_row_of_an_error(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("text", pa.string())])
    path = write(pa.table({"id": [1], "text": ["a"]}, schema=schema), tmp_path / "a", "parquet")
    inputs = open_inputs([str(path)], InputOptions())
    path.unlink()
    (chunk,) = inputs.chunks()
    assert str(chunk.records[0].content) == f"{path}: can't be read (No such file or directory)"
    assert chunk.columns is not None
    assert chunk.columns.to_pylist() == [{"id": None, "text": None}]


@pytest.mark.parametrize("compression", ["snappy", "none"])
def test_a_damaged_page_ends_a_file_with_an_error(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.parquet"
    rows = [f"{row} Ajax beat Arsenal" for row in range(5000)]
    pq.write_table(pa.table({"text": rows}), path, row_group_size=2500, compression=compression, use_dictionary=False)
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[start : start + 400] = b"\xff" * 400
    path.write_bytes(content)
    whole = write(pa.table({"text": ["last"]}), tmp_path / "b", "parquet")
    found = contents(path, whole)
    assert found[:2500] == rows[:2500]
    assert found[-1] == "last"
    assert found[-2].startswith(f"a.parquet:{len(found) - 1}: this row and those after it can't be read (")
    last = chunks(path, whole)[-1].columns
    assert last is not None
    assert last["text"].to_pylist()[-2:] == [None, "last"]


def test_an_arrow_stream_that_breaks_off(tmp_path: Path) -> None:
    path = write(pa.table({"text": list("abcdef")}), tmp_path / "a", "stream")
    path.write_bytes(path.read_bytes()[:-150])
    found = contents(path)
    assert found[:2] == ["a", "b"]
    assert found[-1].startswith(f"a.arrow:{len(found)}: this row and those after it can't be read (")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_bytes_that_are_not_utf_8_are_a_bad_record(tmp_path: Path, kind: Any) -> None:
    binary = pa.array([b"a", b"b\xff", b"c"], pa.binary() if kind == pa.string() else pa.large_binary())
    path = write(pa.table({"text": binary.view(kind)}), tmp_path / "a", "arrow")
    bad = "column 'text' can't be read (Invalid UTF8 sequence); write the file anew"
    assert contents(path) == ["a", f"a.arrow:2: {bad}", "c"]
    other = write(pa.table({"text": ["a", "b", "c"], "other": binary.view(kind)}), tmp_path / "b", "arrow")
    assert contents(other) == ["a", f"b.arrow:2: {bad}".replace("text", "other"), "c"]
    (chunk,) = chunks(other)
    assert chunk.columns is not None
    assert chunk.columns.to_pylist()[1] == {"text": None, "other": None}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"", "a.parquet: expected Parquet, found something else ("),
        ("a.parquet", b"text,id\n" * 10, "a.parquet: expected Parquet, found something else ("),
        ("a.parquet", b"PAR1" + b"\0" * 20 + b"PAR1", "a.parquet: expected Parquet, found something else ("),
        ("a.arrow", b"", "a.arrow: expected an Arrow file (IPC, Feather 2), found something else ("),
        ("a.arrow", b"text,id\n" * 10, "a.arrow: expected an Arrow file (IPC, Feather 2), found something else ("),
        ("a.arrow", b"ARROW1\0\0", "a.arrow: expected an Arrow file (IPC, Feather 2), found something else ("),
        ("a.feather", b"FEA1" + b"\0" * 20, "a.feather: expected an Arrow file (IPC, Feather 2), found something else"),
    ],
)
def test_other_formats_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    assert refusal(name).startswith(message)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": [1]}, "a.parquet: expected a column 'text', found 'id'; choose one with --field"),
        ({"text": [1]}, "a.parquet: expected strings in column 'text', found int64; choose another with --field"),
        ({"text": [["a"]]}, "a.parquet: expected strings in column 'text', found list<"),
        ({"text": [b"a"]}, "a.parquet: expected strings in column 'text', found binary; choose another with --field"),
    ],
)
def test_columns_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(write(pa.table(columns), Path("a"), "parquet")).startswith(message)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = write(pa.table({"text": ["a"], "column": ["b"]}), tmp_path / "a", "arrow")
    path.write_bytes(path.read_bytes().replace(b"column", b"colum\xff"))
    assert refusal(path).startswith(
        f"{path}: expected an Arrow file (IPC, Feather 2), found something else ('utf-8' co"
    )


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_files_end_with_errors_and_never_crash(tmp_path: Path, format: str) -> None:
    texts = [None if row % 7 == 0 else f"Ajax {row}" for row in range(50)]
    rows = {"text": texts, "kind": pa.array(["a", "b"] * 25).dictionary_encode(), "lists": [["a"], None] * 25}
    path = write(pa.table(rows), tmp_path / "a", format)
    whole, random = path.read_bytes(), Random(format)
    code = f"""if True:
        import sys
        from albert_ner_onnx.errors import InputError
        from albert_ner_onnx.files.readers import InputOptions, open_inputs
        for number in range(60):
            try:
                for chunk in open_inputs([f"{tmp_path}/{{number}}{path.suffix}"], InputOptions()).chunks():
                    assert len(chunk.columns.to_pylist()) == len(chunk.records)
            except InputError:
                pass
        print("done")
    """
    for number in range(60):
        content = bytearray(whole)
        for _ in range(random.choice((1, 3, 30))):
            content[random.randrange(len(content))] = random.randrange(256)
        path.with_name(f"{number}{path.suffix}").write_bytes(content)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write(pa.table([pa.array(["a"])] * 3, ["text", "id", "id"]), tmp_path / "a", "parquet")
    assert refusal(path) == f"{path}: expected columns with different names, found 'id' twice"


def test_all_files_have_the_same_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = write(pa.table({"text": ["a"], "id": [1]}), Path("a"), "parquet")
    two = write(pa.table({"text": ["a"], "id": ["1"]}), Path("b"), "parquet")
    three = write(pa.table({"id": [1], "text": ["a"]}), Path("c"), "parquet")
    message = "b.parquet: expected int64 in column 'id', as in a.parquet, found string; run it alone"
    assert refusal(one, two) == message
    message = "c.parquet: expected the columns of a.parquet, 'text', 'id', found 'id', 'text'; run it alone"
    assert refusal(one, three) == message


def test_pipes(tmp_path: Path) -> None:
    stream = write(pa.table({"text": list("abc")}), tmp_path / "a", "stream")
    (chunk,) = chunks_from_pipe(stream.read_bytes(), [5, 100], format="arrow")
    assert [record.content for record in chunk.records] == ["a", "b", "c"]
    for format, message in (
        ("arrow", "expected a stream of Arrow in a pipe, found a file; read it by its name"),
        ("parquet", "expected a file to read Parquet from, found a pipe; write it to a file"),
    ):
        content = write(pa.table({"text": ["a"]}), tmp_path / "b", format).read_bytes()
        read, end = os.pipe()
        os.write(end, content)
        os.close(end)
        try:
            assert refusal(f"/dev/fd/{read}", format=format) == f"/dev/fd/{read}: {message}"
        finally:
            os.close(read)


def test_fields_are_left_to_the_writers(tmp_path: Path) -> None:
    path = write(pa.table({"text": ["a"]}), tmp_path / "a", "parquet")
    assert records(path)[0].fields == {}
