"""The options that several commands share, and the model that they choose."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import albert_ner_onnx

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer


def add_model_folder(parser: argparse.ArgumentParser) -> None:
    """Adds `--model`."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="a model made by `albert-ner export` (default: the model that comes with albert-ner-onnx)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds `--model`, `--workers` and `--threads`, for `load_model`."""
    add_model_folder(parser)
    parser.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        help="number of calls of the model at once (default: one for each core that this process may use, divided by "
        "--threads)",
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        default=1,
        metavar="N",
        help="number of threads inside one call of the model; more than one answers a single text sooner (default: 1)",
    )


def add_decoder(parser: argparse.ArgumentParser) -> None:
    """Adds `--decoder`, for `load_model`."""
    parser.add_argument(
        "--decoder",
        choices=("argmax", "viterbi"),
        help="how tags are chosen: the most probable tag of each word, or the most probable sequence that the tags' "
        "scheme allows (default: viterbi)",
    )


def add_context(parser: argparse.ArgumentParser, meaning: str, *, default: str | None = None) -> None:
    """Adds `--context`, whose meaning depends on the command."""
    parser.add_argument("--context", choices=("sentence", "document"), default=default, help=meaning)


def load_model(path: Path | None, args: argparse.Namespace, *, context: str | None = None) -> EntityRecognizer:
    """Loads a model with the options of `add_model` and `add_decoder`, and with a context."""
    return albert_ner_onnx.load(path, workers=args.workers, threads=args.threads, decoder=args.decoder, context=context)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, found {text!r}")
    return int(text)
