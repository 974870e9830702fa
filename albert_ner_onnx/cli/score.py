"""`albert-ner score`: conlleval's report on tags that a file already contains."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.files.conll import read_conlleval
from albert_ner_onnx.files.records import json_line
from albert_ner_onnx.render import printable

SUMMARY = "score the tags in a file as conlleval does"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Compares the last two columns of FILE, the gold tags and a tagger's, and prints\n"
        "conlleval's report: the accuracy of words whose gold tag isn't O, and of all\n"
        "words; precision, recall and FB1 of phrases, overall and for each label, with\n"
        "the number of phrases found. Tags are read as they are, in IOB1, IOB2 or IOBES.\n"
        "No model is needed."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="one word per line, with its columns separated by spaces or tabs; blank lines between sentences; "
        "- reads standard input",
    )
    add_json(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, with fractions from 0 to 1 instead of per cent"
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from_file = args.file != "-"
    # File descriptor 0, because sys.stdin may have been replaced by something without bytes.
    with open(args.file if from_file else 0, "rb", closefd=from_file) as stream:
        sentences = read_conlleval(stream, args.file if from_file else "<stdin>")
    scores = score_phrases([each.gold for each in sentences], [each.predicted for each in sentences])
    print_result(scores.as_dict() if args.json else scores.report())
    return 0


def print_result(result: str | Mapping[str, object]) -> None:
    """Prints a record as JSON, or a report in which whatever could control the terminal is escaped."""
    if isinstance(result, str):
        print("\n".join(map(printable, result.split("\n"))), flush=True)
    else:
        print(json_line(result), flush=True)
