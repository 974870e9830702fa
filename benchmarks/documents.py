"""Which decoder and which context are better: FB1 and speed of each on the documents of a CoNLL file.

    python -m benchmarks.documents FILE        # such as CoNLL-2003's eng.testa

A document ends at a line of `-DOCSTART-`; its sentences are the file's. A file without such lines is one document.
Stability: up to eight sentences are put before a long document, so that its windows fall elsewhere, and it is counted
what keeps its tag and how far scores move. What to compare it with: the same when the neighbours of each sentence are
others, or none.
"""

from __future__ import annotations

import argparse
import json
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain, cycle, islice, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from albert_ner_onnx import EntityRecognizer, default_model, load
from albert_ner_onnx.evaluation.phrases import evaluate
from albert_ner_onnx.files.conll import ConllSentence, read_conll_documents
from albert_ner_onnx.model.classifier import WordClassifier
from albert_ner_onnx.model.manifest import Manifest
from albert_ner_onnx.tags.decoding import argmax_decode, legal_transitions, viterbi_decode
from benchmarks.environment import describe
from benchmarks.markdown import markdown

RUNS = 3  # of which the fastest counts
DECODINGS = 9  # the same
SHIFTS = 8  # sentences that are put before a text, one after another
LONGEST = 20  # documents of which stability is measured
CHANGED = {
    "other_windows": "where windows fall",
    "other_neighbours": "the neighbours of each sentence",
    "no_neighbours": "each sentence is alone",
}
BLANK_LINE = "\n\n"  # always ends a sentence


def tag(recognizer: EntityRecognizer, documents: Sequence[Sequence[ConllSentence]]) -> list[list[str]]:
    """The tags of each sentence: read with its document, or on its own if the recognizer's context says so."""
    if recognizer.settings.context == "sentence":  # all in one call: as many sentences of a length as there are
        return recognizer.tag([sentence.words for document in documents for sentence in document])
    words = [[sentence.words for sentence in document] for document in documents]
    return list(chain.from_iterable(map(recognizer.tag_document, words)))


def measure(
    recognizers: Mapping[str, EntityRecognizer], documents: Sequence[Sequence[ConllSentence]]
) -> dict[str, dict[str, float]]:
    """FB1, precision and recall in percent, and words for each second of a core, of recognizers that take turns."""
    seconds: dict[str, list[float]] = defaultdict(list)
    found: dict[str, list[list[str]]] = {}
    for _ in range(RUNS):
        for name, recognizer in recognizers.items():
            started = time.process_time()  # which other processes change little
            found[name] = tag(recognizer, documents)
            seconds[name].append(time.process_time() - started)
    return {name: _figures(documents, tags, min(seconds[name])) for name, tags in found.items()}


def _figures(documents: Sequence[Sequence[ConllSentence]], found: list[list[str]], seconds: float) -> dict[str, float]:
    gold = [sentence.tags for document in documents for sentence in document]
    overall = evaluate(gold, found).overall
    return {
        "fb1": round(overall.fb1, 2),
        "precision": round(overall.precision, 2),
        "recall": round(overall.recall, 2),
        "words_per_core_second": round(sum(map(len, gold)) / seconds),
    }


def decoding_cost(documents: Sequence[Sequence[ConllSentence]], package: Path) -> dict[str, float]:
    """Microseconds of a core that each decoder takes for a word, its logits given, sentence by sentence."""
    manifest = Manifest.read(package)
    sentences = [sentence.words for document in documents for sentence in document]
    lengths = [len(words) for words in sentences]
    logits = WordClassifier(package, manifest, None).logits([[words] for words in sentences])
    transitions = legal_transitions(manifest.tags, manifest.scheme)
    decoders: dict[str, Callable[[], object]] = {
        "argmax": lambda: argmax_decode(logits),
        "viterbi": lambda: viterbi_decode(logits, lengths, transitions),
    }
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(DECODINGS):
        for name, decode in decoders.items():
            started = time.process_time()
            decode()
            taken[name].append(time.process_time() - started)
    return {name: round(1e6 * min(seconds) / len(logits), 3) for name, seconds in taken.items()}


class Reading(NamedTuple):
    """What is found in a sentence.

    Attributes:
        tags: Tag of each word.
        scores: Score of each entity, by its label and its offsets in the sentence.
    """

    tags: list[str]
    scores: dict[tuple[str, int, int], float]


