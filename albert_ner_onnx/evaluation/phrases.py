"""conlleval's counts: how many phrases a tagger found, how many there are, and how many of both are the same.

A phrase is correct if its first word, its last word and its label are. Tags are taken as they are, as conlleval.pl of
the CoNLL-2000 shared task takes them, https://www.clips.uantwerpen.be/conll2000/chunking/output.html, and PyPI's
`conlleval`, which knows the prefix `S-` too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.tags.schemes import is_tag, spans, to_tags


@dataclass(frozen=True, slots=True)
class PhraseCounts:
    """Phrases counted, and what conlleval makes of them, in percent; 0 where it is undefined.

    Attributes:
        correct: Number of phrases that are both found and in the gold standard.
        found: Number of phrases that the tagger found.
        gold: Number of phrases in the gold standard.
    """

    correct: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the found phrases that are correct."""
        return _percent(self.correct, self.found)

    @property
    def recall(self) -> float:
        """Share of the gold standard's phrases that were found."""
        return _percent(self.correct, self.gold)

    @property
    def fb1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _percent(2 * self.correct, self.found + self.gold)

    def as_dict(self) -> dict[str, int | float]:
        """The counts and figures by their names."""
        return {
            "correct": self.correct,
            "found": self.found,
            "gold": self.gold,
            "precision": self.precision,
            "recall": self.recall,
            "fb1": self.fb1,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Tags compared with a gold standard's.

    Attributes:
        words: Number of words.
        correct_words: Number of words with the gold standard's tag.
        non_o_words: Number of words whose gold tag isn't `O`.
        correct_non_o_words: Number of these with the gold standard's tag.
        overall: Phrases of all labels.
        by_label: Phrases of each label, sorted by it.
    """

    words: int
    correct_words: int
    non_o_words: int
    correct_non_o_words: int
    overall: PhraseCounts
    by_label: Mapping[str, PhraseCounts]

    @property
    def accuracy(self) -> float:
        """Share of the words, in percent, that have the gold standard's tag."""
        return _percent(self.correct_words, self.words)

    @property
    def non_o_accuracy(self) -> float:
        """Share of the words whose gold tag isn't `O`, in percent, that have it; 0 if there is no such word."""
        return _percent(self.correct_non_o_words, self.non_o_words)

    def report(self) -> str:
        """The figures in conlleval's own lines and layout."""
        total = self.overall
        lines = [
            f"processed {self.words} tokens with {total.gold} phrases; "
            f"found: {total.found} phrases; correct: {total.correct}.",
            f"accuracy: {self.non_o_accuracy:6.2f}%; (non-O)",
            f"accuracy: {self.accuracy:6.2f}%; {_figures(total)}",
        ]
        lines += [f"{label:>17}: {_figures(counts)}  {counts.found}" for label, counts in self.by_label.items()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """The counts and figures by their names; shares in percent."""
        return {
            "words": self.words,
            "correct_words": self.correct_words,
            "accuracy": self.accuracy,
            "non_o_words": self.non_o_words,
            "correct_non_o_words": self.correct_non_o_words,
            "non_o_accuracy": self.non_o_accuracy,
            **self.overall.as_dict(),
            "labels": {label: counts.as_dict() for label, counts in self.by_label.items()},
        }


def evaluate(gold: Sequence[Sequence[str]], guess: Sequence[Sequence[str]]) -> Evaluation:
    """Compares tags with a gold standard's, as conlleval does with any strings.

    Phrases count alike in IOB1, IOB2, IO and IOBES, also if the two sides differ in it, but of tags in BILOU or without
    prefix conlleval makes little; words count as correct only if both tags are the same. So bring both sides to one
    scheme first (`to_iob2`) if a model's may be any.

    Args:
        gold: The right tags, one a word, of each sentence.
        guess: The tagger's, of the same sentences.

    Raises:
        InputError: The numbers of sentences or words differ.
    """
    if len(gold) != len(guess):
        raise InputError(f"{len(gold)} sentences have gold tags, {len(guess)} have guessed ones; expected as many")
    words, correct_words = Counter[bool](), Counter[bool]()  # by whether the gold tag is O
    phrases = _PhraseCounter()
    for index, (gold_tags, guess_tags) in enumerate(zip(gold, guess, strict=True)):
        if len(gold_tags) != len(guess_tags):
            raise InputError(f"sentence {index}: {len(gold_tags)} gold tags and {len(guess_tags)} guessed, not as many")
        if index:
            phrases.add(_OUTSIDE, _OUTSIDE)
        for right, guessed in zip(map(_parse, gold_tags), map(_parse, guess_tags), strict=True):
            phrases.add(right, guessed)
            words[right == _OUTSIDE] += 1
            correct_words[right == _OUTSIDE] += right == guessed
    correct, found, there = phrases.counts()
    return Evaluation(
        words=words.total(),
        correct_words=correct_words.total(),
        non_o_words=words[False],
        correct_non_o_words=correct_words[False],
        overall=PhraseCounts(correct.total(), found.total(), there.total()),
        by_label={
            label: PhraseCounts(correct[label], found[label], there[label]) for label in sorted({*found, *there})
        },
    )


def to_iob2(tags: Sequence[str], scheme: str) -> list[str]:
    """Brings the tags of a sentence to IOB2, so that tags of different schemes can be compared.

    Args:
        tags: Tags in `scheme`, or in IOB1, IOB2 or IO, whatever it is.
        scheme: One of `schemes.SCHEMES`.
    """
    if scheme == "none":
        scheme, tags = "IO", [tag if is_tag(tag) else f"I-{tag}" for tag in tags]
    return to_tags(spans(tags, scheme), len(tags), "IOB2")


class _Tag(NamedTuple):
    prefix: str
    label: str


_OUTSIDE = _Tag("O", "")


def _parse(tag: str) -> _Tag:
    prefix, _, label = tag.partition("-")
    return _Tag(prefix, label)


class _PhraseCounter:
    """Counts phrases word by word, over sentences, as conlleval does: what a bad transition leaves open stays so."""

    def __init__(self) -> None:
        self._correct, self._found, self._gold = Counter[str](), Counter[str](), Counter[str]()
        self._right = self._guessed = _OUTSIDE  # of the word before
        self._same = False  # both sides are in a phrase that has been the same so far

    def add(self, right: _Tag, guessed: _Tag) -> None:
        """Takes the tags of the next word; between sentences, two of `O`."""
        right_ends, guessed_ends = _ends(self._right, right), _ends(self._guessed, guessed)
        right_starts, guessed_starts = _starts(self._right, right), _starts(self._guessed, guessed)
        if self._same:
            if right_ends and guessed_ends and self._right.label == self._guessed.label:
                self._correct[self._right.label] += 1
                self._same = False
            elif right_ends != guessed_ends or right.label != guessed.label:
                self._same = False
        if right_starts and guessed_starts and right.label == guessed.label:
            self._same = True
        self._gold[right.label] += right_starts
        self._found[guessed.label] += guessed_starts
        self._right, self._guessed = right, guessed

    def counts(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """Numbers of correct, found and gold phrases by label, if no word follows."""
        last = Counter([self._right.label] if self._same else [])
        return self._correct + last, +self._found, +self._gold


def _ends(before: _Tag, tag: _Tag) -> bool:
    """Whether a phrase ends between two words."""
    return (
        before.prefix in ("E", "S", "[", "]")
        or (before.prefix in ("B", "I") and tag.prefix in ("B", "S", "O"))
        or (before.prefix not in ("O", ".") and before.label != tag.label)
    )


def _starts(before: _Tag, tag: _Tag) -> bool:
    """Whether a phrase starts at the second of two words."""
    return (
        tag.prefix in ("B", "S", "[", "]")
        or (before.prefix in ("E", "S", "O") and tag.prefix in ("E", "I"))
        or (tag.prefix not in ("O", ".") and before.label != tag.label)
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _figures(counts: PhraseCounts) -> str:
    return f"precision: {counts.precision:6.2f}%; recall: {counts.recall:6.2f}%; FB1: {counts.fb1:6.2f}"
