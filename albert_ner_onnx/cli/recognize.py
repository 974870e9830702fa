"""`albert-ner recognize`: finds the entities in texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import albert_ner_onnx
from albert_ner_onnx.cli import console, options
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.lines import read_lines
from albert_ner_onnx.files.records import json_line, to_json_line
from albert_ner_onnx.render import to_table

if TYPE_CHECKING:
    from albert_ner_onnx.document import Document

SUMMARY = "find the entities in texts"
_JSON: Mapping[str, Callable[[Document], str]] = {
    "json": lambda document: to_json_line(document.text, document.entities),
    "huggingface": lambda document: json_line([entity.as_huggingface() for entity in document.entities]),
    "spark-nlp": lambda document: json_line(document.as_spark_nlp()),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.usage = "albert-ner [recognize] [OPTION...] TEXT...\n       albert-ner [recognize] [OPTION...] - < FILE"
    parser.description = (
        "Finds the entities in texts and prints each text with a row an entity:\n"
        "the entity, its label, and its score, the mean probability of its words' tags."
    )
    parser.epilog = (
        "A line of FILE or standard input that is not UTF-8 is reported, the others go on,\n"
        'and the exit status is 1; in JSON its record is {"error": ..., "line": ...}.'
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("texts", nargs="*", default=[], metavar="TEXT", help="a text; - alone: as -i -")
    source.add_argument("-i", "--input", metavar="FILE", help="read one text a line; -: from standard input")
    parser.add_argument(
        "--format",
        choices=("table", *_JSON),
        default="table",
        help="table: what is said above. The others are JSON Lines, a line a text. json: an object of text and "
        "entities, each of these with text, label, start and end (code points, half-open) and score. huggingface: a "
        "list as transformers' pipeline gives it. spark-nlp: an object of Spark NLP's annotations, token, named_entity "
        "and chunk (default: table)",
    )
    parser.add_argument("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    options.add_decoding(parser)
    options.add_model(parser)
    options.add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command; the exit status is 1 if a line could not be read."""
    if args.texts and args.texts != ["-"]:
        return _recognize(args, [args.texts])
    from_file = args.input not in (None, "-")
    # Not sys.stdin.buffer, which reads in the size that suits a terminal.
    with open(args.input if from_file else 0, "rb", closefd=from_file) as stream:
        return _recognize(args, read_lines(stream, args.input if from_file else "<stdin>"))


def _recognize(args: argparse.Namespace, groups: Iterable[Sequence[str | InputError]]) -> int:
    recognizer = albert_ner_onnx.load(
        args.model, workers=args.workers, threads=args.threads, decoder=args.decoder, context=args.context
    )
    colour = console.wants_colour()
    to_json = _JSON.get(args.format)
    status = number = 0
    for lines in groups:
        # A line that can't be read holds its place as an empty text, which costs nothing.
        documents = recognizer.analyze_stream([line if isinstance(line, str) else "" for line in lines])
        for line, document in zip(lines, documents, strict=True):
            number += 1
            if isinstance(line, InputError):
                status = 1
                console.print_error(str(line))
                output = json_line({"error": str(line), "line": number})
            elif to_json:
                output = to_json(document)
            else:
                output = to_table(line, document.entities, colour=colour)
            if to_json or isinstance(line, str):
                print(output, flush=True)  # flushed: who reads a pipe may be waiting for it
    return status
