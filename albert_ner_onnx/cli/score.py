"""`albert-ner score`: conlleval's report on tags that a file already contains."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader

from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.files.conll import read_conlleval
from albert_ner_onnx.files.records import json_line
from albert_ner_onnx.render import printable

SUMMARY = "score the tags in a file as conlleval does"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Compares two columns of FILE, the gold tags and a tagger's, and prints\n"
        "conlleval's report: the accuracy of words whose gold tag isn't O, and of all\n"
        "words; precision, recall and FB1 of phrases, overall and for each label, with\n"
        "the number of phrases found. Tags are read as they are, in IOB1, IOB2 or IOBES.\n"
        "No model is needed."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="one word per line, with its columns separated by tabs, or by spaces if the line has no tab; blank lines "
        "between sentences; - reads standard input",
    )
    parser.add_argument(
        "--gold-column",
        type=column,
        metavar="N",
        help="the column of the gold tags, counted from 1, or backwards from -1 (default: -2)",
    )
    parser.add_argument(
        "--predicted-column", type=column, metavar="N", help="the column of the tagger's tags (default: -1)"
    )
    add_comments(parser)
    add_json(parser)


def add_comments(parser: argparse._ActionsContainer) -> None:
    """Adds `--comments`."""
    parser.add_argument(
        "--comments",
        action="store_true",
        help="leave out comments: lines that start with # and aren't a word with its columns",
    )


def column(text: str) -> int:
    """Reads the number of a column."""
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"expected 1 for the first column, -1 for the last one, or such; found {text!r}"
        )
    return int(text)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, with fractions from 0 to 1 instead of per cent"
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    with open_input(args.file) as (stream, name):
        sentences = read_conlleval(
            stream,
            name,
            gold_column=args.gold_column,
            predicted_column=args.predicted_column,
            comments=args.comments,
        )
    scores = score_phrases([each.gold for each in sentences], [each.predicted for each in sentences])
    print_result(scores.as_dict() if args.json else scores.report())
    return 0


@contextmanager
def open_input(path: str) -> Iterator[tuple[BufferedReader, str]]:
    """Opens a file, or standard input for `-`, and says what error messages call it."""
    from_file = path != "-"
    # File descriptor 0, because sys.stdin may have been replaced by something without bytes.
    with open(path if from_file else 0, "rb", closefd=from_file) as stream:
        yield stream, path if from_file else "<stdin>"


def print_result(result: str | Mapping[str, object]) -> None:
    """Prints a record as JSON, or a report in which whatever could control the terminal is escaped."""
    if isinstance(result, str):
        print("\n".join(map(printable, result.split("\n"))), flush=True)
    else:
        print(json_line(result), flush=True)
