"""Are fixed activation scales as fast as dynamic ones? `python -m benchmarks.scales_speed [--output FILE]`.

The model that comes along beside the same graph with dynamic scales, by CPU time of one thread: at all shapes that the
runtime asks for at most, 128 pieces in a call, and at 8×64; in ten sessions, whose own ratios differ by one per cent.
FILE keeps what was found on other kinds of CPU.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL
from benchmarks.accuracy import CHECKPOINT
from benchmarks.dynamic_graph import dynamic_graph
from benchmarks.environment import describe
from benchmarks.markdown import markdown
from benchmarks.quantization import DYNAMIC, OURS, measure_speed

RESULT = Path(__file__).parent / "results" / "scales_speed.json"
_ROUNDS = 30  # in each session
_KERNELS = {
    "avx512_vnni": "AVX512-VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512bw": "AVX512",
    "avx2": "AVX2",
}  # the best first


def kernel(environment: Mapping[str, Any]) -> str:
    """The best instructions for products of integers that a machine has, of those that ONNX Runtime knows."""
    flags = set(environment["cpu_flags"])
    return next((name for flag, name in _KERNELS.items() if flag in flags), "none of these")


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """The figures in Markdown, by machine: time of ours over that of dynamic scales."""
    shapes = list(records[0]["shapes"])
    rows = []
    for record in records:
        environment = record["environment"]
        cells = []
        for shape in shapes:
            found = record["shapes"][shape][OURS]
            low, high = found["ratio_quartiles"]
            cells.append(f"{found['ratio']:.3f} ({low:.3f}–{high:.3f})")
        rows.append([f"{environment['cpu']}, {kernel(environment)}, commit {environment['commit'][:7]}", *cells])
    return markdown(["machine", *shapes], rows)


def keep(record: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The record with those of other kinds of CPU, in the order of the kinds' names."""
    own = kernel(record["environment"])
    kept = [other for other in others if kernel(other["environment"]) != own]
    return sorted([record, *kept], key=lambda found: kernel(found["environment"]))


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    checkpoint = read_checkpoint(CHECKPOINT)
    dynamic = dynamic_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors))
    models = {OURS: (default_model() / MODEL).read_bytes(), DYNAMIC: dynamic.SerializeToString()}
    record = {"shapes": measure_speed(models, _ROUNDS), "rounds": _ROUNDS, "environment": describe()}
    others = json.loads(arguments.output.read_text("utf-8")) if arguments.output.exists() else []
    found = keep(record, others)
    arguments.output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
