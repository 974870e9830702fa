"""What a tagger takes for what: phrases beside the gold standard's that they overlap, counted and listed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from albert_ner_onnx.tags.schemes import Span

OTHER_BORDERS = "other borders"
NO_PHRASE = "no phrase"


class Overlap(NamedTuple):
    """Phrases of both sides that overlap, directly or by way of others; no phrase outside overlaps one of them.

    Attributes:
        gold: The gold standard's, in their order; none if the tagger found a phrase where there is none.
        found: The tagger's; none if it missed the gold standard's.
    """

    gold: tuple[Span, ...]
    found: tuple[Span, ...]


class Phrase(NamedTuple):
    """A phrase as people read it: its words, joined by blanks, and its label."""

    text: str
    label: str


class Place(NamedTuple):
    """Where an error is: the words `start` to `end`, half-open, of the sentence of that index."""

    sentence: int
    start: int
    end: int


class PhraseError(NamedTuple):
    """An error, and all places where it was made.

    Attributes:
        gold: The gold standard's phrases.
        found: The tagger's in their place.
        places: Where, in the order of the sentences.
    """

    gold: tuple[Phrase, ...]
    found: tuple[Phrase, ...]
    places: tuple[Place, ...]


def align(gold: Sequence[Span], found: Sequence[Span]) -> list[Overlap]:
    """Groups the phrases of a sentence by what they overlap, in their order.

    Args:
        gold: The gold standard's phrases; none overlaps another.
        found: The tagger's; none overlaps another.
    """
    groups: list[tuple[list[Span], list[Span]]] = []
    end = 0
    sided = [(span, 0) for span in gold] + [(span, 1) for span in found]
    for span, side in sorted(sided, key=lambda item: item[0].start):
        if span.start >= end:
            groups.append(([], []))
        groups[-1][side].append(span)
        end = max(end, span.end)
    return [Overlap(tuple(right), tuple(guessed)) for right, guessed in groups]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many phrases of each label were found as which.

    A row adds up to the gold phrases of its label, a column to those found of its label. Phrases of the same words
    meet at their labels. One that overlaps others but none of the same words is found as `OTHER_BORDERS`, or was found
    where there is `OTHER_BORDERS`; one that overlaps nothing has `NO_PHRASE` on the other side.

    Attributes:
        counts: Numbers of phrases by the gold standard's label, or one of the two words, and the found one's.
    """

    counts: Mapping[tuple[str, str], int]

    def as_dict(self) -> dict[str, dict[str, int]]:
        """The whole table: for each row its columns."""
        labels = sorted({name for pair in self.counts for name in pair} - {OTHER_BORDERS, NO_PHRASE})
        names = [*labels, OTHER_BORDERS, NO_PHRASE]
        return {row: {column: self.counts.get((row, column), 0) for column in names} for row in names}

    def report(self) -> str:
        """The table for people to read: the gold standard's labels down, the found ones across."""
        table = self.as_dict()
        width = max(map(len, table))
        columns = {name: max(len(name), 6) for name in table}
        lines = [f"{'':>{width}} " + "".join(f"  {name:>{columns[name]}}" for name in table)]
        for row, counts in table.items():
            lines.append(f"{row:>{width}} " + "".join(f"  {counts[name]:>{columns[name]}}" for name in table))
        return "\n".join(lines)


def confusion(overlaps: Iterable[Overlap]) -> Confusion:
    """Counts what phrases were found as."""
    counts = Counter[tuple[str, str]]()
    for gold, found in overlaps:
        if len(gold) == len(found) == 1 and gold[0][1:] == found[0][1:]:
            counts[gold[0].label, found[0].label] += 1
        else:
            counts.update((span.label, OTHER_BORDERS if found else NO_PHRASE) for span in gold)
            counts.update((OTHER_BORDERS if gold else NO_PHRASE, span.label) for span in found)
    return Confusion(counts)


def phrase_errors(sentences: Sequence[Sequence[str]], overlaps: Sequence[Sequence[Overlap]]) -> list[PhraseError]:
    """Lists the errors, the most frequent first and then in the order of the sentences.

    Two are the same error if words and labels of all its phrases are, on both sides.

    Args:
        sentences: The words of each sentence.
        overlaps: Its phrases, as `align` groups them.
    """
    places = defaultdict[tuple[tuple[Phrase, ...], tuple[Phrase, ...]], list[Place]](list)
    for index, (words, groups) in enumerate(zip(sentences, overlaps, strict=True)):
        for gold, found in groups:
            if gold != found:
                start, end = min(span.start for span in gold + found), max(span.end for span in gold + found)
                places[phrases(words, gold), phrases(words, found)].append(Place(index, start, end))
    errors = [PhraseError(gold, found, tuple(where)) for (gold, found), where in places.items()]
    return sorted(errors, key=lambda error: -len(error.places))


def phrases(words: Sequence[str], spans: Iterable[Span]) -> tuple[Phrase, ...]:
    """The phrases that spans of a sentence's words are."""
    return tuple(Phrase(" ".join(words[span.start : span.end]), span.label) for span in spans)
