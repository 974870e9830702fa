"""What speed and memory are meant to be, beside what the benchmarks found: `python -m benchmarks.targets`.

A figure is how many times as long, or as much, a peer takes as ours, in one run; the best of several peers counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.latency_peers import GEMM_STOCK_TARGET, MOST_GEMM, OPENVINO_TARGET, STOCK_TARGET
from benchmarks.markdown import markdown
from benchmarks.peers import EXACT, OURS, OURS_LATENCY

RESULTS = Path(__file__).parent / "results"
QUESTIONS = ("latency_peers", "throughput", "startup", "memory", "stages", "scaling")
"""Names of the results that targets are about."""

_GROWTH_MB = 40  # beside the model's file
_RAW = {"OpenVINO int8": "openvino-int8", "stock int8": "onnxruntime"}


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and its bound.

    Attributes:
        what: Ours, and against what.
        bound: In words.
        found: The figure, in words.
        met: Whether it keeps the bound.
    """

    what: str
    bound: str
    found: str
    met: bool


def targets(results: Mapping[str, Any]) -> list[Target]:
    """All targets that the results tell of.

    Args:
        results: Records by name, of `QUESTIONS`; some may be missing.
    """
    found: list[Target] = []
    for name in QUESTIONS:
        if name in results:
            found += _TARGETS[name](results[name])
    return found


def _times(what: str, least: float, peers: Iterable[Mapping[str, Any]]) -> Target:
    """Of the best of the peers."""
    best = min(peers, key=lambda each: float(each["ratio"]))
    low, high = best["ratio_quartiles"]
    found = f"{best['ratio']:.2f}× ({low:.2f}–{high:.2f})"
    return Target(what, f"{least:g}× or more", found, best["ratio"] >= least)


def _latency(record: Mapping[str, Any]) -> list[Target]:
    found = []
    threads = max(record["threads"], key=int)
    part = record["threads"][threads]
    if base := part["engines"].get("base"):
        for shape, judged in base["judged"].items():
            share = judged.get("profile", {}).get("gemm_share", 0)
            least = GEMM_STOCK_TARGET if share > MOST_GEMM else STOCK_TARGET
            why = f" (GEMMs are {100 * share:.0f} % of ours)" if share > MOST_GEMM else ""
            what = f"engine, base shape, {shape}, {threads} threads, against"
            for name, bound, ratio in (
                ("the best stock int8", least, judged["stock"]),
                ("OpenVINO's NNCF int8", OPENVINO_TARGET, judged["openvino"]),
            ):
                words = f"{bound:g}× or more{why if bound == least else ''}"
                found.append(Target(f"{what} {name}", words, f"{ratio:.2f}×", ratio >= bound))
    others = [
        each for name, each in part["short_text"]["p50"].items() if name not in (OURS, OURS_LATENCY, "spacy-small")
    ]
    found.append(
        _times("one short text, p50, all threads in a call, against the best peer with this model", 1.3, others)
    )
    return found


def _throughput(record: Mapping[str, Any]) -> list[Target]:
    found = []
    for texts, figures in record["sets"].items():
        if texts not in ("CoNLL sentences", "our own sentences"):
            continue
        peers = figures["peers"]
        what = f"{figures['texts']} {texts}, against"
        found.append(_times(f"{what} transformers' pipeline, float32", 10, [peers[EXACT]]))
        if chosen := _starting(peers, "optimum"):  # not in a quick run
            found.append(_times(f"{what} optimum's pipeline", 5, chosen))
        for name, prefix in _RAW.items():
            raw = {peer: each for peer, each in peers.items() if "int8" in peer}
            if chosen := _starting(raw, prefix):
                found.append(_times(f"{what} {name}, raw and sorted", 1.3, chosen))
    return found


def _starting(peers: Mapping[str, Any], prefix: str) -> list[Mapping[str, Any]]:
    return [each for name, each in peers.items() if name.startswith(prefix)]


def _startup(record: Mapping[str, Any]) -> list[Target]:
    return [_times("start to first entity, against transformers' pipeline", 15, [record["peers"][EXACT]])]


def _memory(record: Mapping[str, Any]) -> list[Target]:
    ours, theirs = (record["peers"][name]["memory"]["after_sentences"]["rss"] for name in (OURS, EXACT))
    most = record["our_model_bytes"] / 1e6 + _GROWTH_MB
    grown = record["our_growth"] / 1e6
    return [
        Target(
            "resident memory, against transformers' pipeline",
            "a quarter or less",
            f"{ours / 1e6:.0f} of {theirs / 1e6:.0f} MB, {ours / theirs:.2f}",
            ours <= theirs / 4,
        ),
        Target(
            f"memory's growth from the imports to after {record['sentences']} sentences",
            f"the model's file and {_GROWTH_MB} MB, {most:.0f} MB, or less",
            f"{grown:.0f} MB",
            grown <= most,
        ),
    ]


def _stages(record: Mapping[str, Any]) -> list[Target]:
    model = record["corpus"]["shares"]["model"]
    what = f"share of all but the model on {record['file']}"
    return [Target(what, "15 % or less", f"{100 * (1 - model):.1f} %", model >= 0.85)]


def _scaling(record: Mapping[str, Any]) -> list[Target]:
    powers = ", ".join(f"{name} {each['cpu_seconds']:.2f}" for name, each in record["exponents"].items())
    what = "growth of time with length and number of texts, and memory"
    return [Target(what, "linear, and constant", f"powers: {powers}", not record["faults"])]


_TARGETS = {
    "latency_peers": _latency,
    "throughput": _throughput,
    "startup": _startup,
    "memory": _memory,
    "stages": _stages,
    "scaling": _scaling,
}


def table(results: Mapping[str, Any]) -> str:
    """All targets in Markdown."""
    rows = [[each.what, each.bound, each.found, "yes" if each.met else "**no**"] for each in targets(results)]
    return markdown(["ours", "is to be", "is", "met"], rows)


def read_results(folder: Path = RESULTS) -> dict[str, Any]:
    """The records that are there, by name."""
    files = {name: folder / f"{name}.json" for name in QUESTIONS}
    return {name: json.loads(file.read_text("utf-8")) for name, file in files.items() if file.exists()}


if __name__ == "__main__":
    print(table(read_results()))
