"""How well `split_words` finds the words of a CoNLL file, how fast, and what its errors cost the recognizer.

    python -m benchmarks.splitter eng.testa [--errors 20] [--package FOLDER | --words-only] [--output FILE]

A CoNLL file has words, not text. So each sentence is written as a newspaper prints it, and split again. Its words are
compared as spans of that text; so are its entities, those of `recognize` (split by us) and of `tag` (split as in the
file). `paragraphs` are the same sentences again, each run of those that end in a full stop as one text.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import albert_ner_onnx
from albert_ner_onnx.evaluation.phrases import PhraseCounts
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.tags.schemes import spans
from albert_ner_onnx.text.words import split_words
from benchmarks.environment import describe

_RESULT = Path(__file__).parent / "results" / "splitter.json"
_CLOSED_UP_LEFT = re.compile(r"[,.;:?!)\]%]|\.\.\.|'(?:s|ve|ll|re|d|m)|n't", re.IGNORECASE)
_CLOSED_UP_RIGHT = re.compile(r"[(\[]|[A-Z]*\$")


@dataclass(frozen=True, slots=True)
class Text:
    """A text made of words, and the half-open range of characters that each of them takes."""

    text: str
    words: list[tuple[int, int]]


def print_words(words: Sequence[str]) -> Text:
    """Writes the words of a sentence as a newspaper prints them."""
    parts: list[str] = []
    ranges: list[tuple[int, int]] = []
    length = 0
    quoting = False  # within double quotes
    close_up = True  # no space before the next word
    for index, word in enumerate(words):
        last = index == len(words) - 1
        left = right = False
        if word == '"':
            left = quoting or last
            right = quoting = not left
        elif word == "'":
            right = not last and words[index + 1][0].isdigit()  # '96
            left = last or (not right and index > 0 and words[index - 1][-1] in "sS")  # the players'
        else:
            left = _CLOSED_UP_LEFT.fullmatch(word) is not None
            right = _CLOSED_UP_RIGHT.fullmatch(word) is not None
        if not (close_up or left):
            parts.append(" ")
            length += 1
        parts.append(word)
        ranges.append((length, length + len(word)))
        length += len(word)
        close_up = right
    return Text("".join(parts), ranges)


def paragraphs(sentences: Iterable[Text]) -> Iterator[Text]:
    """Joins neighbouring sentences of prose, which end in a full stop; all others stay alone."""
    texts: list[str] = []
    words: list[tuple[int, int]] = []
    length = 0
    for sentence in sentences:
        prose = sentence.text.rstrip("\"'").endswith(".")
        if texts and not prose:
            yield Text(" ".join(texts), words)
            texts, words, length = [], [], 0
        texts.append(sentence.text)
        words += [(start + length, end + length) for start, end in sentence.words]
        length += len(sentence.text) + 1
        if not prose:
            yield Text(sentence.text, words)
            texts, words, length = [], [], 0
    if texts:
        yield Text(" ".join(texts), words)


def compare_words(texts: Iterable[Text]) -> tuple[PhraseCounts, Counter[tuple[str, str]]]:
    """Counts the words that `split_words` finds, and each difference: what the file has, and what was found there."""
    correct = found_words = gold_words = 0
    differences = Counter[tuple[str, str]]()
    for text in texts:
        found = [(word.start, word.end) for word in split_words(text.text)]
        same = set(found) & set(text.words)
        correct += len(same)
        found_words += len(found)
        gold_words += len(text.words)
        for start, end in set(text.words) - same:
            instead = " ".join(text.text[left:right] for left, right in found if left < end and right > start)
            differences[text.text[start:end], instead] += 1
    return PhraseCounts(correct, found_words, gold_words), differences


def words_per_second(texts: Sequence[Text], runs: int = 5) -> float:
    """The speed of the fastest of some runs over all texts, one call a text."""
    seconds = []
    for _ in range(runs):
        start = perf_counter()
        words = sum(len(split_words(text.text)) for text in texts)
        seconds.append(perf_counter() - start)
    return words / min(seconds)


def compare_entities(
    texts: Sequence[Text], words: Sequence[list[str]], tags: Sequence[list[str]], package: Path | None
) -> dict[str, PhraseCounts]:
    """Counts the entities found in the texts, and in the words of the file, as ranges of characters."""
    recognizer = albert_ner_onnx.load(package)
    gold = tagged_ranges(texts, tags)
    tagged = tagged_ranges(texts, recognizer.tag(words))
    recognized = {
        (number, entity.start, entity.end, entity.label)
        for number, entities in enumerate(recognizer.recognize_batch([text.text for text in texts]))
        for entity in entities
    }
    return {
        name: PhraseCounts(len(found & gold), len(found), len(gold))
        for name, found in (("recognize", recognized), ("tag", tagged))
    }


def tagged_ranges(texts: Sequence[Text], tags: Iterable[Sequence[str]]) -> set[tuple[int, int, int, str]]:
    """The phrases that tags mark: number of the text, start and end in it, label."""
    return {
        (number, text.words[span.start][0], text.words[span.end - 1][1], span.label)
        for number, (text, of_text) in enumerate(zip(texts, tags, strict=True))
        for span in spans(of_text)
    }


def figures(counts: PhraseCounts) -> dict[str, float]:
    """Counts for the JSON file; percent are rounded to three digits."""
    return {
        "gold": counts.gold,
        "found": counts.found,
        "correct": counts.correct,
        "precision": round(counts.precision, 3),
        "recall": round(counts.recall, 3),
        "f1": round(counts.fb1, 3),
    }


def main() -> None:
    """Measures, prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="CoNLL file, such as eng.testa")
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="print the N most frequent differences")
    parser.add_argument("--model", type=Path, help="model package; by default the one that comes with this package")
    parser.add_argument("--words-only", action="store_true", help="load no model")
    parser.add_argument("--output", type=Path, default=_RESULT, help="JSON file to write; %(default)s")
    arguments = parser.parse_args()

    sentences = read_conll(arguments.file)
    words, tags = [sentence.words for sentence in sentences], [sentence.tags for sentence in sentences]
    texts = [print_words(sentence) for sentence in words]
    counts, differences = compare_words(texts)
    in_paragraphs, _ = compare_words(paragraphs(texts))
    result: dict[str, object] = {
        "file": arguments.file.name,
        "sentences": len(texts),
        "words": figures(counts),
        "words_in_paragraphs": figures(in_paragraphs),
        "words_per_second": round(words_per_second(texts)),
    }
    if not arguments.words_only:
        compared = compare_entities(texts, words, tags, arguments.package)
        result["entities"] = {name: figures(found) for name, found in compared.items()}
    print(json.dumps(result, indent=2))
    for (gold, found), number in differences.most_common(arguments.errors):
        print(f"{number:5}  {gold}  ->  {found}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result | {"environment": describe()}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
