"""`albert-ner run`: recognizes the entities of whole files."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from albert_ner_onnx.cli import console, options
from albert_ner_onnx.cli.score import add_comments, column

if TYPE_CHECKING:
    from albert_ner_onnx.runs import Progress

SUMMARY = "recognize the entities of whole files, and write them into a file"
INPUT_FORMATS = ("text", "jsonl", "csv", "tsv", "parquet", "arrow", "conll")
OUTPUT_FORMATS = ("jsonl", "parquet", "csv", "tsv", "conll", "huggingface", "spark-nlp", "html", "redact")
_SHOWN_ERRORS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.usage = "albert-ner run [OPTION...] IN... [-o OUT]"
    parser.description = (
        "Recognizes the entities of all records of files, and writes them into a file.\n"
        "Records are read, answered and written in chunks: the files may be larger than\n"
        "memory, a single record may not."
    )
    parser.epilog = (
        "OUT appears under its name when it is complete. Until then it is OUT.partial,\n"
        "beside OUT.partial.json, which says how much of it is done and on the disk. A\n"
        "run that was interrupted, killed or ran out of space goes on with --resume and\n"
        "the same options, behind its last whole chunk (at most 1,024 records or about a\n"
        "million characters); OUT then has the same bytes as if nothing had happened.\n"
        "\n"
        "A record that can't be read or answered has an error in OUT, if its format has\n"
        "a place for it; the first 10 are also reported. The other records are answered,\n"
        "and the exit status is 1.\n"
        "\n"
        "A summary goes to standard error, and a progress bar if that is a terminal.\n"
        "Answers come by the chunk; `albert-ner recognize` answers each line as it comes."
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="IN",
        help="a file, a directory, a glob such as 'news/*.txt', or - for standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="the file to write; - is standard output, which can't be resumed (default: -)",
    )
    _add_input(parser)
    _add_output(parser)
    _add_process(parser)
    options.add_decoder(parser)
    options.add_context(parser)
    options.add_model(parser)
    options.add_filters(parser)
    options.add_reading(parser)


def _add_input(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is read")
    group.add_argument(
        "--from",
        dest="from_format",
        choices=INPUT_FORMATS,
        metavar="FORMAT",
        help=f"the format of all IN: {', '.join(INPUT_FORMATS)} (default: what their names say; text for standard "
        "input)",
    )
    group.add_argument(
        "--field",
        metavar="NAME",
        help="where the text is: a column, or a field of JSON Lines; a.b is the field b inside the field a "
        "(default: text)",
    )
    group.add_argument(
        "--per",
        choices=("line", "paragraph", "file"),
        default="line",
        help="what is a record of text: a line, a paragraph, which a blank line ends, or a whole file (default: line)",
    )
    group.add_argument(
        "--word-column",
        type=column,
        metavar="N",
        help="the column of the words in CoNLL, counted from 1, or backwards from -1 (default: the first)",
    )
    add_comments(group)


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "--to",
        dest="to_format",
        choices=OUTPUT_FORMATS,
        metavar="FORMAT",
        help=f"the format of OUT: {', '.join(OUTPUT_FORMATS)} (default: what its name says; jsonl for standard output)",
    )
    group.add_argument(
        "--entities-field",
        default="entities",
        metavar="NAME",
        help="the field or column that gets the entities (default: entities)",
    )
    group.add_argument(
        "--numbered",
        action="store_true",
        help="redact: write [PER_1] instead of [PER], with one number for one name within a document",
    )
    group.add_argument(
        "--keep",
        type=options.names,
        action="extend",
        metavar="LABELS",
        help="redact: leave entities with these labels as they are, separated by commas",
    )
    group.add_argument(
        "--mapping",
        metavar="FILE",
        help="redact: also write what was redacted, as JSON Lines that only their owner may read",
    )


def _add_process(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is done")
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with OUT.partial if there is one; the options and IN must be the same",
    )
    group.add_argument(
        "--overwrite", action="store_true", help="replace OUT if there is one; without --resume also OUT.partial"
    )
    group.add_argument(
        "--processes",
        type=options.positive,
        default=1,
        metavar="N",
        help="number of processes, each with a model of its own and one call at a time; the bytes of OUT don't depend "
        "on it (default: 1, which makes --workers calls at once)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command. The exit status is 1 if a record couldn't be answered."""
    from albert_ner_onnx import runs  # late, because it imports NumPy

    reporter = _Reporter()
    try:
        summary = runs.run(
            args.inputs,
            args.output,
            model=args.model,
            from_format=args.from_format,
            field=args.field,
            per=args.per,
            word_column=args.word_column,
            comments=args.comments,
            to_format=args.to_format,
            entities_field=args.entities_field,
            numbered=args.numbered,
            keep=args.keep or (),
            mapping=args.mapping,
            resume=args.resume,
            overwrite=args.overwrite,
            processes=args.processes,
            progress=reporter.show,
            workers=args.workers,
            threads=args.threads,
            decoder=args.decoder,
            context=args.context,
            **options.chosen_filters(args),
            **options.chosen_reading(args),
        )
    except KeyboardInterrupt:
        reporter.close()
        if reporter.read_again and args.output not in (None, runs.STANDARD_OUTPUT):
            console.print_note("interrupted; go on with --resume")
        raise
    finally:
        reporter.close()
    if summary.errors > reporter.shown:
        console.print_note(f"{summary.errors - reporter.shown:,} more records have errors")
    console.print_note(summary.report())
    return 1 if summary.errors else 0


class _Reporter:
    """Reports the first errors, and shows a bar on a terminal if tqdm is installed."""

    def __init__(self) -> None:
        self.shown = 0  # errors
        self.read_again = False  # whether a run has begun whose inputs can be read again
        self._began = False
        self._bar: Any = None

    def show(self, progress: Progress) -> None:
        if not self._began:
            self._began = True
            self.read_again = progress.total_bytes is not None
            self._bar = _open_bar(progress)
        errors = progress.errors[: _SHOWN_ERRORS - self.shown]
        self.shown += len(errors)
        if self._bar is not None and errors:
            self._bar.clear()
        for error in errors:
            console.print_error(error)
        if self._bar is not None:
            done = progress.counts.documents if self._bar.total is None else progress.bytes_read
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _open_bar(progress: Progress) -> Any:
    """Returns a bar of tqdm, or `None` if there is no terminal or no tqdm."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm  # late: only people look at a bar
    except ModuleNotFoundError:
        return None
    if progress.total_bytes is None:
        return tqdm(initial=progress.counts.documents, unit=" documents", dynamic_ncols=True, leave=False)
    return tqdm(
        initial=progress.bytes_read,
        total=progress.total_bytes,
        unit="B",
        unit_scale=True,
        dynamic_ncols=True,
        leave=False,
    )
