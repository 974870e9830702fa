"""`albert-ner score`: conlleval's report on tags that a file already has."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from albert_ner_onnx.evaluation import phrases as evaluation
from albert_ner_onnx.files.conll import read_conlleval
from albert_ner_onnx.files.records import json_line
from albert_ner_onnx.render import printable

SUMMARY = "judge the tags in a file as conlleval does"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Compares the last two columns of FILE, the gold tags and a tagger's, and prints\n"
        "conlleval's report: accuracy of the words' tags, first of those whose gold tag isn't O;\n"
        "precision, recall and FB1 of the phrases, in all and by label, with the number found.\n"
        "Tags are taken as they are, in IOB1, IOB2 or IOBES. No model is needed."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="conlleval's input: a word a line, its columns parted by white space; blank lines between sentences; -: "
        "from standard input",
    )
    add_json(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one object of JSON; its shares are in percent, as in the report"
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from_file = args.file != "-"
    # Not sys.stdin.buffer: no matter what stands in the place of standard input.
    with open(args.file if from_file else 0, "rb", closefd=from_file) as stream:
        sentences = read_conlleval(stream, args.file if from_file else "<stdin>")
    found = evaluation.evaluate(
        [sentence.gold for sentence in sentences], [sentence.predicted for sentence in sentences]
    )
    print_result(found.as_dict() if args.json else found.report())
    return 0


def print_result(result: str | Mapping[str, object]) -> None:
    """Prints a report, its labels and words escaped where they could drive the terminal, or a record as JSON."""
    if isinstance(result, str):
        print("\n".join(map(printable, result.split("\n"))), flush=True)
    else:
        print(json_line(result), flush=True)
