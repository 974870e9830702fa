"""The figures of `benchmarks.scaling` as a picture beside their JSON.

python -m benchmarks.scaling_plot [FILE]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.pictures import INK, styled_pyplot

RESULT = Path(__file__).parent / "results" / "scaling.json"
_TIME, _MEMORY = "#1b6ca8", "#c2571a"
_AXES = {"length": "characters of a text", "texts": "texts of a stream"}


def plot(file: Path) -> Path:
    """Draws `file`, what `benchmarks.scaling` wrote, and returns the path of the picture.

    Raises:
        SystemExit: matplotlib is missing.
    """
    record = json.loads(file.read_text("utf-8"))
    with styled_pyplot() as pyplot:
        figure, axes = pyplot.subplots(1, 5, figsize=(15, 3.2), layout="constrained")
        for column, (name, points) in enumerate(record["growth"].items()):
            power = record["exponents"][name]["cpu_seconds"]
            _draw_time(axes[column], name, points, power)
            _draw_memory(axes[2 + column], name, points)
        _draw_cores(axes[4], record["cores"])
        for axis in axes:
            axis.spines[["top", "right"]].set_visible(False)
            if axis.get_xscale() == "log":  # few points would have all their minor ticks labelled
                axis.xaxis.set_minor_formatter("")
            axis.grid(color="#e5e5e5", which="major")
            axis.set_axisbelow(True)
        target = file.with_suffix(".svg")
        figure.savefig(target, metadata={"Date": None})
        pyplot.close(figure)
    return target


def _draw_time(axis: Any, name: str, points: Sequence[Any], power: float) -> None:
    sizes, seconds = ([point[key] for point in points] for key in ("size", "cpu_seconds"))
    linear = [seconds[-1] * size / sizes[-1] for size in sizes]
    axis.loglog(sizes, linear, color=INK, linewidth=0.8, linestyle=":", label="linear")
    axis.loglog(sizes, seconds, color=_TIME, marker="o", markersize=4, label=f"power {power:.2f}")
    axis.set(title="CPU time, s", xlabel=_AXES[name])
    axis.legend(frameon=False)


def _draw_memory(axis: Any, name: str, points: Sequence[Any]) -> None:
    sizes = [point["size"] for point in points]
    for key, style, label in (("peak_bytes", "-", "at the peak"), ("loaded_bytes", ":", "loaded")):
        megabytes = [point[key] / 1e6 for point in points]
        axis.loglog(sizes, megabytes, color=_MEMORY, linestyle=style, marker="o", markersize=4, label=label)
    axis.set(title="resident memory, MB", xlabel=_AXES[name], ylim=(10, 10_000))
    axis.legend(frameon=False)


def _draw_cores(axis: Any, modes: dict[str, Any]) -> None:
    for (mode, points), colour in zip(modes.items(), (INK, _TIME), strict=True):
        label = {"threads": "threads in a call", "calls": "calls at once"}[mode]
        cores, speed = ([point[key] for point in points] for key in ("cores", "words_per_second"))
        axis.plot(cores, speed, color=colour, marker="o", markersize=4, label=label)
    axis.set(title="words a second", xlabel="cores", xticks=cores, ylim=(0, None))
    axis.legend(frameon=False)


if __name__ == "__main__":
    print(plot(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULT).name)
