"""Tables and pictures of the kept results, in README.md and in the repository's: `python -m benchmarks.report`.

Each block of a page stands between two comments with its name; a test holds that pages and results agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import (
    instructions,
    latency_peers,
    memory,
    peers_plot,
    physical_limit,
    scales_speed,
    scaling,
    scaling_plot,
    scheduling,
    stages,
    startup,
    throughput,
)
from benchmarks import targets as of_targets
from benchmarks.markdown import markdown, short, with_block
from benchmarks.peers import OURS, OURS_LATENCY
from benchmarks.targets import RESULTS

PAGE = Path(__file__).with_name("README.md")
README = Path(__file__).parents[1] / "README.md"
SUMMARY = "benchmarks/report.py"
QUICK_SUITE = "suite_quick.json"  # a quick run's suite.json, kept for its durations alone
"""Name of the summary's place in the repository's README."""

_COLUMNS = {
    OURS: "ours",
    OURS_LATENCY: "ours, `threads=2`",
    "transformers-float32": "transformers' pipeline",
    "optimum-int8": "optimum's int8 in that pipeline",
    "onnxruntime-int8-throughput": "ONNX Runtime's int8, bare",
    "openvino-int8-throughput": "OpenVINO's int8, bare",
    "openvino-int8-latency": "the same for latency",
    "spacy-small": "spaCy's small model",
}
_TABLES: Mapping[str, Callable[[Any], str]] = {
    "latency_peers": lambda record: latency_peers.table(record["threads"]),
    "throughput": throughput.table,
    "startup": lambda record: startup.table(record["peers"]),
    "memory": memory.table,
    "stages": stages.table,
    "physical_limit": physical_limit.table,
    "scaling": scaling.table,
    "scheduling": scheduling.table,
    "instructions": lambda record: instructions.table(record["shapes"]),
}


def blocks(results: Path = RESULTS) -> dict[str, str]:
    """All blocks of the page by name."""
    found = {}
    for name, table in _TABLES.items():
        record = json.loads((results / f"{name}.json").read_text("utf-8"))
        found[f"benchmarks/{name}.py"] = f"{table(record)}\n\n{_source(record)}"
    found["benchmarks/scales_speed.py"] = scales_speed.table(
        json.loads((results / "scales_speed.json").read_text("utf-8"))
    )
    found["benchmarks/suite.py"] = _durations(results)
    found["benchmarks/targets.py"] = of_targets.table(of_targets.read_results(results))
    return found


def _durations(results: Path) -> str:
    """How long the suite took, in its default extent and in the quick one."""
    extents = [json.loads((results / name).read_text("utf-8"))["seconds"] for name in ("suite.json", QUICK_SUITE)]
    rows = [[name, *(f"{seconds[name]:.0f}" for seconds in extents)] for name in extents[0]]
    rows.append(["all", *(f"{sum(seconds.values()):.0f}" for seconds in extents)])
    return markdown(["question", "s", "s, with `--quick`"], rows)


def summary(results: Path = RESULTS) -> str:
    """What the README tells of speed and memory: peers at their best, where a question was put to them."""
    drawn = peers_plot.figures(of_targets.read_results(results))
    rows = [
        [title, *(short(values[name]) if name in values else "" for name in _COLUMNS)]
        for title, values in drawn.items()
    ]
    throughput = json.loads((results / "throughput.json").read_text("utf-8"))
    return f"{markdown(['', *_COLUMNS.values()], rows)}\n\n{_source(throughput)}"


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
    """Writes both pages and draws the pictures."""
    PAGE.write_text(write(PAGE.read_text("utf-8"), blocks()), "utf-8")
    README.write_text(write(README.read_text("utf-8"), {SUMMARY: summary()}), "utf-8")
    scaling_plot.plot(RESULTS / "scaling.json")
    peers_plot.plot(RESULTS)


if __name__ == "__main__":
    main()
