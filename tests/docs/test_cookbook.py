"""Every block of the cookbook runs and prints what the page says."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from seqeval.metrics import accuracy_score, f1_score, recall_score

import albert_ner_onnx

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECIMAL = re.compile(r"\d+\.\d+")


class Block(NamedTuple):
    language: str
    code: str
    output: str


def sections() -> dict[str, list[Block]]:
    """The blocks of each section: of code, then of what it prints."""
    found = {}
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        fenced = FENCED.findall(section)
        assert [language for language, _ in fenced[1::2]] == [""] * (len(fenced) // 2)
        pairs = zip(fenced[::2], fenced[1::2], strict=True)
        found[section.split("\n")[0]] = [Block(language, code, output) for (language, code), (_, output) in pairs]
    return found


def run_python(code: str, names: dict[str, Any]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, PAGE.name, "exec"), names)
    return output.getvalue()


def run_shell(code: str) -> str:
    command = code.replace("albert-ner", f"{sys.executable} -m albert_ner_onnx")
    environment = os.environ | {"PYTHONPATH": str(Path(albert_ner_onnx.__file__).parents[1])}
    return subprocess.run(["sh", "-ec", command], env=environment, stdout=-1, check=True, timeout=60).stdout.decode()


@pytest.mark.parametrize("title", sections())
def test_what_blocks_print_is_what_the_page_shows(title: str) -> None:
    names: dict[str, Any] = {}
    for block in sections()[title]:
        printed = run_python(block.code, names) if block.language == "python" else run_shell(block.code)
        assert DECIMAL.sub("#", printed) == DECIMAL.sub("#", block.output)
        # Another CPU may round otherwise
        numbers = [list(map(float, DECIMAL.findall(text))) for text in (printed, block.output)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.02)


def test_all_blocks_are_looked_at() -> None:
    blocks = [block for found in sections().values() for block in found]
    assert 2 * len(blocks) == len(re.findall("^```", PAGE.read_text("utf-8"), re.MULTILINE)) / 2
    assert {block.language for block in blocks} == {"python", "sh"}
    assert all(block.output for block in blocks)


def test_its_scores_are_seqevals() -> None:
    block = next(found for title, found in sections().items() if title.startswith("seqeval"))[0]
    names: dict[str, Any] = {}
    run_python(block.code, names)
    tags = names["y_true"], names["y_pred"]
    expected = [f1_score(*tags), accuracy_score(*tags), recall_score(*tags, average=None)[1]]
    shown = [float(number) for number in block.output.splitlines()[0].split()]
    assert shown == pytest.approx(expected)
