"""Every block of code in the README and in docs/ runs and prints what the page shows."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from seqeval.metrics import accuracy_score, f1_score, recall_score

import albert_ner_onnx
import toy
from pages import ROOT, assert_same_output, read_blocks, read_files
from spark_nlp_archives import TENSORFLOW

ALL_PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
APART = "frameworks.md"  # test_frameworks.py runs its blocks, each as a program of its own
PAGES = [page for page in ALL_PAGES if page.name != APART and read_blocks(page.read_text("utf-8"))]
EXPORT = (ROOT / "docs" / "export.md").read_text("utf-8")
INSTALLS = re.compile(r"python3 -m venv|(\S+/)?pip install|\S+ -m pytest")  # .ci/run does that
# What a page needs besides the package; without it, the page is skipped
NEEDED = {
    "data-frames.md": ("pyarrow", "pandas", "polars", "duckdb"),
    "hugging-face.md": ("yaml",),
    "presidio.md": ("presidio_analyzer",),
    "spacy.md": ("spacy",),
    "spark.md": ("pyspark",),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a page: it has the files that the pages show or name."""
    for page in PAGES:
        for name, content in read_files(page.read_text("utf-8")).items():
            (tmp_path / name).write_text(content, "utf-8")
    shutil.copytree(albert_ner_onnx.default_model(), tmp_path / "path/to/model")
    toy.write_checkpoint(tmp_path / "path/to/checkpoint")
    shutil.copy(TENSORFLOW, tmp_path / "albert_xlarge_token_classifier_conll03_en_3.3.0_3.0_1632673242835.zip")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_python(code: str, names: dict[str, Any]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "page", "exec"), names)
    return output.getvalue()


def run_shell(code: str) -> str:
    """Runs commands, without those that install something, and with a benchmark of a moment."""
    lines = code.replace("\\\n", "").splitlines()
    commands = [part for line in lines for part in line.split(" && ") if not INSTALLS.match(part)]
    script = "\n".join(commands).replace("albert-ner benchmark", "albert-ner benchmark --seconds 0.01")
    script = re.sub(r"(?<![-\w])(\.venv/bin/)?albert-ner ", f"{sys.executable} -m albert_ner_onnx ", script)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "export")))}
    result = subprocess.run(["sh", "-ec", script], env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_prints_what_it_shows(page: Path, folder: Path) -> None:
    for library in NEEDED.get(page.name, ()):
        pytest.importorskip(library)
    names: dict[str, Any] = {}
    for language, code, shown in read_blocks(page.read_text("utf-8")):
        if page.name == "README.md" and code in EXPORT:
            continue  # it takes a while, and that page runs it, too
        printed = run_python(code, names) if language == "python" else run_shell(code)
        if shown is not None:
            assert_same_output(printed, shown, code)


def test_the_scores_of_the_cookbook_are_those_of_seqeval() -> None:
    section = (ROOT / "docs" / "cookbook.md").read_text("utf-8").partition("\n## seqeval")[2]
    _, code, shown = read_blocks(section)[0]
    names: dict[str, Any] = {}
    run_python(code, names)
    tags = names["y_true"], names["y_pred"]
    assert shown
    assert [float(number) for number in shown.splitlines()[0].split()] == pytest.approx(
        [f1_score(*tags), accuracy_score(*tags), recall_score(*tags, average=None)[1]]
    )