def read(recognizer: EntityRecognizer, sentences: Sequence[str]) -> list[Reading]:
    """Reads sentences as one text; of each its tags and entities."""
    document = recognizer.analyze(BLANK_LINE.join(sentences))
    starts = list(accumulate((len(sentence) + len(BLANK_LINE) for sentence in sentences), initial=0))
    found = [Reading([], {}) for _ in sentences]
    for word, tag in zip(document.words, document.tags, strict=True):
        found[bisect_right(starts, word.start) - 1].tags.append(tag)
    for entity in document.entities:
        index = bisect_right(starts, entity.start) - 1
        place = (entity.label, entity.start - starts[index], entity.end - starts[index])
        found[index].scores[place] = entity.score
    return found


def changes(pairs: Iterable[tuple[Reading, Reading]]) -> dict[str, float]:
    """Shares of tags and entities, in percent, that another reading of the same sentences keeps; how scores change."""
    tags, entities, scores = Counter[bool](), Counter[bool](), []
    for before, after in pairs:
        tags.update(map(str.__eq__, before.tags, after.tags))
        entities.update(place in after.scores for place in before.scores)
        scores += [abs(before.scores[place] - after.scores[place]) for place in before.scores.keys() & after.scores]
    return {
        "tags_kept": round(100 * tags[True] / tags.total(), 2),
        "entities_kept": round(100 * entities[True] / entities.total(), 2),
        "score_change_mean": round(float(np.mean(scores)), 4),
        "score_change_99_percent": round(float(np.quantile(scores, 0.99)), 4),
    }


def stability(recognizer: EntityRecognizer, texts: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
    """What changes in texts, lists of sentences, if windows fall elsewhere, and if neighbours are others or none.

    Each text is read as it is, after 1 to `SHIFTS` sentences of the next text, with a sentence of the next text behind
    each of its own, and sentence by sentence.
    """
    found: dict[str, list[tuple[Reading, Reading]]] = defaultdict(list)
    for text, other in zip(texts, [*texts[1:], *texts[:1]], strict=True):
        whole = read(recognizer, text)
        for shift in range(1, SHIFTS + 1):
            shifted = [*islice(cycle(other), shift), *text]
            found["other_windows"] += zip(whole, read(recognizer, shifted)[shift:], strict=True)
        mixed = list(chain.from_iterable(zip(text, cycle(other), strict=False)))
        found["other_neighbours"] += zip(whole, read(recognizer, mixed)[::2], strict=True)
        alone = [read(recognizer, [sentence])[0] for sentence in text]
        found["no_neighbours"] += zip(whole, alone, strict=True)
    return {name: changes(pairs) for name, pairs in found.items()}


def longest(documents: Sequence[Sequence[ConllSentence]]) -> list[list[str]]:
    """The sentences of the longest documents, words joined by blanks."""
    found = sorted(documents, key=lambda document: -sum(len(sentence.words) for sentence in document))[:LONGEST]
    return [[" ".join(sentence.words) for sentence in document] for document in found]


def tables(result: Mapping[str, Any]) -> list[str]:
    """The tables of benchmarks/README.md: of decoders and contexts, and of stability."""
    figures = []
    for name, found in result["figures"].items():
        shares = (f"{found[key]:.2f}" for key in ("fb1", "precision", "recall"))
        figures.append([name, *shares, f"{found['words_per_core_second']:,}"])
    stable = []
    for key, name in CHANGED.items():
        found = result["stability"][key]
        shares = (f"{found[share]:.2f}" for share in ("tags_kept", "entities_kept"))
        moves = (f"{found[move]:.3f}" for move in ("score_change_mean", "score_change_99_percent"))
        stable.append([name, *shares, *moves])
    return [
        markdown(["context, decoder", "FB1", "precision", "recall", "words per second of a core"], figures),
        markdown(
            ["what is changed", "tags kept, %", "entities kept, %", "scores move by", "99 % of them by less than"],
            stable,
        ),
    ]


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "documents.json")
    arguments = parser.parse_args()
    documents = read_conll_documents(arguments.file)
    recognizers = {
        f"{context}, {decoder}": load(arguments.package, context=context, decoder=decoder)
        for context, decoder in product(("sentence", "document"), ("argmax", "viterbi"))
    }
    result = {
        "file": arguments.file.name,
        "documents": len(documents),
        "words": sum(len(sentence.words) for document in documents for sentence in document),
        "figures": measure(recognizers, documents),
        "decoding_microseconds_a_word": decoding_cost(documents, arguments.package or default_model()),
        "stability": stability(load(arguments.package, context="document"), longest(documents)),
        "environment": describe(),
    }
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(*tables(result), sep="\n\n")


if __name__ == "__main__":
    main()
