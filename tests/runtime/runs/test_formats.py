"""Every input with every output: the same entities, and the same bytes after an interruption."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from albert_ner_onnx.cli.run import INPUT_FORMATS, OUTPUT_FORMATS
from albert_ner_onnx.runs import Progress, Summary

Start = Callable[..., Summary]
NAMES = {
    "text": "in.txt",
    "jsonl": "in.jsonl.gz",
    "csv": "in.csv",
    "tsv": "in.tsv.zst",
    "parquet": "in.parquet",
    "arrow": "in.feather",
    "conll": "in.conll",
}


@pytest.fixture(params=INPUT_FORMATS)
def given(request: pytest.FixtureRequest, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same texts in each format, one of them with an error where the format allows it. Returns the file's name."""
    monkeypatch.chdir(tmp_path)
    format: str = request.param
    name = NAMES[format]
    match format:
        case "text":
            content = "\n".join(texts).encode()
        case "jsonl":
            lines = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
            content = gzip.compress("\n".join([*lines, "{"]).encode())
        case "csv":
            content = _delimited(texts, ",")
        case "tsv":
            content = pytest.importorskip("zstandard").compress(_delimited(texts, "\t"))
        case "conll":
            documents = ["\n".join(f"{word} O" for word in text.split()) for text in texts]
            content = "".join(f"-DOCSTART- O\n\n{document}\n\n" for document in documents).encode()
        case _:
            content = _table(texts, format)
    Path(name).write_bytes(content)
    return name


def _delimited(texts: list[str], delimiter: str) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([("id", "text"), *enumerate(texts)])
    return stream.getvalue().encode()


def _table(texts: list[str], format: str) -> bytes:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"id": range(len(texts)), "text": texts})
    sink = pa.BufferOutputStream()
    if format == "parquet":
        from pyarrow import parquet

        parquet.write_table(table, sink)
    else:
        from pyarrow import feather

        feather.write_feather(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def interrupt(progress: Progress) -> None:
    if progress.counts.documents:
        raise KeyboardInterrupt


@pytest.mark.parametrize("to", OUTPUT_FORMATS)
def test_an_interrupted_run_ends_like_any_other(start: Start, given: str, texts: list[str], to: str) -> None:
    if to == "parquet":
        pytest.importorskip("pyarrow")
    seen: list[Progress] = []
    whole = start(given, "whole", to_format=to, progress=seen.append)
    assert whole.documents == len(texts)
    assert whole.errors == ("jsonl" in given)
    assert seen[-1].bytes_read == seen[-1].total_bytes == Path(given).stat().st_size
    with pytest.raises(KeyboardInterrupt):
        start(given, "parts", to_format=to, progress=interrupt)
    resumed = start(given, "parts", to_format=to, resume=True)
    assert Path("parts").read_bytes() == Path("whole").read_bytes()
    assert (resumed.entities, resumed.words) == (whole.entities, whole.words)
    assert {path.name for path in Path().iterdir()} == {given, "whole", "parts"}


def test_every_input_gives_the_same_entities(start: Start, given: str, texts: list[str]) -> None:
    Path("plain.txt").write_text("\n".join(texts), "utf-8")
    expected = start("plain.txt", "expected.jsonl")
    found = start(given, "out.jsonl")
    if given != "in.conll":  # whose words are split already
        assert (found.entities, found.words) == (expected.entities, expected.words)
    records = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    answered = [record for record in records if "error" not in record]
    assert len(answered) == len(texts)
    assert sum(len(record["entities"]) for record in answered) == sum(found.entities.values())


def test_crlf_within_a_cell_stays(tmp_path: Path, start: Start) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b'id,text\r\n1,"John lives .\r\nMary in Paris"\r\n')
    start(source, tmp_path / "out.csv")
    with open(source, newline="") as file, open(tmp_path / "out.csv", newline="") as out:
        text = list(csv.reader(file))[1][1]
        found = list(csv.DictReader(out))
    assert [row["text"] for row in found] == [text[int(row["start"]) : int(row["end"])] for row in found]
    assert any(int(row["end"]) > text.index("\r\n") for row in found)
    kept = sorted({row["label"] for row in found})
    start(source, tmp_path / "redacted.csv", to_format="redact", keep=kept)
    assert (tmp_path / "redacted.csv").read_bytes() == b'id,text\n1,"John lives .\r\nMary in Paris"\n'
