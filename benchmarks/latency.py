"""Latency, throughput, start and memory of a package on this machine: `albert-ner benchmark`, kept as JSON.

    python -m benchmarks.latency [--package FOLDER] [--seconds S] [--output FILE]
    python -m benchmarks.latency --peers [--quick]

With `--peers` it is compared with what one could pick instead; `benchmarks.latency_peers` has more options for that.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from albert_ner_onnx.benchmark.measure import benchmark
from benchmarks import latency_peers
from benchmarks.environment import describe
from benchmarks.peers.models import MODELS

RESULT = Path(__file__).parent / "results" / "latency.json"


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure each figure")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--peers", action="store_true", help="measure others, too; needs the extra `benchmark`")
    parser.add_argument("--quick", action="store_true", help="with --peers: few rounds")
    arguments = parser.parse_args()
    if arguments.peers:
        work, output = latency_peers.WORK, arguments.output or latency_peers.RESULT
        latency_peers.run(list(MODELS), work, arguments.quick, output)
        return
    found = benchmark(arguments.package, seconds=arguments.seconds)
    output = arguments.output or RESULT
    output.write_text(json.dumps(found.as_dict() | {"environment": describe()}, indent=2) + "\n")
    print(found.report())


if __name__ == "__main__":
    main()
