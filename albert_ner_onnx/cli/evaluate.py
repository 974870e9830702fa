"""`albert-ner evaluate`: how well a model tags a file in CoNLL format, or which of two models does it better."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from albert_ner_onnx.cli import console, options
from albert_ner_onnx.cli.score import add_comments, add_json, column, open_input, print_result
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.evaluation.errors import (
    Phrase,
    PhraseError,
    count_confusion,
    find_errors,
    group_overlaps,
    to_phrases,
)
from albert_ner_onnx.evaluation.phrases import PhraseScores, score_phrases
from albert_ner_onnx.files.columns import Columns
from albert_ner_onnx.files.conll import ConllSentence, parse_conll_documents, read_conll_documents
from albert_ner_onnx.render import printable
from albert_ner_onnx.tags.schemes import spans, to_iob2

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

SUMMARY = "measure precision, recall and F1 on a file in CoNLL format"
_CHUNK = 250  # sentences: enough to fill batches of equal length, few enough for the progress bar to move
_PLACES_SHOWN = 3  # of one error


@dataclass(frozen=True, slots=True)
class _Tagging:
    """The tags that a model gave to the sentences, in IOB2, and the seconds that it took."""

    model: str
    tags: list[list[str]]
    seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Tags the sentences of FILE, converts its tags and the model's to IOB2, and\n"
        "prints: precision, recall and F1 of each tag, in scikit-learn's layout;\n"
        "conlleval's report on phrases (see `albert-ner score --help`); a confusion\n"
        "matrix of labels; and the most frequent errors with their sentences, which are\n"
        "counted from 0."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="one word per line, with its columns separated by tabs, or by spaces if the line has no tab; the tags are "
        "in IOB1, IOB2, IO or the model's own scheme; blank lines between sentences; - reads standard input",
    )
    parser.add_argument(
        "--word-column",
        type=column,
        metavar="N",
        help="the column of the words, counted from 1, or backwards from -1 (default: the first; it is refused if it "
        "counts the words)",
    )
    parser.add_argument(
        "--tag-column",
        type=column,
        metavar="N",
        help="the column of the gold tags (default: the last; it is refused if another one holds entities, too)",
    )
    add_comments(parser)
    parser.add_argument(
        "--compare",
        metavar="MODEL",
        help="also tag with this model; print conlleval's report on both, where they differ, and whether the "
        "difference may be chance",
    )
    parser.add_argument(
        "--errors",
        type=_whole,
        default=10,
        metavar="N",
        help="number of errors to show; with --compare, of sentences that differ (default: 10)",
    )
    options.add_context(
        parser,
        "what the model sees when it tags a sentence: only the sentence, or also its neighbours in the same document; "
        "lines of -DOCSTART- separate documents (default: sentence)",
        default="sentence",
    )
    options.add_decoder(parser)
    add_json(parser)
    options.add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    models = [args.model, args.compare] if args.compare else [args.model]
    # With load's default context, a recognizer can tag both documents and single sentences.
    recognizers = [options.load_model(model, args) for model in models]
    manifest = recognizers[0].manifest
    if args.context == "document":
        for recognizer in recognizers:
            _check_context(recognizer)
    columns = Columns(args.word_column, args.tag_column, args.comments)
    documents = _read_documents(args.file, manifest.read_tags, columns)
    sentences = list(chain.from_iterable(documents))
    parts = documents if args.context == "document" else [[sentence] for sentence in sentences]
    gold = [to_iob2(sentence.tags, manifest.scheme) for sentence in sentences]
    taggings = [
        _tag(recognizer, parts, str(model or "default model"))
        for recognizer, model in zip(recognizers, models, strict=True)
    ]
    words = [sentence.words for sentence in sentences]
    describe = _describe_two if args.compare else _describe_one
    record, report = describe(words, gold, taggings, args.errors)
    print_result(record if args.json else report)
    for each in taggings:
        name = f"{each.model}: " if args.compare else ""
        speed = f"{len(sentences)} sentences in {each.seconds:.1f} s, {len(sentences) / each.seconds:.0f}/s"
        print(printable(name + speed), file=sys.stderr)
    return 0


def _read_documents(path: str, tags: Sequence[str], columns: Columns) -> list[list[ConllSentence]]:
    if path != "-":
        return read_conll_documents(path, tags, columns)
    with open_input(path) as (stream, name):
        return parse_conll_documents(stream, name, tags, columns)


def _check_context(recognizer: EntityRecognizer) -> None:
    """Refuses the context of documents for a model that allows no choice of context."""
    from albert_ner_onnx.rules import resolve_rules  # late, because it imports NumPy

    if len(resolve_rules(recognizer.manifest).contexts) == 1:
        raise InputError(
            "--context document: a model that answers exactly as Spark NLP does reads each sentence alone; "
            "leave the option out"
        )


def _tag(recognizer: EntityRecognizer, parts: Sequence[Sequence[ConllSentence]], model: str) -> _Tagging:
    """Tags documents or single sentences; none of the parts sees another."""
    single = all(len(part) == 1 for part in parts)
    step = _CHUNK if single else 1
    tags: list[list[str]] = []
    with console.ProgressBar(sum(map(len, parts)), "sentences") as bar:
        started = time.perf_counter()
        for start in range(0, len(parts), step):
            words = [sentence.words for part in parts[start : start + step] for sentence in part]
            tags += recognizer.tag(words) if single else recognizer.tag_document(words)
            bar.show(len(tags))
        seconds = time.perf_counter() - started
    return _Tagging(model, [to_iob2(each, recognizer.manifest.scheme) for each in tags], seconds)


def _describe_one(
    words: Sequence[Sequence[str]], gold: Sequence[Sequence[str]], taggings: Sequence[_Tagging], limit: int
) -> tuple[dict[str, object], str]:
    """The scores and errors of one model, as a record and as a report."""
    from albert_ner_onnx.evaluation.tag_report import tag_report  # late, because it imports NumPy

    (tagging,) = taggings
    tags = tag_report(chain.from_iterable(gold), chain.from_iterable(tagging.tags))
    scores = score_phrases(gold, tagging.tags)
    overlaps = list(map(group_overlaps, map(spans, gold), map(spans, tagging.tags)))
    confusion = count_confusion(chain.from_iterable(overlaps))
    errors = find_errors(words, overlaps)
    record = {
        **_scores_record(scores, tagging),
        "tags": tags.as_dict(),
        "confusion": confusion.as_dict(),
        "different_errors": len(errors),
        "errors": [_error_record(error) for error in errors[:limit]],
    }
    parts = [tags.report(), scores.report(), f"phrases, gold down and found across:\n{confusion.report()}"]
    if errors and limit:
        shown = errors[:limit]
        heading = f"the {len(shown)} most frequent of {len(errors)} errors, gold -> found:"
        parts.append("\n".join([heading, *chain.from_iterable(_error_lines(error, words) for error in shown)]))
    return record, "\n\n".join(parts)


def _describe_two(
    words: Sequence[Sequence[str]], gold: Sequence[Sequence[str]], taggings: Sequence[_Tagging], limit: int
) -> tuple[dict[str, object], str]:
    """The scores of two models and where they differ, as a record and as a report."""
    from albert_ner_onnx.evaluation.comparison import compare_taggers  # late, because it imports NumPy

    first, second = taggings
    scores = [score_phrases(gold, tagging.tags) for tagging in taggings]
    comparison = compare_taggers(gold, first.tags, second.tags)
    shown = comparison.differing_sentences[:limit]
    sides = {"gold": gold, "first": first.tags, "second": second.tags}
    record = {
        "first": _scores_record(scores[0], first),
        "second": _scores_record(scores[1], second),
        **comparison.as_dict(),
        "sentences": [
            {"sentence": index, "words": words[index], **{name: tags[index] for name, tags in sides.items()}}
            for index in shown
        ],
    }
    parts = [
        f"first: {first.model}\n{scores[0].report()}",
        f"second: {second.model}\n{scores[1].report()}",
        comparison.report(),
    ]
    for index in shown:
        rows = [f"sentence {index}: {' '.join(words[index])}"]
        for name, tags in sides.items():
            rows.append(f"  {name:<6}  {_listed(to_phrases(words[index], spans(tags[index])))}")
        parts.append("\n".join(rows))
    return record, "\n\n".join(parts)


def _scores_record(scores: PhraseScores, tagging: _Tagging) -> dict[str, object]:
    seconds = round(tagging.seconds, 3)
    return {"model": tagging.model, "sentences": len(tagging.tags), "seconds": seconds, **scores.as_dict()}


def _error_record(error: PhraseError) -> dict[str, object]:
    return {
        "count": len(error.places),
        "gold": [phrase._asdict() for phrase in error.gold],
        "found": [phrase._asdict() for phrase in error.found],
        "places": [place._asdict() for place in error.places],
    }


def _error_lines(error: PhraseError, sentences: Sequence[Sequence[str]]) -> Iterator[str]:
    count = len(error.places)
    yield f"{count:>4} × {_listed(error.gold)} -> {_listed(error.found)}"
    for index, start, end in error.places[:_PLACES_SHOWN]:
        words = sentences[index]
        marked = [*words[:start], f"[{' '.join(words[start:end])}]", *words[end:]]
        yield f"       sentence {index}: {' '.join(marked)}"
    if count > _PLACES_SHOWN:
        yield f"       and {count - _PLACES_SHOWN} more"


def _listed(phrases: Iterable[Phrase]) -> str:
    return ", ".join(f"{label} {text}" for text, label in phrases) or "nothing"


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}")
    return int(text)
