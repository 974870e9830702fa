"""`albert-ner recognize`: finds the entities in texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from albert_ner_onnx.cli import console, options
from albert_ner_onnx.files.lines import NumberedText, read_texts
from albert_ner_onnx.files.records import json_line, to_json_line
from albert_ner_onnx.render import printable, to_table

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
        "the entity, its label, and its score, the probability that its words have it."
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
        "Texts are answered as they come, so the command works in a pipe. The lines of a\n"
        "paragraph or a file are joined by \\n, also where FILE has CRLF; offsets refer to\n"
        "the text that is printed.\n"
        "\n"
        "If a line of FILE or standard input can't be read, the error is reported, the\n"
        "other texts are answered, and the exit status is 1. In the JSON formats the\n"
        'record of such a text is {"error": ..., "line": ...}.'
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("texts", nargs="*", default=[], metavar="TEXT", help="a text; a single - is short for -i -")
    source.add_argument("-i", "--input", metavar="FILE", help="read texts from a file; - reads standard input")
    parser.add_argument(
        "--per",
        choices=("line", "paragraph", "file"),
        help="what is one text of FILE: a line, a paragraph, which ends at a blank line, or all of it (default: line)",
    )
    parser.add_argument(
        "--format", choices=("table", *_JSON), default="table", help="what to print; see below (default: table)"
    )
    parser.add_argument("--json", action="store_const", dest="format", const="json", help="short for --format json")
    options.add_decoder(parser)
    options.add_context(parser)
    options.add_model(parser)
    options.add_filters(parser)
    options.add_reading(parser)
    parser.set_defaults(refuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Runs the command. The exit status is 1 if a line could not be read."""
    if args.format == "spark-nlp" and args.min_score:
        args.refuse("argument --min-score: not allowed with --format spark-nlp, whose chunks have no least score")
    if args.texts and args.texts != ["-"]:
        if args.per:
            args.refuse("argument --per: allowed only with -i FILE or -, each TEXT is one text")
        return _recognize(args, [[NumberedText(text, 1) for text in args.texts]])
    from_file = args.input not in (None, "-")
    # File descriptor 0, because sys.stdin.buffer reads in small blocks.
    with open(args.input if from_file else 0, "rb", closefd=from_file) as stream:
        return _recognize(args, read_texts(stream, args.input if from_file else "<stdin>", args.per or "line"))


def _recognize(args: argparse.Namespace, groups: Iterable[Sequence[NumberedText]]) -> int:
    chosen = options.chosen_filters(args) | options.chosen_reading(args)
    recognizer = options.load_model(args.model, args, context=args.context, others=chosen)
    write = _writer(args)
    status = 0
    for texts in groups:
        # An empty text takes the place of one that can't be read; it costs nothing.
        documents = recognizer.analyze_stream([text if isinstance(text, str) else "" for text, _ in texts])
        for (text, line), document in zip(texts, documents, strict=True):
            if isinstance(text, str):
                output = write(document)
            else:
                status = 1
                console.print_error(str(text))
                if args.format == "table":
                    continue
                output = json_line({"error": str(text), "line": line})
            print(output, flush=True)  # whoever reads a pipe may be waiting for it
    return status


def _writer(args: argparse.Namespace) -> Callable[[Document], str]:
    """Returns the function that writes a document in the chosen format."""
    if args.format == "spark-nlp":
        return lambda document: json_line(document.as_spark_nlp(white_list=args.labels))
    if args.format in _JSON:
        return _JSON[args.format]
    colour, end = console.wants_colour(), "\n" if args.per == "paragraph" else ""
    return lambda document: _to_table(document, colour=colour) + end


def _to_table(document: Document, *, colour: bool) -> str:
    """Formats a document for a terminal. Its lines are shown as lines; all else that is unprintable is escaped."""
    *lines, last = document.text.split("\n")
    return "\n".join([*map(printable, lines), to_table(last, document.entities, colour=colour)])
