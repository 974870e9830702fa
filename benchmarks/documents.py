"""Which decoder and which context are better: FB1 and speed of each on the documents of a CoNLL file.

    python -m benchmarks.documents FILE        # such as CoNLL-2003's eng.testa

A document ends at a line of `-DOCSTART-`; its sentences are the file's. A file without such lines is one document.
Stability: the sentences of a document are dropped one by one from its beginning, so that windows fall elsewhere, and it
is counted how often a word keeps its tag. What to compare it with: how often it does when it loses all its neighbours.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from itertools import chain, product
from pathlib import Path

from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.evaluation import evaluate
from albert_ner_onnx.formats import ConllSentence, read_conll_documents
from benchmarks.environment import describe

RUNS = 2  # of which the faster counts
SHIFTS = 8  # sentences that are dropped, one after another


def tag(recognizer: EntityRecognizer, documents: Sequence[Sequence[ConllSentence]]) -> list[list[str]]:
    """The tags of each sentence: read with its document, or on its own if the recognizer's context says so."""
    if recognizer.settings.context == "sentence":  # all in one call: as many sentences of a length as there are
        return recognizer.tag([sentence.words for document in documents for sentence in document])
    words = [[sentence.words for sentence in document] for document in documents]
    return list(chain.from_iterable(map(recognizer.tag_document, words)))


def measure(recognizer: EntityRecognizer, documents: Sequence[Sequence[ConllSentence]]) -> dict[str, float]:
    """FB1, precision and recall in percent, and words for each second of a core, which other processes don't change."""
    seconds = []
    for _ in range(RUNS):
        started = time.process_time()
        found = tag(recognizer, documents)
        seconds.append(time.process_time() - started)
    gold = [sentence.tags for document in documents for sentence in document]
    overall = evaluate(gold, found).overall
    return {
        "fb1": round(overall.fb1, 2),
        "precision": round(overall.precision, 2),
        "recall": round(overall.recall, 2),
        "words_per_core_second": round(sum(map(len, gold)) / min(seconds)),
    }


def stability(recognizer: EntityRecognizer, documents: Sequence[Sequence[ConllSentence]]) -> dict[str, float]:
    """Share of words, in percent, that keep their tag when sentences around theirs are dropped."""
    shifted_words = kept = words = alone = 0
    for document in documents:
        sentences = [sentence.words for sentence in document]
        whole = recognizer.tag_document(sentences)
        alone += _same(whole, recognizer.tag(sentences))
        words += sum(map(len, sentences))
        for dropped in range(1, min(SHIFTS, len(sentences) - 1) + 1):
            kept += _same(whole[dropped:], recognizer.tag_document(sentences[dropped:]))
            shifted_words += sum(map(len, sentences[dropped:]))
    return {
        "same_tag_in_other_windows": round(100 * kept / shifted_words, 2),
        "same_tag_without_neighbours": round(100 * alone / words, 2),
    }


def _same(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> int:
    """Number of words with the same tag."""
    return sum(map(str.__eq__, chain.from_iterable(before), chain.from_iterable(after)))


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "documents.json")
    arguments = parser.parse_args()
    documents = read_conll_documents(arguments.file)
    figures = {
        f"{context}, {decoder}": measure(load(arguments.package, context=context, decoder=decoder), documents)
        for context, decoder in product(("sentence", "document"), ("argmax", "viterbi"))
    }
    result = {
        "file": arguments.file.name,
        "documents": len(documents),
        "words": sum(len(sentence.words) for document in documents for sentence in document),
        "figures": figures,
        "stability": stability(load(arguments.package, context="document"), documents[::10]),
        "environment": describe(),
    }
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps({name: value for name, value in result.items() if name != "environment"}, indent=2))


if __name__ == "__main__":
    main()
