"""Are fixed activation scales as fast as dynamic ones? `python -m benchmarks.scales_speed [--output FILE]`.

The model that comes along beside the same graph with dynamic scales, by CPU time of one thread: at all shapes that the
runtime asks for at most, 128 pieces in a call, and at 8×64.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from albert_ner_export.folding import fold_weights
from albert_ner_export.sources import read_checkpoint
from albert_ner_onnx import default_package
from albert_ner_onnx.manifest import MODEL
from albert_ner_onnx.session import Session
from benchmarks.accuracy import CHECKPOINT
from benchmarks.dynamic_graph import dynamic_graph
from benchmarks.environment import describe
from benchmarks.markdown import markdown
from benchmarks.quantization import DYNAMIC, OURS, measure_speed

RESULT = Path(__file__).parent / "results" / "scales_speed.json"
_ROUNDS = 300  # a median is then known to half a hundredth on a noisy machine


def table(shapes: Mapping[str, Any]) -> str:
    """The figures in Markdown: time of ours over that of dynamic scales."""
    cells = []
    for found in shapes.values():
        low, high = found[OURS]["ratio_quartiles"]
        cells.append(f"{found[OURS]['ratio']:.3f} ({low:.3f}–{high:.3f})")
    return markdown(["time of int8 over that with dynamic scales", *shapes], [["median (quartiles)", *cells]])


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    checkpoint = read_checkpoint(CHECKPOINT)
    dynamic = dynamic_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors))
    models = {OURS: (default_package() / MODEL).read_bytes(), DYNAMIC: dynamic.SerializeToString()}
    shapes = measure_speed({name: Session(model, 1) for name, model in models.items()}, _ROUNDS)
    record = {"shapes": shapes, "rounds": _ROUNDS, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(shapes))


if __name__ == "__main__":
    main()
