"""The programs in examples/ do what their docstrings say."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import ROOT

EXAMPLES = ROOT / "examples"
TEXTS = "Kofi Annan flew from Geneva to New York.\nNothing happened.\n\nAjax beat Arsenal."


def run(program: str, *arguments: str, given: str = TEXTS) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, str(EXAMPLES / program), *arguments]
    result = subprocess.run(
        command, env=environment, input=given, stdout=subprocess.PIPE, check=True, text=True, timeout=300
    )
    return result.stdout


def test_the_table_has_a_row_for_each_entity() -> None:
    rows = list(csv.DictReader(run("entities_to_csv.py").splitlines()))
    lines = TEXTS.split("\n")
    assert [(row["line"], row["label"], row["entity"]) for row in rows] == [
        ("1", "PER", "Kofi Annan"),
        ("1", "LOC", "Geneva"),
        ("1", "LOC", "New York"),
        ("4", "ORG", "Ajax"),
        ("4", "ORG", "Arsenal"),
    ]
    for row in rows:
        assert lines[int(row["line"]) - 1][int(row["start"]) : int(row["end"])] == row["entity"]
        assert 0.5 < float(row["score"]) <= 1


def test_the_same_name_gets_the_same_placeholder() -> None:
    shown = re.search(r'echo "(.*)" \| python examples/redact.py\n(.*)', (EXAMPLES / "redact.py").read_text("utf-8"))
    assert shown
    assert run("redact.py", given=shown[1]) == shown[2].strip()
    text = "John met Mary in Berlin.\nMary left Berlin."
    assert run("redact.py", "LOC", given=text) == "John met Mary in [LOC 1].\nMary left [LOC 1]."


def test_presidio_redacts_what_its_docstring_shows() -> None:
    pytest.importorskip("presidio_anonymizer")
    program = "presidio_redaction.py"
    shown = re.search(
        r'echo "(.*)" \| python examples/presidio_redaction.py\n(.*)', Path(EXAMPLES, program).read_text()
    )
    assert shown
    assert run(program, given=f"{shown[1]}\n\nNothing.") == f"{shown[2].strip()}\n\nNothing.\n"
    assert run(program, "PERSON", given="Angela Merkel left Berlin.") == "<PERSON> left Berlin.\n"


def test_unsure_texts_come_first() -> None:
    lines = run("unsure_sentences.py", given=TEXTS + "\napple hired jane doe\n").splitlines()
    assert len(lines) == 4  # the empty one has no word
    assert lines[0].endswith(" in: apple hired jane doe")
    assert lines == sorted(lines)


def test_a_spark_job_writes_rows_and_entities_and_counts_labels(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    texts = [*TEXTS.split("\n"), None]
    parquet.write_table(pa.table({"id": range(5), "body": pa.array(texts, pa.string())}), tmp_path / "source.parquet")
    source, out = str(tmp_path / "source.parquet"), str(tmp_path / "found")
    settings = {"PYSPARK_PYTHON": sys.executable, "PYTHONWARNINGS": "ignore"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        assert run("spark_job.py", "--text", "body", source, out) == "LOC 2\nORG 2\nPER 1\n"
    documents = parquet.read_table(f"{out}/documents").sort_by("id").to_pydict()
    assert (documents["body"], documents["entities_error"]) == (texts, [None] * 5)
    assert documents["entities"][-1] is None
    entities = parquet.read_table(f"{out}/entities").sort_by([("id", "ascending"), ("start", "ascending")]).to_pydict()
    assert list(zip(entities["id"], entities["text"], strict=True)) == [
        (0, "Kofi Annan"),
        (0, "Geneva"),
        (0, "New York"),
        (3, "Ajax"),
        (3, "Arsenal"),
    ]


def test_examples_are_short_and_say_what_they_do() -> None:
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) == 5
    for program in programs:
        text = program.read_text("utf-8")
        assert len(text.splitlines()) < 40
        assert text.startswith('"""')
        assert f"({program.name})" in Path(EXAMPLES, "README.md").read_text("utf-8")
