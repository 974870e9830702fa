"""What pyproject.toml says twice, it says alike."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

PYPROJECT: dict[str, Any] = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]


def group(name: str) -> set[str]:
    found: set[str] = set()
    for requirement in PYPROJECT["dependency-groups"][name]:
        found |= {requirement} if isinstance(requirement, str) else group(requirement["include-group"])
    return found


def test_the_groups_are_the_extras() -> None:
    assert group("test") == set(EXTRAS["test"])
    assert group("dev") == {*EXTRAS["test"], *EXTRAS["dev"]} - {"albert-ner-onnx[export,test]"}
