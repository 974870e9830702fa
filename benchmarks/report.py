"""Tables and pictures of the kept results, in README.md and in the repository's: `python -m benchmarks.report`.

Each block of a page stands between two comments with its name; a test holds that pages and results agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import (
    latency_peers,
    memory,
    peers_plot,
    physical_limit,
    scaling,
    scaling_plot,
    stages,
    startup,
    throughput,
)
from benchmarks import targets as of_targets
from benchmarks.markdown import markdown, with_block
from benchmarks.targets import RESULTS

PAGE = Path(__file__).with_name("README.md")
_TABLES: Mapping[str, Callable[[Any], str]] = {
    "latency_peers": lambda record: latency_peers.table(record["threads"]),
    "throughput": throughput.table,
    "startup": lambda record: startup.table(record["peers"]),
    "memory": memory.table,
    "stages": stages.table,
    "physical_limit": physical_limit.table,
    "scaling": scaling.table,
}


def blocks(results: Path = RESULTS) -> dict[str, str]:
    """All blocks of the page by name."""
    found = {}
    for name, table in _TABLES.items():
        record = json.loads((results / f"{name}.json").read_text("utf-8"))
        found[f"benchmarks/{name}.py"] = f"{table(record)}\n\n{_source(record)}"
    seconds = json.loads((results / "suite.json").read_text("utf-8"))["seconds"]
    rows = [[name, f"{taken:.0f}"] for name, taken in (seconds | {"all": sum(seconds.values())}).items()]
    found["benchmarks/suite.py"] = markdown(["question", "s"], rows)
    found["benchmarks/targets.py"] = of_targets.table(of_targets.read_results(results))
    return found


def _source(record: Mapping[str, Any]) -> str:
    """Where a result comes from."""
    environment = record["environment"]
    changed = " with changes" if environment["dirty"] else ""
    commit = environment["commit"] or "unknown"
    return f"{environment['cpu']}, {environment['cores']} cores, commit {commit[:7]}{changed}."


def write(page: str, found: Mapping[str, str]) -> str:
    """The page with these blocks in the place of those that it has."""
    for name, block in found.items():
        page = with_block(page, name, block)
    return page


def main() -> None:
    """Writes the page and draws the pictures."""
    PAGE.write_text(write(PAGE.read_text("utf-8"), blocks()), "utf-8")
    scaling_plot.plot(RESULTS / "scaling.json")
    peers_plot.plot(RESULTS)


if __name__ == "__main__":
    main()
