"""`albert-ner evaluate`: precision, recall and FB1 on a file in CoNLL format."""

from __future__ import annotations

import argparse
import sys
import time

import albert_ner_onnx
from albert_ner_onnx import evaluation, formats, schemes
from albert_ner_onnx.cli import console, options

SUMMARY = "measure precision, recall and FB1 on a file in CoNLL format"
_CHUNK = 250  # sentences: enough to fill batches of equal length, few enough for the bar to move


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Tags the sentences of FILE, each on its own, and prints conlleval's report: accuracy of\n"
        "the words' tags; precision, recall and FB1 of the phrases, in all and by label, with\n"
        "the number of phrases found."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a word a line, its columns parted by white space, the last one its tag in IOB1, IOB2 or IO; blank lines "
        "between sentences",
    )
    options.add_package(parser)
    options.add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    sentences = formats.read_conll(args.file)
    recognizer = albert_ner_onnx.load(args.package, threads=args.threads)
    started = time.perf_counter()
    guess: list[list[str]] = []
    with console.ProgressBar(len(sentences), "sentences") as bar:
        for start in range(0, len(sentences), _CHUNK):
            guess += recognizer.tag([sentence.words for sentence in sentences[start : start + _CHUNK]])
            bar.show(len(guess))
    seconds = time.perf_counter() - started
    # Both in one scheme that a file can have: I- for B- is no mistake where a model or a file merely writes IOB1.
    scheme = recognizer.manifest.scheme
    written = "IO" if scheme in ("IO", "none") else "IOB2"
    gold = [schemes.to_tags(schemes.spans(tags), len(tags), written) for _, tags in sentences]
    guess = [schemes.to_tags(schemes.spans(tags, scheme), len(tags), written) for tags in guess]
    print(evaluation.evaluate(gold, guess).report(), flush=True)
    print(f"{len(sentences)} sentences in {seconds:.1f} s, {len(sentences) / seconds:.0f}/s", file=sys.stderr)
    return 0
