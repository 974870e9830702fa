"""Ours beside its peers in one picture: speed, latency, start and memory: `python -m benchmarks.peers_plot`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.markdown import short
from benchmarks.peers import OURS, PEERS
from benchmarks.pictures import INK, styled_pyplot
from benchmarks.targets import RESULTS, read_results

PICTURE = "peers.svg"
_OURS, _PEER = "#1b6ca8", "#9aa3ab"
_LEAST_QUESTIONS = 3  # that were put to a peer that is shown


def figures(results: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What is drawn: by title, figures by peer."""
    sets = results["throughput"]["sets"]
    texts = "CoNLL sentences" if "CoNLL sentences" in sets else "our own sentences"
    threads = results["latency_peers"]["threads"]
    short = threads[max(threads, key=int)]["short_text"]["p50"]
    starts, memories = (results[name]["peers"] for name in ("startup", "memory"))
    return {
        f"{texts} a second": {name: each["texts_per_second"] for name, each in sets[texts]["peers"].items()},
        "one sentence, p50, ms": {name: 1000 * each["median"] for name, each in short.items()},
        "start to first entity, s": {name: each["median"] for name, each in starts.items() if "median" in each},
        "resident memory, MB": {
            name: each["memory"]["after_sentences"]["rss"] / 1e6 for name, each in memories.items() if "memory" in each
        },
    }


def plot(folder: Path = RESULTS) -> Path:
    """Draws the results of a folder into it, and returns the path of the picture.

    Raises:
        SystemExit: matplotlib is missing.
    """
    drawn = figures(read_results(folder))
    names = [name for name in PEERS if sum(name in values for values in drawn.values()) >= _LEAST_QUESTIONS]
    colours = [_OURS if name == OURS else _PEER for name in names]
    with styled_pyplot() as pyplot:
        size = (12, 0.8 + 0.28 * len(names))
        figure, axes = pyplot.subplots(1, len(drawn), sharey=True, figsize=size, layout="constrained")
        for axis, (title, values) in zip(axes, drawn.items(), strict=True):
            heights = [values.get(name, 0) for name in names]
            axis.barh(range(len(names)), heights, color=colours, height=0.6)
            for row, value in enumerate(heights):
                if value:
                    axis.text(value + 0.02 * max(heights), row, short(value), va="center", color=INK)
            axis.set(title=title, xlim=(0, 1.2 * max(heights)))
            axis.spines[["top", "right", "left"]].set_visible(False)
            axis.tick_params(axis="y", length=0)
            axis.grid(axis="x", color="#e5e5e5")
            axis.set_axisbelow(True)
        axes[0].set_yticks(range(len(names)), names)
        axes[0].invert_yaxis()
        target = folder / PICTURE
        figure.savefig(target, metadata={"Date": None})
        pyplot.close(figure)
    return target


if __name__ == "__main__":
    print(plot().name)
