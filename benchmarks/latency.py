"""Latency, throughput, start and memory of a package on this machine: `albert-ner benchmark`, kept as JSON.

python -m benchmarks.latency [--package FOLDER] [--seconds S] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from albert_ner_onnx.benchmark import benchmark
from benchmarks.environment import describe

RESULT = Path(__file__).parent / "results" / "latency.json"


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure each figure")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    found = benchmark(arguments.package, seconds=arguments.seconds)
    arguments.output.write_text(json.dumps(found.as_dict() | {"environment": describe()}, indent=2) + "\n")
    print(found.report())


if __name__ == "__main__":
    main()
