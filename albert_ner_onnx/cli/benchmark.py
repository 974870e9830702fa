"""`albert-ner benchmark`: measures a model's speed and memory on this machine."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from albert_ner_onnx.cli import console, options
from albert_ner_onnx.cli.score import print_result

SUMMARY = "measure a model's speed and memory on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Measures a model on this machine, on which nothing else should run meanwhile:\n"
        "the latency of one call of the model and of one sentence, the throughput in\n"
        "words per second, and the start time and memory of a new process. The texts\n"
        "are forty English sentences that come with albert-ner-onnx."
    )
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        metavar="N",
        help="numbers of threads inside one call of the model to measure with (default: 1, and the number of cores)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        metavar="S",
        help="time to measure each figure for; up to five times as long if S seconds are too few for 20 calls "
        "(default: 2)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, which also describes the CPU and all versions"
    )
    options.add_decoder(parser)
    options.add_context(parser)
    options.add_model_folder(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from albert_ner_onnx.benchmark import benchmark  # late, because it imports NumPy and ONNX Runtime

    bar: console.ProgressBar | None = None
    with ExitStack() as stack:

        def show(done: int, total: int) -> None:
            nonlocal bar
            bar = bar or stack.enter_context(console.ProgressBar(total, "figures"))
            bar.show(done)

        found = benchmark(
            args.model,
            threads=args.threads,
            seconds=args.seconds,
            decoder=args.decoder,
            context=args.context,
            progress=show,
        )
    print_result(found.as_dict() if args.json else found.report())
    return 0
