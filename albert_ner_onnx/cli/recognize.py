"""`albert-ner recognize`: finds the entities in texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

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
        "Finds the entities in texts. Prints each text, and below it one row per entity:\n"
        "the entity, its label, and its score, the mean probability of its words' tags."
    )
    parser.epilog = (
        "formats:\n"
        "  table        the text and its rows, for people\n"
        "  json         one object per text, with text and entities; each entity has\n"
        "               text, label, score, and start and end in code points, half-open\n"
        "  huggingface  one list per text, as the pipeline of transformers returns it\n"
        "  spark-nlp    one object per text, with Spark NLP's annotations: token,\n"
        "               named_entity and chunk\n"
        "All but the table are JSON Lines, one line per text.\n"
        "\n"
        "If a line of FILE or standard input is not UTF-8, the error is reported, the\n"
        "other lines are processed, and the exit status is 1. In the JSON formats the\n"
        'record of such a line is {"error": ..., "line": ...}.'
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("texts", nargs="*", default=[], metavar="TEXT", help="a text; a single - is short for -i -")
    source.add_argument("-i", "--input", metavar="FILE", help="read one text per line; - reads standard input")
    parser.add_argument(
        "--format", choices=("table", *_JSON), default="table", help="what to print; see below (default: table)"
    )
    parser.add_argument("--json", action="store_const", dest="format", const="json", help="short for --format json")
    options.add_decoder(parser)
    options.add_context(
        parser,
        "what the model sees when it decides a word: only its sentence, or also the sentences around it, as many as "
        "fit into a window (default: document)",
    )
    options.add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command. The exit status is 1 if a line could not be read."""
    if args.texts and args.texts != ["-"]:
        return _recognize(args, [args.texts])
    from_file = args.input not in (None, "-")
    # File descriptor 0, because sys.stdin.buffer reads in small blocks.
    with open(args.input if from_file else 0, "rb", closefd=from_file) as stream:
        return _recognize(args, read_lines(stream, args.input if from_file else "<stdin>"))


def _recognize(args: argparse.Namespace, groups: Iterable[Sequence[str | InputError]]) -> int:
    recognizer = options.load_model(args.model, args, context=args.context)
    colour = console.wants_colour()
    to_json = _JSON.get(args.format)
    status = number = 0
    for lines in groups:
        # An empty text takes the place of a line that can't be read; it costs nothing.
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
                print(output, flush=True)  # whoever reads a pipe may be waiting for it
    return status
