"""The figures of `benchmarks.sizes` in Markdown, and which of them are beyond their limits.

python -m benchmarks.sizes_table        # of results/sizes.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.markdown import markdown

RESULT = Path(__file__).parent / "results" / "sizes.json"
PRECISIONS = {"fp32": 4, "int8": 1}  # bytes of a value
MOST_OF_IDEAL = {"fp32": 1.06, "int8": 1.08}
LEAST_CORRELATION = 0.99
PEERS = {
    "optimum_float32": "float32",
    "optimum_quantize_dynamic": "pre-processed, quantize_dynamic",
    "optimum_o1_quantizer": "O1, quantizer",
}


def limits(parameters: int, precision: str, file_bytes: int) -> dict[str, float]:
    """What may be reached at most.

    Args:
        parameters: Of embeddings, encoder and classifier.
        precision: One of `PRECISIONS`.
        file_bytes: Of `model.onnx`.

    Returns:
        `bytes_per_ideal_byte`; `resident_mb` after loading, for one copy of the weights in use and a prepacked one;
        `own_peak_mb` of the exporter.
    """
    return {
        "bytes_per_ideal_byte": MOST_OF_IDEAL[precision],
        "resident_mb": 2.2 * file_bytes / 1e6 + 60,
        "own_peak_mb": 1500 + 4 * (4 * parameters / 1e6),
    }


def faults(sizes: Mapping[str, Any]) -> list[str]:
    """What is beyond its limit, a line each."""
    found = []
    for size, figures in sizes.items():
        for precision in PRECISIONS:
            ours = figures[f"ours_{precision}"]
            if "failed" in ours:
                found.append(f"{size}, {precision}: {ours['failed']}")
                continue
            for name, most in limits(figures["parameters"], precision, ours["bytes"]).items():
                if ours[name] > most:
                    found.append(f"{size}, {precision}: {name} is {ours[name]:,}, at most {most:,.2f} was to be")
        correlation = figures["int8_against_fp32"].get("correlation", 0)
        if correlation < LEAST_CORRELATION:
            found.append(f"{size}: int8's logits go with float32's by {correlation:.4f}, expected {LEAST_CORRELATION}")
    return found


def tables(sizes: Mapping[str, Any]) -> list[str]:
    """Tables of ours and of the peers' exports of the same checkpoints."""
    header = ["", "million parameters", "MB", "per ideal byte", "resident, MB", "load, s"]
    header += [
        "export, s",
        "of the CPU",
        "its peak, MB",
        "optimum's process, MB",
        "logits go with float32's",
        "least tag",
        "CPU",
    ]
    rows = []
    for size, figures in sizes.items():
        for precision in PRECISIONS:
            ours = figures[f"ours_{precision}"]
            row = [f"{size}, {precision}", f"{figures['parameters'] / 1e6:.1f}"]
            if "failed" in ours:
                rows.append([*row, ours["failed"], *[""] * (len(header) - 3)])
                continue
            row += [f"{ours['bytes'] / 1e6:.1f}", f"{ours['bytes_per_ideal_byte']:.3f}", f"{ours['resident_mb']:,}"]
            row += [f"{ours['load_seconds']:.2f}", f"{ours['seconds']:,.0f}", f"{ours['cpu_seconds']:,.0f}"]
            row += [f"{ours['own_peak_mb']:,}", f"{ours['child_peak_mb']:,}"]
            found = figures["int8_against_fp32"] if precision == "int8" else {}
            row += [f"{found['correlation']:.4f}", f"{min(found['by_tag']):.4f}"] if found else ["", ""]
            rows.append([*row, figures["environment"]["cpu"]])
    return [markdown(header, rows), markdown(*_of_peers(sizes))]


def _of_peers(sizes: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    header = ["MB / resident MB / load s / products in integers", "ours, int8", *PEERS.values()]
    rows = [[size, *(_cell(figures[name]) for name in ("ours_int8", *PEERS))] for size, figures in sizes.items()]
    return header, rows


def _cell(figures: Mapping[str, Any]) -> str:
    if "failed" in figures:
        return f"failed: {figures['failed'][:60]}"
    products = figures["products_in_integers"]
    return (
        f"{figures['bytes'] / 1e6:.1f} / {figures['resident_mb']:,} / {figures['load_seconds']:.2f} / "
        f"{products} of {products + figures['products_in_float']}"
    )


def main() -> None:
    """Prints the tables; fails if a figure is beyond its limit."""
    sizes = json.loads(RESULT.read_text("utf-8"))["sizes"]
    print(*tables(sizes), sep="\n\n")
    if found := faults(sizes):
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
