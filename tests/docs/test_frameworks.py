"""Each block for another framework runs as a program of its own, where the framework is installed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pages import ROOT, Block, assert_same_output, read_blocks

PAGE = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)$(.+?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def imported(code: str) -> set[str]:
    """The libraries that a program imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import():
                found |= {alias.name.partition(".")[0] for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                found.add(module.partition(".")[0])
    return found - sys.stdlib_module_names - {"albert_ner_onnx"}


def only_block(section: str) -> Block:
    (block,) = read_blocks(SECTIONS[section])
    return block


def test_there_is_a_block_for_each() -> None:
    assert [*SECTIONS] == ["Ray Data", "Dask", "scikit-learn", "LangChain", "Haystack"]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_block_prints_what_the_page_shows(section: str, tmp_path: Path) -> None:
    _, code, shown = only_block(section)
    for library in sorted(imported(code)):
        if find_spec(library) is None:
            pytest.skip(f"{library} isn't installed")
    program = tmp_path / "program.py"
    program.write_text(code, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HAYSTACK_TELEMETRY_ENABLED": "False"}
    result = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert shown
    assert_same_output(result.stdout, shown, code)
