"""What is said in two places is the same: dependencies in pyproject.toml, and the version everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import albert_ner_onnx

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]


def group(name: str) -> set[str]:
    found: set[str] = set()
    for requirement in PYPROJECT["dependency-groups"][name]:
        found |= {requirement} if isinstance(requirement, str) else group(requirement["include-group"])
    return found


def test_the_groups_are_the_extras() -> None:
    assert group("test") == set(EXTRAS["test"])
    assert group("dev") == {*EXTRAS["test"], *EXTRAS["dev"]} - {"albert-ner-onnx[optimum,integrations,test]"}


def test_the_changelog_and_the_citation_name_this_version() -> None:
    newest = re.search(r"^## (\S+) – (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    cited = re.findall(r"^(?:version|date-released): (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == albert_ner_onnx.__version__
    assert cited == [*newest.groups()]
