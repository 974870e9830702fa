"""The figures of `benchmarks.quantization` as a picture beside their JSON.

python -m benchmarks.quantization_plot [FILE]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.pictures import INK, styled_pyplot

RESULT = Path(__file__).parent / "results" / "quantization.json"
_OURS, _STOCK = "#1b6ca8", "#9aa3ab"
_MARKERS = ("o", "s", "^", "D", "v")


def plot(file: Path) -> Path:
    """Draws `file`, what `benchmarks.quantization` wrote, and returns the path of the picture.

    Raises:
        SystemExit: matplotlib is missing.
    """
    record = json.loads(file.read_text("utf-8"))
    variants = record["variants"]
    with styled_pyplot() as pyplot:
        figure, axes = pyplot.subplots(1, 4, sharey=True, figsize=(12, 3.6), layout="constrained")
        _draw_fb1(axes[0], variants, record["file"])
        _draw_size(axes[1], variants)
        _draw_speed(axes[2], variants)
        _draw_batches(axes[3], variants)
        axes[0].set_yticks(range(len(variants)), list(variants))
        axes[0].invert_yaxis()
        for axis in axes:
            axis.spines[["top", "right", "left"]].set_visible(False)
            axis.tick_params(axis="y", length=0)
            axis.grid(axis="x", color="#e5e5e5")
            axis.set_axisbelow(True)
        handles, labels = axes[2].get_legend_handles_labels()
        figure.legend(handles, labels, title="speed with batch × pieces", loc="outside lower right", ncols=len(handles))
        target = file.with_suffix(".svg")
        figure.savefig(target, metadata={"Date": None})
        pyplot.close(figure)
    return target


def _colours(variants: dict[str, Any]) -> list[str]:
    return [_STOCK if name.startswith("stock") else _OURS for name in variants]


def _draw_fb1(axis: Any, variants: dict[str, Any], file: str) -> None:
    values = [found["fb1"] for found in variants.values()]
    axis.scatter(values, range(len(values)), color=_colours(variants), s=40)
    axis.axvline(values[0], color=INK, linewidth=0.8, linestyle=":")
    span = max(values) - min(values) or 1
    for row, value in enumerate(values):
        axis.text(value + 0.05 * span, row, f"{value:.2f}", va="center", color=INK)
    axis.set_xlim(min(values) - 0.1 * span, max(values) + 0.4 * span)
    axis.set_title(f"FB1 on {file}")


def _draw_size(axis: Any, variants: dict[str, Any]) -> None:
    _draw_bars(axis, variants, [found["bytes"] / 1e6 for found in variants.values()], "{:.1f}")
    axis.set_title("model, MB")


def _draw_speed(axis: Any, variants: dict[str, Any]) -> None:
    shapes = next(iter(variants.values()))["speed"]
    for shape, marker in zip(shapes, _MARKERS, strict=False):
        values = [found["speed"][shape] for found in variants.values()]
        axis.scatter(values, range(len(values)), color=_colours(variants), marker=marker, s=24)
        axis.scatter([], [], color=INK, marker=marker, s=24, label=shape)  # for the legend, in no variant's colour
    axis.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    fastest = max(value for found in variants.values() for value in found["speed"].values())
    axis.set_xlim(0, 1.1 * fastest)
    axis.set_title("speed (float32: 1)")


def _draw_batches(axis: Any, variants: dict[str, Any]) -> None:
    batches = [found["batches"].get("padded") or found["batches"]["equal_length"] for found in variants.values()]
    _draw_bars(axis, variants, [100 * found["tags_changed"] for found in batches], "{:.2f}")
    axis.set_title("tags that the batch changes, %")


def _draw_bars(axis: Any, variants: dict[str, Any], values: list[float], form: str) -> None:
    axis.barh(range(len(values)), values, color=_colours(variants), height=0.6)
    reach = max(values) or 1
    for row, value in enumerate(values):
        axis.text(value + 0.02 * reach, row, form.format(value), va="center", color=INK)
    axis.set_xlim(0, 1.2 * reach)


if __name__ == "__main__":
    print(plot(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULT).name)
