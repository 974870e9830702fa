"""The options that several commands share, and the model that they choose."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import albert_ner_onnx
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.hub.fetch import find_model
from albert_ner_onnx.model.folder import ModelFolder

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

_CONTEXT = (
    "what the model sees when it decides a word: only its sentence, or also the sentences around it, as many as fit "
    "into a window (default: document)"
)


def add_model_folder(parser: argparse.ArgumentParser) -> None:
    """Adds `--model`."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="a folder made by `albert-ner export`, or a model on the Hugging Face Hub, OWNER/NAME or "
        "OWNER/NAME@REVISION (default: the model that comes with albert-ner-onnx)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds `--model`, `--workers` and `--threads`, for `load_model`."""
    add_model_folder(parser)
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="number of calls of the model at once (default: one for each core that this process may use, divided by "
        "--threads)",
    )
    parser.add_argument(
        "--threads",
        type=positive,
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


def add_context(parser: argparse.ArgumentParser, meaning: str = _CONTEXT, *, default: str | None = None) -> None:
    """Adds `--context`, whose meaning may depend on the command."""
    parser.add_argument("--context", choices=("sentence", "document"), default=default, help=meaning)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Adds `--labels` and `--min-score`, a group of their own, for `chosen_filters`."""
    group = parser.add_argument_group("entities to keep")
    group.add_argument(
        "--labels",
        type=names,
        action="extend",
        metavar="LABELS",
        help="only those with these labels, separated by commas, such as PER,ORG (default: all)",
    )
    group.add_argument(
        "--min-score",
        type=_threshold,
        action="append",
        metavar="[LABEL=]SCORE",
        help="only those with at least this score, 0 to 1; PER=0.8 is for one label, a number alone for all labels "
        "that aren't named; may be repeated (default: 0)",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Adds `--newlines`, `--markup` and `--abbreviations`, a group of their own, for `chosen_reading`."""
    group = parser.add_argument_group("how a text is read")
    group.add_argument(
        "--newlines",
        choices=("wrap", "border"),
        default="wrap",
        help="what the end of a line inside a text means: nothing, as in a paragraph whose lines were wrapped, or a "
        "border that no entity crosses, as in a list; in HTML only <br> ends a line (default: wrap)",
    )
    group.add_argument(
        "--markup",
        choices=("html",),
        help="skip HTML's tags, which are read as text otherwise; &amp; and other references are always read as the "
        "character that they stand for",
    )
    group.add_argument(
        "--abbreviations",
        type=names,
        action="extend",
        metavar="WORDS",
        help="more abbreviations, separated by commas, such as Det,Insp; the stop after one doesn't end a sentence",
    )


def chosen_filters(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what the options of `add_filters` say, as arguments of `load`.

    Raises:
        ModelError: There is no such model.
    """
    named = dict(args.min_score or ())
    others = named.pop(None, 0.0)
    if others and named:  # only the model knows which others there are
        folder = ModelFolder.open(find_model(args.model))
        named = dict.fromkeys(model_labels(folder), others) | named
    return {"min_score": named or others, "labels": args.labels}


def chosen_reading(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what the options of `add_reading` say, as arguments of `load`."""
    return {"newlines": args.newlines, "markup": args.markup, "abbreviations": args.abbreviations or ()}


def load_model(
    model: str | None,
    args: argparse.Namespace,
    *,
    context: str | None = None,
    others: Mapping[str, Any] | None = None,
) -> EntityRecognizer:
    """Loads a model with the options of `add_model` and `add_decoder`, a context, and other arguments of `load`."""
    return albert_ner_onnx.load(
        model, workers=args.workers, threads=args.threads, decoder=args.decoder, context=context, **(others or {})
    )


def model_labels(folder: ModelFolder) -> list[str]:
    """Returns the labels that a model can give, sorted, without loading it.

    Raises:
        ModelError: The model follows rules that this version doesn't know.
    """
    from albert_ner_onnx.rules import resolve_rules  # late, because it imports NumPy

    try:
        return resolve_rules(folder.manifest).labels(folder.manifest.read_tags)
    except ModelError as error:
        raise folder.failure(error) from None


def positive(text: str) -> int:
    """Reads a number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, found {text!r}")
    return int(text)


def names(text: str) -> list[str]:
    """Reads names that are separated by commas."""
    found = [name for name in map(str.strip, text.split(",")) if name]
    if not found:
        raise argparse.ArgumentTypeError(f"expected names separated by commas, found {text!r}")
    return found


def _threshold(text: str) -> tuple[str | None, float]:
    """Reads `0.8`, which is for all labels that aren't named, or `PER=0.8`."""
    label, equals, number = text.rpartition("=")
    try:
        least = float(number)
    except ValueError:
        least = float("nan")
    if not 0 <= least <= 1 or bool(equals) != bool(label) or "," in label:
        raise argparse.ArgumentTypeError(
            f"expected a number from 0 to 1, or one for a label, such as PER=0.8, found {text!r}; repeat the option "
            "for more labels"
        )
    return label or None, least
