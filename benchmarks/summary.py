"""The README's table and picture of peers, from the results of `speed` and `start`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.pages import markdown, source
from benchmarks.peers import OURS, OURS_ONE_CALL, PEERS

PICTURE: Final = "peers.svg"
_OURS, _PEER, _INK = "#1b6ca8", "#9aa3ab", "#333333"
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "", "font.family": "sans-serif", "font.size": 9}


def figures(records: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What is shown: by title, a figure for every peer that was asked."""
    speed, start = records["speed"]["figures"], records["start"]["figures"]["peers"]
    started = {name: each for name, each in start.items() if "missing" not in each}
    return {
        "sentences per second": {name: each["texts_per_second"] for name, each in speed["sentences"]["peers"].items()},
        "one text, ms": {name: 1000 * each["median"] for name, each in speed["one_text"]["peers"].items()},
        "start to first entity, s": {name: each["start"]["median"] for name, each in started.items()},
        "resident memory, MB": {
            name: each["memory"]["after_sentences"]["resident"] / 1e6 for name, each in started.items()
        },
        "tags as float32, %": {name: 100 * share for name, share in speed["sentences"]["agreement"].items()},
    }


def tables(records: Mapping[str, Any]) -> dict[str, str]:
    """The table of peers, if both suites have results."""
    if not {"speed", "start"} <= records.keys():
        return {}
    shown = figures(records)
    rows = [
        [PEERS[name].title, *(_short(values[name]) if name in values else "" for values in shown.values())]
        for name in PEERS
        if any(name in values for values in shown.values())
    ]
    return {"summary.peers": f"{markdown(['', *shown], rows)}\n\n{source(records['speed'])}"}


def draw(records: Mapping[str, Any], folder: Path) -> None:
    """Draws the same as bars, if matplotlib is installed and both suites have results."""
    if not {"speed", "start"} <= records.keys():
        return
    try:
        import matplotlib
    except ModuleNotFoundError:
        return
    matplotlib.use("svg")
    from matplotlib import pyplot

    drawn = {title: values for title, values in figures(records).items() if "float32" not in title}
    names = [name for name in PEERS if any(name in values for values in drawn.values())]
    colours = [_OURS if name in (OURS, OURS_ONE_CALL) else _PEER for name in names]
    with pyplot.rc_context(_STYLE):
        size = (12, 0.8 + 0.3 * len(names))
        figure, axes = pyplot.subplots(1, len(drawn), sharey=True, figsize=size, layout="constrained")
        for axis, (title, values) in zip(axes, drawn.items(), strict=True):
            lengths = [values.get(name, 0) for name in names]
            axis.barh(range(len(names)), lengths, color=colours, height=0.6)
            for row, value in enumerate(lengths):
                if value:
                    axis.text(value + 0.02 * max(lengths), row, _short(value), va="center", color=_INK)
            axis.set(title=title, xlim=(0, 1.25 * max(lengths)))
            axis.spines[["top", "right", "left"]].set_visible(False)
            axis.tick_params(axis="y", length=0)
        axes[0].set_yticks(range(len(names)), [PEERS[name].title for name in names])
        axes[0].invert_yaxis()
        figure.savefig(folder / PICTURE, metadata={"Date": None})
        pyplot.close(figure)


def _short(value: float) -> str:
    """A figure with three digits, or with all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
