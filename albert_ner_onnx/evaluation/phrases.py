"""Counts phrases as conlleval does: how many are gold, how many a tagger found, and how many of those are correct.

A phrase is correct if its first word, its last word and its label are. Tags are read as they are, by the rules of
conlleval.pl of the CoNLL-2000 shared task, https://www.clips.uantwerpen.be/conll2000/chunking/output.html, and of
PyPI's `conlleval`, which also knows the prefix `S-`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from albert_ner_onnx.errors import InputError


@dataclass(frozen=True, slots=True)
class PhraseCounts:
    """Numbers of phrases and the figures computed from them: fractions from 0 to 1, 0 where they are undefined.

    Attributes:
        correct: Number of phrases that are both found and gold.
        found: Number of phrases that the tagger found.
        gold: Number of phrases in the gold tags.
    """

    correct: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        """Fraction of the found phrases that are correct."""
        return _fraction(self.correct, self.found)

    @property
    def recall(self) -> float:
        """Fraction of the gold phrases that were found."""
        return _fraction(self.correct, self.gold)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, conlleval's FB1."""
        return _fraction(2 * self.correct, self.found + self.gold)

    def as_dict(self) -> dict[str, int | float]:
        """The counts and figures by their names."""
        return {
            "correct": self.correct,
            "found": self.found,
            "gold": self.gold,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }

    def report(self) -> str:
        """The figures in per cent, as conlleval prints them."""
        precision = _percent(self.correct, self.found)
        recall = _percent(self.correct, self.gold)
        fb1 = _percent(2 * self.correct, self.found + self.gold)
        return f"precision: {precision}%; recall: {recall}%; FB1: {fb1}"


@dataclass(frozen=True, slots=True)
class PhraseScores:
    """What conlleval says of predicted tags.

    Attributes:
        words: Number of words.
        correct_words: Number of words whose predicted tag is the gold tag.
        non_o_words: Number of words whose gold tag isn't `O`.
        correct_non_o_words: Number of those whose predicted tag is the gold tag.
        overall: Phrases of all labels.
        by_label: Phrases of each label, sorted by label.
    """

    words: int
    correct_words: int
    non_o_words: int
    correct_non_o_words: int
    overall: PhraseCounts
    by_label: Mapping[str, PhraseCounts]

    @property
    def accuracy(self) -> float:
        """Fraction of the words whose predicted tag is the gold tag."""
        return _fraction(self.correct_words, self.words)

    @property
    def non_o_accuracy(self) -> float:
        """The same fraction of the words whose gold tag isn't `O`; 0 if there are none."""
        return _fraction(self.correct_non_o_words, self.non_o_words)

    def report(self) -> str:
        """The figures in conlleval's own lines, in per cent."""
        total = self.overall
        lines = [
            f"processed {self.words} tokens with {total.gold} phrases; "
            f"found: {total.found} phrases; correct: {total.correct}.",
            f"accuracy: {_percent(self.correct_non_o_words, self.non_o_words)}%; (non-O)",
            f"accuracy: {_percent(self.correct_words, self.words)}%; {total.report()}",
        ]
        lines += [f"{label:>17}: {counts.report()}  {counts.found}" for label, counts in self.by_label.items()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """The counts and figures by their names."""
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


def score_phrases(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> PhraseScores:
    """Compares predicted tags with gold tags, as conlleval does.

    Phrases count the same in IOB1, IOB2, IO and IOBES, even if the two sides use different schemes. conlleval misreads
    BILOU and tags without prefixes, and it counts a word as correct only if both tags are the same string. If a
    model's tags can be in any scheme, bring both sides to IOB2 first (`tags.schemes.to_iob2`).

    Args:
        gold: The gold tags of each sentence, one per word.
        predicted: The tagger's tags of the same sentences.

    Raises:
        InputError: The numbers of sentences, or of tags in a sentence, differ.
    """
    if len(gold) != len(predicted):
        raise InputError(f"{len(gold)} sentences of gold tags but {len(predicted)} of predicted tags")
    words, correct_words = Counter[bool](), Counter[bool]()  # by whether the gold tag is O
    phrases = _PhraseCounter()
    for index, (gold_tags, predicted_tags) in enumerate(zip(gold, predicted, strict=True)):
        if len(gold_tags) != len(predicted_tags):
            raise InputError(f"sentence {index}: {len(gold_tags)} gold tags but {len(predicted_tags)} predicted tags")
        if index:
            phrases.add(_OUTSIDE, _OUTSIDE)
        for right, guess in zip(map(_parse, gold_tags), map(_parse, predicted_tags), strict=True):
            phrases.add(right, guess)
            words[right == _OUTSIDE] += 1
            correct_words[right == _OUTSIDE] += right == guess
    correct, found, there = phrases.counts()
    return PhraseScores(
        words=words.total(),
        correct_words=correct_words.total(),
        non_o_words=words[False],
        correct_non_o_words=correct_words[False],
        overall=PhraseCounts(correct.total(), found.total(), there.total()),
        by_label={
            label: PhraseCounts(correct[label], found[label], there[label]) for label in sorted({*found, *there})
        },
    )


class _Tag(NamedTuple):
    prefix: str
    label: str


_OUTSIDE = _Tag("O", "")


def _parse(tag: str) -> _Tag:
    prefix, _, label = tag.partition("-")
    return _Tag(prefix, label)


class _PhraseCounter:
    """Counts phrases word by word, across sentences, as conlleval does.

    Like conlleval, it lets a phrase that an invalid transition leaves open go on.
    """

    def __init__(self) -> None:
        self._correct, self._found, self._gold = Counter[str](), Counter[str](), Counter[str]()
        self._last_gold = self._last_predicted = _OUTSIDE
        self._same = False  # both sides are inside a phrase that has been the same so far

    def add(self, gold: _Tag, predicted: _Tag) -> None:
        """Takes the tags of the next word; `O` and `O` between sentences."""
        gold_ends, predicted_ends = _ends(self._last_gold, gold), _ends(self._last_predicted, predicted)
        gold_starts, predicted_starts = _starts(self._last_gold, gold), _starts(self._last_predicted, predicted)
        if self._same:
            if gold_ends and predicted_ends and self._last_gold.label == self._last_predicted.label:
                self._correct[self._last_gold.label] += 1
                self._same = False
            elif gold_ends != predicted_ends or gold.label != predicted.label:
                self._same = False
        if gold_starts and predicted_starts and gold.label == predicted.label:
            self._same = True
        self._gold[gold.label] += gold_starts
        self._found[predicted.label] += predicted_starts
        self._last_gold, self._last_predicted = gold, predicted

    def counts(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """Numbers of correct, found and gold phrases by label, if no word follows."""
        last = Counter([self._last_gold.label] if self._same else [])
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


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _percent(part: int, whole: int) -> str:
    """Per cent with two digits. From the counts: 100 times the fraction would sometimes round differently."""
    return f"{100 * part / whole if whole else 0.0:6.2f}"
