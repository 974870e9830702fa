"""`albert-ner benchmark`: how fast a package is on this device."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from albert_ner_onnx.cli import console, options
from albert_ner_onnx.cli.score import print_result

SUMMARY = "measure how fast a model package is on this device"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Measures a model package on this machine, which should do nothing else meanwhile: the\n"
        "time of a call of the model and of a sentence's entities, words a second, the start of\n"
        "a process, and its memory. The sentences are forty of our own."
    )
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        metavar="N",
        help="threads that a call of the model uses inside, one or several numbers (default: 1, and one for each core)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        metavar="S",
        help="how long to measure each figure; up to five times as long where S is not enough for 20 calls "
        "(default: 2)",
    )
    parser.add_argument("--json", action="store_true", help="print one object of JSON, with the CPU and all versions")
    options.add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from albert_ner_onnx.benchmark.measure import benchmark  # late, as it imports NumPy and ONNX Runtime

    bar: console.ProgressBar | None = None
    with ExitStack() as stack:

        def show(done: int, total: int) -> None:
            nonlocal bar
            bar = bar or stack.enter_context(console.ProgressBar(total, "figures"))
            bar.show(done)

        found = benchmark(args.model, threads=args.threads, seconds=args.seconds, progress=show)
    print_result(found.as_dict() if args.json else found.report())
    return 0
