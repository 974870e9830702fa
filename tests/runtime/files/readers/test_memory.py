"""Each format is read in the same memory, whatever the size of the file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from albert_ner_onnx.files.compression import compress

# Memory that isn't a file's: Arrow's files are mapped, and what is mapped can be taken away at any time. Chunks are
# shorter than usual, so that files may be, too.
CODE = """if True:
    import re, sys
    from albert_ner_onnx.files.readers import InputOptions, chunking, open_inputs, words
    chunking.CHUNK_CHARACTERS = words.CHUNK_CHARACTERS = 100_000
    most = count = 0
    for chunk in open_inputs([sys.argv[1]], InputOptions(per=sys.argv[2])).chunks():
        count += len(chunk.records)
        with open("/proc/self/status") as status:
            most = max(most, int(re.search(r"RssAnon:\\s+(\\d+)", status.read())[1]))
    print(most, count)
"""
LINE = "Kofi Annan flew from Geneva to New York, and said that nothing would happen there. "
SMALL, LARGE = 10_000, 100_000  # lines: 0.8 and 8 MB
ALLOWED_KIB = 8_000  # zstd has a window of megabytes


def text(count: int) -> bytes:
    return "".join(f"{LINE}{number}\n" for number in range(count)).encode()


def write(folder: Path, name: str, count: int) -> Path:
    path = folder / f"{count}{name}"
    match path.suffix:
        case ".jsonl":
            lines = (json.dumps({"id": number, "text": f"{LINE}{number}"}) + "\n" for number in range(count))
            path.write_text("".join(lines))
        case ".csv":
            path.write_text("id,text\n" + "".join(f'{number},"{LINE}\n{number}"\n' for number in range(count)))
        case ".conll":
            words = "\n".join(f"{word}\tO" for word in LINE.split())
            path.write_text(f"{words}\n\n" * (count // 5))
        case ".gz" | ".zst":
            kind = "gzip" if path.suffix == ".gz" else "zstd"
            path.write_bytes(compress(text(count), kind))
        case ".txt":
            path.write_bytes(text(count).replace(b"9\n", b"9\n\n"))
        case kind:
            pyarrow = pytest.importorskip("pyarrow")
            table = pyarrow.table({"id": range(count), "text": text(count).decode().splitlines()})
            if kind == ".parquet":
                parquet = pytest.importorskip("pyarrow.parquet")  # small pages, because a whole one is read at once
                parquet.write_table(table, path, row_group_size=count, use_dictionary=False, data_page_size=1 << 17)
            else:
                with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table)
    return path


def memory(path: Path, per: str) -> tuple[int, int]:
    result = subprocess.run([sys.executable, "-c", CODE, str(path), per], check=True, capture_output=True, text=True)
    most, count = map(int, result.stdout.split())
    return most, count


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read as Linux tells it")
@pytest.mark.parametrize(
    ("name", "per"),
    [
        (".txt", "line"),
        (".txt", "paragraph"),
        (".txt.gz", "line"),
        (".txt.zst", "line"),
        (".jsonl", "line"),
        (".csv", "line"),
        (".conll", "line"),
        (".parquet", "line"),
        (".arrow", "line"),
    ],
)
def test_ten_times_the_input_needs_no_more_memory(tmp_path: Path, name: str, per: str) -> None:
    if name.endswith(".zst"):
        pytest.importorskip("zstandard")
    (small, few), (large, many) = (memory(write(tmp_path, name, count), per) for count in (SMALL, LARGE))
    assert many > 4 * few
    assert large - small < ALLOWED_KIB
