"""`albert-ner evaluate`: how well a package, or which of two, tags a file in CoNLL format."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import albert_ner_onnx
from albert_ner_onnx.cli import console, options
from albert_ner_onnx.cli.score import add_json, print_result
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.evaluation import errors as confusion
from albert_ner_onnx.evaluation import phrases as evaluation
from albert_ner_onnx.files.conll import ConllSentence, read_conll_documents
from albert_ner_onnx.render import printable
from albert_ner_onnx.tags import schemes

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

SUMMARY = "measure precision, recall and FB1 on a file in CoNLL format"
_CHUNK = 250  # sentences: enough to fill batches of equal length, few enough for the bar to move
_PLACES_SHOWN = 3  # of one error


@dataclass(frozen=True, slots=True)
class _Run:
    """The tags of a package, in IOB2, and how long it took, in seconds."""

    package: str
    tags: list[list[str]]
    seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Tags the sentences of FILE, each on its own, brings both its tags and the model's to\n"
        "IOB2, and prints precision, recall and f1-score of each tag, in scikit-learn's layout;\n"
        "conlleval's report (see `albert-ner score --help`); which labels are taken for which;\n"
        "and the most frequent errors with their sentences, counted from 0."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a word a line, its columns parted by white space, the last one its tag in IOB1, IOB2, IO or the model's "
        "own scheme; blank lines between sentences",
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="PACKAGE",
        help="tag with this package too, and print conlleval's report of both, where they differ, and whether that is "
        "more than chance",
    )
    parser.add_argument(
        "--errors",
        type=_whole,
        default=10,
        metavar="N",
        help="how many errors, or with --compare sentences that differ, to show (default: 10)",
    )
    parser.add_argument(
        "--context",
        choices=("sentence", "document"),
        default="sentence",
        help="whether the model sees each sentence on its own, or with its neighbours: those up to the next line of "
        "-DOCSTART- (default: sentence)",
    )
    options.add_decoder(parser)
    add_json(parser)
    options.add_model(parser)
    options.add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    packages = [args.model, args.compare] if args.compare else [args.model]
    # A recognizer with the context of documents tags single sentences, too, so it is right for both.
    recognizers = [albert_ner_onnx.load(package, threads=args.threads, decoder=args.decoder) for package in packages]
    manifest = recognizers[0].manifest
    if args.context == "document" and any(
        one.manifest.spark_nlp and one.manifest.spark_nlp.exact for one in recognizers
    ):
        raise InputError("--context document: a package that answers exactly as Spark NLP does reads each text alone")
    documents = read_conll_documents(args.file, tags_too=manifest.tags)
    sentences = list(chain.from_iterable(documents))
    parts = documents if args.context == "document" else [[sentence] for sentence in sentences]
    gold = [evaluation.to_iob2(sentence.tags, manifest.scheme) for sentence in sentences]
    runs = [
        _tag(one, parts, str(package or "default package")) for one, package in zip(recognizers, packages, strict=True)
    ]
    words = [sentence.words for sentence in sentences]
    report = _compare if args.compare else _judge
    record, text = report(words, gold, runs, args.errors)
    print_result(record if args.json else text)
    for each in runs:
        speed = f"{len(sentences) / each.seconds:.0f}/s"
        name = f"{each.package}: " if args.compare else ""
        print(printable(f"{name}{len(sentences)} sentences in {each.seconds:.1f} s, {speed}"), file=sys.stderr)
    return 0


def _tag(recognizer: EntityRecognizer, parts: Sequence[Sequence[ConllSentence]], package: str) -> _Run:
    """Tags parts, documents or single sentences, none of which sees another."""
    alone = all(len(part) == 1 for part in parts)
    step = _CHUNK if alone else 1
    tags: list[list[str]] = []
    with console.ProgressBar(sum(map(len, parts)), "sentences") as bar:
        started = time.perf_counter()
        for start in range(0, len(parts), step):
            words = [sentence.words for part in parts[start : start + step] for sentence in part]
            tags += recognizer.tag(words) if alone else recognizer.tag_document(words)
            bar.show(len(tags))
        seconds = time.perf_counter() - started
    return _Run(package, [evaluation.to_iob2(one, recognizer.manifest.scheme) for one in tags], seconds)


def _judge(
    words: Sequence[Sequence[str]], gold: Sequence[Sequence[str]], runs: Sequence[_Run], limit: int
) -> tuple[dict[str, object], str]:
    """What is to say of one package: as a record, and as text."""
    from albert_ner_onnx.evaluation.tag_report import tag_report  # late, as it imports NumPy

    (run,) = runs
    tags = tag_report(chain.from_iterable(gold), chain.from_iterable(run.tags))
    found = evaluation.evaluate(gold, run.tags)
    sides = ([schemes.spans(tags) for tags in side] for side in (gold, run.tags))
    overlaps = list(map(confusion.align, *sides))
    table = confusion.confusion(chain.from_iterable(overlaps))
    errors = confusion.phrase_errors(words, overlaps)
    record = {
        **_record(found, run),
        "tags": tags.as_dict(),
        "confusion": table.as_dict(),
        "different_errors": len(errors),
        "errors": [_error_record(error) for error in errors[:limit]],
    }
    parts = [tags.report(), found.report(), f"phrases, gold down and found across:\n{table.report()}"]
    if errors and limit:
        shown = errors[:limit]
        heading = f"the {len(shown)} most frequent of {len(errors)} errors, gold -> found:"
        parts.append("\n".join([heading, *chain.from_iterable(_error_lines(error, words) for error in shown)]))
    return record, "\n\n".join(parts)


def _compare(
    words: Sequence[Sequence[str]], gold: Sequence[Sequence[str]], runs: Sequence[_Run], limit: int
) -> tuple[dict[str, object], str]:
    """What is to say of two packages: as a record, and as text."""
    from albert_ner_onnx.evaluation.comparison import compare  # late, as it imports NumPy

    first, second = runs
    scores = [evaluation.evaluate(gold, run.tags) for run in runs]
    found = compare(gold, first.tags, second.tags)
    shown = found.differing_sentences[:limit]
    sides = {"gold": gold, "first": first.tags, "second": second.tags}
    record = {
        "first": _record(scores[0], first),
        "second": _record(scores[1], second),
        **found.as_dict(),
        "sentences": [
            {"sentence": index, "words": words[index], **{name: tags[index] for name, tags in sides.items()}}
            for index in shown
        ],
    }
    parts = [
        f"first: {first.package}\n{scores[0].report()}",
        f"second: {second.package}\n{scores[1].report()}",
        found.report(),
    ]
    for index in shown:
        rows = [f"sentence {index}: {' '.join(words[index])}"]
        for name, tags in sides.items():
            rows.append(f"  {name:<6}  {_named(confusion.phrases(words[index], schemes.spans(tags[index])))}")
        parts.append("\n".join(rows))
    return record, "\n\n".join(parts)


def _record(found: evaluation.Evaluation, run: _Run) -> dict[str, object]:
    return {"package": run.package, "sentences": len(run.tags), "seconds": round(run.seconds, 3), **found.as_dict()}


def _error_record(error: confusion.PhraseError) -> dict[str, object]:
    return {
        "count": len(error.places),
        "gold": [phrase._asdict() for phrase in error.gold],
        "found": [phrase._asdict() for phrase in error.found],
        "places": [place._asdict() for place in error.places],
    }


def _error_lines(error: confusion.PhraseError, sentences: Sequence[Sequence[str]]) -> Iterator[str]:
    count = len(error.places)
    yield f"{count:>4} × {_named(error.gold)} -> {_named(error.found)}"
    for index, start, end in error.places[:_PLACES_SHOWN]:
        words = sentences[index]
        marked = [*words[:start], f"[{' '.join(words[start:end])}]", *words[end:]]
        yield f"       sentence {index}: {' '.join(marked)}"
    if count > _PLACES_SHOWN:
        yield f"       and {count - _PLACES_SHOWN} more"


def _named(phrases: Iterable[confusion.Phrase]) -> str:
    return ", ".join(f"{label} {text}" for text, label in phrases) or "nothing"


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}")
    return int(text)
