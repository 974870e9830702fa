from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.files.chunks import Record
from albert_ner_onnx.files.compression import compress
from albert_ner_onnx.files.lines import read_start
from read import chunks, chunks_from_pipe, contents, records, refusal


def test_lines_paragraphs_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\ntwo\r\n\r\n\r\nthree \xff\nfour\n\nfive")
    bad = "a.txt:5: not UTF-8, byte 0xff at offset 20 of the file; convert it to UTF-8"
    assert contents(path) == ["one", "two", "", "", bad, "four", "", "five"]
    assert contents(path, per="paragraph") == ["one\ntwo", bad, "five"]
    assert contents(path, per="file") == [bad]
    assert [record.line for record in records(path, per="paragraph")] == [1, 5, 8]


def test_an_empty_file_is_one_empty_text_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    assert contents(path) == contents(path, per="paragraph") == chunks(path) == []
    assert records(path, per="file") == [Record(str(path), 1, "")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused_before_anything_is_read(tmp_path: Path, encoding: str) -> None:
    good, bad = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    good.write_text("Ajax beat Arsenal.")
    bad.write_bytes(gzip.compress("Ajax beat Arsenal.".encode(encoding)))
    assert refusal(good, bad).startswith(f"{bad}: expected UTF-8, found ")


def test_the_start_of_a_file(tmp_path: Path) -> None:
    for content, start in ((b"", ""), (b"\xef\xbb\xbfa\xff", "a\ufffd"), ("\ufeffä".encode("utf-16-be"), "ä")):
        path = tmp_path / "a.txt"
        path.write_bytes(content)
        with open(path, "rb") as stream:
            assert read_start(stream, "x") == start


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_file_that_breaks_off_ends_with_an_error_and_the_next_one_is_read(tmp_path: Path, compression: str) -> None:
    if compression == "zstd":
        pytest.importorskip("zstandard")
    broken, whole = tmp_path / f"a.txt.{ {'gzip': 'gz', 'zstd': 'zst'}[compression] }", tmp_path / "b.txt"
    broken.write_bytes(compress(b"one\ntwo\nthr", compression) + compress(b"ee\nfour\n", compression)[:-3])
    whole.write_bytes(b"five")
    read = records(broken, whole)
    assert [(record.line, record.content) for record in read[:2]] == [(1, "one"), (2, "two")]
    assert contents(broken, whole)[-2:] == [
        f"{broken.name}: expected data compressed by {compression}, found its end too early; get the file anew, or "
        "rename it if it isn't compressed",
        "five",
    ]
    assert read[-2].line == len(read) - 1
    assert len(contents(broken, whole, per="file")) == 2


def test_a_file_that_is_gone_since_is_an_error_record(tmp_path: Path) -> None:
    from albert_ner_onnx.files.readers import InputOptions, open_inputs

    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    inputs = open_inputs([str(tmp_path)], InputOptions())
    (tmp_path / "a.txt").unlink()
    first, second = (record for chunk in inputs.chunks() for record in chunk.records)
    assert str(first.content) == f"{tmp_path / 'a.txt'}: can't be read (No such file or directory)"
    assert (first.line, second.content) == (1, "b.txt")


LINES = st.lists(st.binary(max_size=6) | st.sampled_from([b"", b" ", b"\xc3\xa4", b"\xff", b"a\r"]), max_size=20)


@given(LINES, st.lists(st.integers(0, 100)), st.sampled_from(["line", "paragraph", "file"]))
def test_chunks_depend_only_on_the_input(lines: list[bytes], cuts: list[int], per: str) -> None:
    content = b"\n".join(lines).removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_RECORDS", 3)
        patch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_CHARACTERS", 10)
        whole, pieces = (
            [
                [(record.line, str(record.content)) for record in chunk.records]
                for chunk in chunks_from_pipe(content, where, format="text", per=per)
            ]
            for where in ([], cuts)
        )
    # A file descriptor's number is in the messages
    assert [[line for line, _ in chunk] for chunk in whole] == [[line for line, _ in chunk] for chunk in pieces]
    if per == "line":
        texts = [text for chunk in pieces for _, text in chunk]
        assert len(texts) == content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
