"""A tagger's errors: found phrases and the gold phrases that they overlap, counted by label and listed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from albert_ner_onnx.tags.schemes import Span

OTHER_BORDERS = "other borders"
NO_PHRASE = "no phrase"


class Overlap(NamedTuple):
    """A group of phrases connected by overlaps; no phrase outside the group overlaps one of them.

    Attributes:
        gold: The gold phrases, in order; empty if the tagger found a phrase where there is none.
        found: The found phrases, in order; empty if the tagger missed the gold phrase.
    """

    gold: tuple[Span, ...]
    found: tuple[Span, ...]


class Phrase(NamedTuple):
    """A phrase as people read it: its words, joined by spaces, and its label."""

    text: str
    label: str


class Place(NamedTuple):
    """Where an error is: the index of its sentence, and the half-open range of words, `start` to `end`."""

    sentence: int
    start: int
    end: int


class PhraseError(NamedTuple):
    """An error and all places where the tagger made it.

    Attributes:
        gold: The gold phrases.
        found: What the tagger found instead.
        places: Where, in the order of the sentences.
    """

    gold: tuple[Phrase, ...]
    found: tuple[Phrase, ...]
    places: tuple[Place, ...]


def group_overlaps(gold: Sequence[Span], found: Sequence[Span]) -> list[Overlap]:
    """Groups the phrases of a sentence by their overlaps, in order.

    Args:
        gold: The gold phrases; they don't overlap each other.
        found: The found phrases; they don't overlap each other.
    """
    groups: list[tuple[list[Span], list[Span]]] = []
    end = 0
    sided = [(span, 0) for span in gold] + [(span, 1) for span in found]
    for span, side in sorted(sided, key=lambda item: item[0].start):
        if span.start >= end:
            groups.append(([], []))
        groups[-1][side].append(span)
        end = max(end, span.end)
    return [Overlap(tuple(right), tuple(others)) for right, others in groups]


@dataclass(frozen=True, slots=True)
class Confusion:
    """The confusion matrix of phrases: how often each gold label (row) was found as which label (column).

    Two phrases of exactly the same words count in the cell of their labels. A phrase that overlaps others, but none of
    exactly its words, counts under `OTHER_BORDERS` on the other side; one that overlaps nothing, under `NO_PHRASE`. So
    a row adds up to the gold phrases of its label, and a column to the found ones.

    Attributes:
        counts: Number of phrases by gold and found label, either of which may be `OTHER_BORDERS` or `NO_PHRASE`.
    """

    counts: Mapping[tuple[str, str], int]

    def as_dict(self) -> dict[str, dict[str, int]]:
        """The whole matrix: for each row its columns, zeros included."""
        labels = sorted({name for pair in self.counts for name in pair} - {OTHER_BORDERS, NO_PHRASE})
        names = [*labels, OTHER_BORDERS, NO_PHRASE]
        return {row: {column: self.counts.get((row, column), 0) for column in names} for row in names}

    def report(self) -> str:
        """The matrix as a table for people to read: gold labels down, found labels across."""
        table = self.as_dict()
        width = max(map(len, table))
        columns = {name: max(len(name), 6) for name in table}
        lines = [f"{'':>{width}} " + "".join(f"  {name:>{columns[name]}}" for name in table)]
        for row, counts in table.items():
            lines.append(f"{row:>{width}} " + "".join(f"  {counts[name]:>{columns[name]}}" for name in table))
        return "\n".join(lines)


def count_confusion(overlaps: Iterable[Overlap]) -> Confusion:
    """Counts which labels were found for which."""
    counts = Counter[tuple[str, str]]()
    for gold, found in overlaps:
        if len(gold) == len(found) == 1 and gold[0][1:] == found[0][1:]:
            counts[gold[0].label, found[0].label] += 1
        else:
            counts.update((span.label, OTHER_BORDERS if found else NO_PHRASE) for span in gold)
            counts.update((OTHER_BORDERS if gold else NO_PHRASE, span.label) for span in found)
    return Confusion(counts)


def find_errors(sentences: Sequence[Sequence[str]], overlaps: Sequence[Sequence[Overlap]]) -> list[PhraseError]:
    """Lists the errors, the most frequent first; equally frequent ones in the order of the sentences.

    Two errors are the same if all words and labels of their phrases are, gold and found.

    Args:
        sentences: The words of each sentence.
        overlaps: The phrases of each sentence, grouped by `group_overlaps`.
    """
    places = defaultdict[tuple[tuple[Phrase, ...], tuple[Phrase, ...]], list[Place]](list)
    for index, (words, groups) in enumerate(zip(sentences, overlaps, strict=True)):
        for gold, found in groups:
            if gold != found:
                start, end = min(span.start for span in gold + found), max(span.end for span in gold + found)
                places[to_phrases(words, gold), to_phrases(words, found)].append(Place(index, start, end))
    errors = [PhraseError(gold, found, tuple(where)) for (gold, found), where in places.items()]
    return sorted(errors, key=lambda error: -len(error.places))


def to_phrases(words: Sequence[str], spans: Iterable[Span]) -> tuple[Phrase, ...]:
    """Writes out the words of spans of a sentence."""
    return tuple(Phrase(" ".join(words[span.start : span.end]), span.label) for span in spans)
