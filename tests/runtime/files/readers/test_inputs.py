"""What a run reads: found, checked, in one format."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx.errors import InputError, MissingExtraError
from albert_ner_onnx.files.readers import FORMATS, InputOptions, Inputs, open_inputs
from read import contents, records


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def opened(*patterns: str, **options: Any) -> Inputs:
    return open_inputs(patterns, InputOptions(**options))


def test_names_tell_formats() -> None:
    write(
        {
            "a.txt": b"one",
            "b.MD": b"two",
            "c.log.gz": gzip.compress(b"three"),
            "d.jsonl": b'{"text": "four"}',
            "e.ndjson": b'{"text": "five"}',
            "f.csv": b"text\nsix",
            "g.tsv.GZ": gzip.compress(b"text\nseven"),
            "h.conll": b"eight O",
            "i.bio": b"nine",
            "j.iob": b"ten",
        }
    )
    assert contents("a.txt", "b.MD", "c.log.gz") == ["one", "two", "three"]
    assert contents("d.jsonl", "e.ndjson") == ["four", "five"]
    assert contents("f.csv") == ["six"]
    assert contents("g.tsv.GZ") == ["seven"]
    assert contents("h.conll", "i.bio", "j.iob") == [[["eight"]], [["nine"]], [["ten"]]]
    assert opened("a.txt").shape.format == "text"
    assert opened("g.tsv.GZ").shape.names == ("text",)
    assert set(FORMATS) == {"text", "jsonl", "csv", "tsv", "parquet", "arrow", "conll"}


def test_directories_are_searched_in_order() -> None:
    files = ("d/b.txt", "d/a/z.txt", "d/a.txt", "d/.git/x.txt", "d/_SUCCESS.txt", "d/a/.x.txt", "d/a/other.bin")
    write({name: name.encode() for name in files})
    assert contents("d") == ["d/a/z.txt", "d/a.txt", "d/b.txt"]
    assert contents("d/*.txt") == ["d/_SUCCESS.txt", "d/a.txt", "d/b.txt"]
    assert contents("d/**/z.txt") == ["d/a/z.txt"]
    assert contents("d", format="text") == ["d/a/other.bin", "d/a/z.txt", "d/a.txt", "d/b.txt"]


@pytest.mark.parametrize(
    ("patterns", "options", "message"),
    [
        (["missing.txt"], {}, "missing.txt: can't be read (No such file or directory)"),
        (["*.nothing"], {}, "*.nothing: expected names of files, found none that fit the pattern"),
        ([], {}, "expected a file, a directory, a glob or - to read, found nothing"),
        (["a.txt", "b.jsonl"], {}, "b.jsonl: expected files of one format, found jsonl, but a.txt is text; "),
        (["x.bin"], {}, "x.bin: can't tell the format from the name; choose it with --from"),
        (["a.txt"], {"format": "xml"}, "--from: expected one of text, jsonl"),
        (["a.txt"], {"per": "word"}, "--per: expected one of line, paragraph, file, found 'word'"),
        (["b.jsonl"], {"per": "file"}, "--per file: allowed only with text, found jsonl"),
        (["a.txt"], {"field": "x"}, "--field x: allowed only with JSON Lines and tables, found text"),
        (["a.txt"], {"word_column": 2}, "--word-column: allowed only with CoNLL, found text"),
        (["a.txt"], {"comments": True}, "--comments: allowed only with CoNLL, found text"),
        (["empty"], {}, "empty: expected files of a known format, found none; their names must end in .txt, .md"),
        (["a.txt.gz"], {}, "a.txt.gz: expected data compressed by gzip, found other bytes ("),
        (["p.parquet.gz"], {}, "p.parquet.gz: parquet can't be read while it is compressed; decompress it first"),
    ],
)
def test_what_cannot_be_read_is_refused(patterns: list[str], options: dict[str, Any], message: str) -> None:
    write({"a.txt": b"", "b.jsonl": b"", "x.bin": b"", "a.txt.gz": b"text", "p.parquet.gz": b""})
    Path("empty").mkdir()
    with pytest.raises(InputError) as caught:
        opened(*patterns, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_file_is_read_once() -> None:
    write({"d/a.txt": b"a", "d/b.txt": b"b"})
    Path("d/c.txt").symlink_to("a.txt")
    Path("d/gone.txt").symlink_to("nowhere.txt")
    Path("d/loop").symlink_to("../d")
    assert contents("d/b.txt", "d", "./d/a.txt", "d/*.txt"[:3] + "b.txt") == ["b", "a"]


def test_progress_in_bytes() -> None:
    write({"a.txt": b"one\ntwo\n", "b.txt.gz": gzip.compress(b"three")})
    inputs = opened("a.txt", "b.txt.gz")
    assert inputs.total_bytes == sum(Path(name).stat().st_size for name in ("a.txt", "b.txt.gz"))
    assert inputs.bytes_read == 0
    for _ in range(2):
        assert [len(chunk.records) for chunk in inputs.chunks()] == [3]
        assert inputs.bytes_read == inputs.total_bytes


def test_a_directory_of_other_files_and_a_glob_of_empty_directories() -> None:
    write({"d/other.bin": b"", "d/e/.hidden.txt": b""})
    for pattern in ("d", "d/*/"):
        with pytest.raises(InputError, match="expected files of a known format, found none"):
            opened(pattern)
    with pytest.raises(InputError, match=r"found none$"):
        opened("d/e", format="text")


def test_a_name_that_exists_is_no_glob() -> None:
    write({"[a].txt": b"brackets", "a.txt": b"a"})
    assert contents("[a].txt") == ["brackets"]
    assert contents("[ab].txt") == ["a"]


def test_a_name_may_have_any_bytes() -> None:
    name = os.fsdecode(b"\xff\xe4.txt")
    write({name: b"one"})
    (record,) = records(".")
    assert (record.source, record.content) == (f"./{name}", "one")


def test_formats_may_be_chosen() -> None:
    write({"a.json": b'{"text": "one"}\n{"text": "two"}', "b.txt": b'{"text": "three"}'})
    assert contents("a.json", "b.txt", format="jsonl") == ["one", "two", "three"]
    assert contents("b.txt") == ['{"text": "three"}']


def test_pipes_in_directories_are_left_out() -> None:
    write({"d/a.txt": b"a"})
    os.mkfifo("d/b.txt")
    assert contents("d") == ["a"]


def test_a_pipe_that_is_named_is_read() -> None:
    os.mkfifo("b.txt")
    sender = threading.Thread(target=lambda: Path("b.txt").write_bytes(b"one\ntwo"))
    sender.start()
    inputs = opened("b.txt")
    sender.join()
    assert inputs.total_bytes is None
    assert inputs.sources[0].size is None
    assert [record.content for chunk in inputs.chunks() for record in chunk.records] == ["one", "two"]
    assert inputs.bytes_read == 7


def run(code: str, stdin: bytes = b"") -> str:
    done = subprocess.run([sys.executable, "-c", code], input=stdin, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("format", "stdin", "expected"),
    [
        (None, b"one\ntwo", ["one", "two"]),
        ("jsonl", b'{"text": "one"}', ["one"]),
        ("csv", b"id,text\n1,one\n", ["one"]),
        ("conll", b"one\n\ntwo", [[["one"], ["two"]]]),
    ],
)
def test_standard_input(format: str | None, stdin: bytes, expected: list[Any]) -> None:
    code = f"""if True:
        from albert_ner_onnx.files.readers import InputOptions, open_inputs
        inputs = open_inputs(["-", "-"], InputOptions(format={format!r}))
        records = [record for chunk in inputs.chunks() for record in chunk.records]
        print([record.content for record in records], records[0].source, inputs.total_bytes, inputs.bytes_read)
    """
    assert run(code, stdin) == f"{expected} <stdin> None {len(stdin)}\n"


def test_what_is_read_says_what_is_imported() -> None:
    write({"a.jsonl": b'{"text": "one"}'})
    code = """if True:
        import sys
        from albert_ner_onnx.files.readers import InputOptions, open_inputs
        list(open_inputs(["a.jsonl"], InputOptions()).chunks())
        print({"pyarrow", "zstandard", "numpy", "onnxruntime", "tokenizers", "pandas"} & set(sys.modules))
    """
    assert run(code) == "set()\n"


@pytest.mark.parametrize(
    ("name", "library", "purpose"),
    [
        ("a.parquet", "pyarrow", "a.parquet: reading Parquet"),
        ("a.arrow", "pyarrow", "a.arrow: reading Arrow"),
        ("a.txt.zst", "zstandard", "a.txt.zst: reading zstd"),
    ],
)
def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch, name: str, library: str, purpose: str) -> None:
    write({name: b""})
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"^{purpose} needs {library}, .* 'albert-ner-onnx\[files\]'"):
        opened(name)


def test_long_fields_besides_the_text_end_a_chunk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_CHARACTERS", 100)
    write(
        {
            "a.jsonl": b'{"text": null, "page": "' + b"a" * 100 + b'"}\n{"text": ""}\n{"text": ""}\n',
            "b.csv": b"text,page\n," + b"a" * 100 + b"\n,b\n,c\n",
        }
    )
    for name in ("a.jsonl", "b.csv"):
        assert [len(chunk.records) for chunk in opened(name).chunks()] == [1, 2]


def test_long_columns_besides_the_text_end_a_chunk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")
    monkeypatch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_CHARACTERS", 100)
    for kind in (pa.binary(), pa.large_binary(), pa.string(), pa.large_string()):
        table = pa.table({"text": [None, "", "a"], "page": pa.array(["a" * 100, None, "b"]).cast(kind)})
        pytest.importorskip("pyarrow.parquet").write_table(table, "a.parquet")
        assert [len(chunk.records) for chunk in opened("a.parquet").chunks()] == [1, 2]
