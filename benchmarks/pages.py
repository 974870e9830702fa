"""The tables of the pages: generated from the kept results, between comments that name them.

A page asks for a table by `<!-- begin: SUITE.TABLE -->` and `<!-- end: SUITE.TABLE -->`, each on a line of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks import summary
from benchmarks.markdown import source
from benchmarks.run import ROOT

SUITES: Final = (
    "accuracy",
    "untidy",
    "runs",
    "adapters",
    "quantization",
    "portability",
    "sizes",
    "speed",
    "start",
    "scaling",
    "spark",
)
RESULTS: Final = Path(__file__).parent / "results"
PAGES: Final = (ROOT / "README.md", Path(__file__).with_name("README.md"), *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(r"(<!-- begin: ([a-z0-9_.]+) -->\n).*?(<!-- end: \2 -->\n)", re.DOTALL)


def open_suite(name: str) -> Any:
    """Imports a suite, with everything that it needs.

    A suite is a module with two functions. `measure(run)` returns figures for JSON, shares as fractions, or raises
    `NotRunError`. `tables(figures)` writes them as Markdown, by the name of the table.
    """
    return import_module(f"benchmarks.{name}")


def tables_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The tables of a suite's record, by their full names, each with a line that says where it was measured."""
    found = open_suite(record["suite"]).tables(record["figures"])
    return {f"{record['suite']}.{table}": f"{text}\n\n{source(record)}" for table, text in found.items()}


def read_records(results: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """The records of a folder by suite."""
    files = {name: results / f"{name}.json" for name in SUITES}
    return {name: json.loads(file.read_text("utf-8")) for name, file in files.items() if file.exists()}


def write_pages(results: Path = RESULTS, pages: Sequence[Path] = PAGES) -> None:
    """Replaces every table that a page asks for and that the results have.

    Raises:
        ValueError: A page asks for a table that doesn't exist.
    """
    records = read_records(results)
    found = {name: table for record in records.values() for name, table in tables_of(record).items()}
    found |= summary.tables(records)
    for path in pages:
        page = path.read_text("utf-8")
        asked = {match[2] for match in _BLOCK.finditer(page)}
        if unknown := [name for name in asked - found.keys() if name.partition(".")[0] in records]:
            raise ValueError(f"{path}: no result has the table {unknown[0]}; there are {', '.join(found)}")
        written = with_tables(page, found)
        if written != page:
            path.write_text(written, "utf-8")


def with_tables(page: str, found: Mapping[str, str]) -> str:
    """The page with these tables in their places; the others stay as they are."""

    def replace(match: re.Match[str]) -> str:
        return f"{match[1]}{found[match[2]].strip()}\n{match[3]}" if match[2] in found else match[0]

    return _BLOCK.sub(replace, page)
