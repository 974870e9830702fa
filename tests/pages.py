"""The pages of the documentation: their links, and their blocks of code with what they print.

A fenced block in `python` or `sh` is code. If the next fenced block has no language, it is what the code prints. A
block in `text NAME` is a file that the code reads. Other blocks are only shown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

_FOLDERS = ("benchmarks", "checkpoints", "docs", "examples", "export", "training")  # not .venv and the like
_FENCED = re.compile(r"^```(?P<language>\w*)(?: (?P<file>\S+))?\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_DECIMAL = re.compile(r"\d+\.\d+")
_ROUNDING = 0.02  # by which scores may differ on another CPU
_LINK = re.compile(r"""(?:\]\(|(?:src|srcset|href)=")([^)"\s]+)""")


class Block(NamedTuple):
    """Code of a page, and what the page shows as its output; `None` if it shows none."""

    language: str
    code: str
    output: str | None


def pages() -> list[Path]:
    """All Markdown files of the repository."""
    return sorted([*ROOT.glob("*.md"), *(path for name in _FOLDERS for path in (ROOT / name).rglob("*.md"))])


def read_blocks(text: str) -> list[Block]:
    """The blocks of code in a page or a section, in order."""
    found: list[Block] = []
    fenced = [match.groups() for match in _FENCED.finditer(text)]
    for index, (language, _, content) in enumerate(fenced):
        if language in ("python", "sh"):
            after = fenced[index + 1] if index + 1 < len(fenced) else None
            found.append(Block(language, content, after[2] if after and after[0] == "" else None))
    return found


def assert_same_output(printed: str, shown: str, code: str) -> None:
    """Checks that code printed what the page shows. Scores may differ by a little."""
    assert _DECIMAL.sub("#", printed) == _DECIMAL.sub("#", shown), code
    numbers, expected = (list(map(float, _DECIMAL.findall(text))) for text in (printed, shown))
    assert numbers == pytest.approx(expected, abs=_ROUNDING), code


def read_files(text: str) -> dict[str, str]:
    """The files that a page shows, by name."""
    return {file: content for language, file, content in _FENCED.findall(text) if file}


def read_links(text: str) -> list[str]:
    """The targets of a page's links and pictures."""
    return _LINK.findall(_FENCED.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
