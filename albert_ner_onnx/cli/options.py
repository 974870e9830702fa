"""The options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds `--package`."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="model package, made by `albert-ner export` (default: the one that comes with albert-ner-onnx)",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Adds `--workers` and `--threads`."""
    parser.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        help="calls of the model at once (default: one for each core, divided by --threads)",
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        default=1,
        metavar="N",
        help="threads inside one call of the model; more than one answers a single text sooner (default: 1)",
    )


def add_decoding(parser: argparse.ArgumentParser) -> None:
    """Adds `--decoder` and `--context`."""
    add_decoder(parser)
    parser.add_argument(
        "--context",
        choices=("sentence", "document"),
        help="what the model sees of a text when it decides a word: its own sentence, or those around it as well, as "
        "many as a window holds (default: document)",
    )


def add_decoder(parser: argparse.ArgumentParser) -> None:
    """Adds `--decoder`."""
    parser.add_argument(
        "--decoder",
        choices=("argmax", "viterbi"),
        help="how tags are chosen: the most probable of each word, or the most probable sequence that the tags' "
        "scheme allows (default: viterbi)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, found {text!r}")
    return int(text)
