"""conlleval's counts: how many phrases a tagger found, how many there are, and how many of both are the same.

A phrase is correct if its first word, its last word and its label are.
After conlleval.pl of the CoNLL-2000 shared task, https://www.clips.uantwerpen.be/conll2000/chunking/output.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.schemes import is_tag, spans


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


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Tags compared with a gold standard's.

    Attributes:
        words: Number of words.
        correct_words: Number of words with the gold standard's tag.
        overall: Phrases of all labels.
        by_label: Phrases of each label, sorted by it.
    """

    words: int
    correct_words: int
    overall: PhraseCounts
    by_label: Mapping[str, PhraseCounts]

    @property
    def accuracy(self) -> float:
        """Share of the words, in percent, that have the gold standard's tag."""
        return _percent(self.correct_words, self.words)

    def report(self) -> str:
        """The figures in conlleval's own lines and layout."""
        total = self.overall
        lines = [
            f"processed {self.words} tokens with {total.gold} phrases; "
            f"found: {total.found} phrases; correct: {total.correct}.",
            f"accuracy: {self.accuracy:6.2f}%; {_figures(total)}",
        ]
        lines += [f"{label:>17}: {_figures(counts)}  {counts.found}" for label, counts in self.by_label.items()]
        return "\n".join(lines)


def evaluate(gold: Sequence[Sequence[str]], guess: Sequence[Sequence[str]]) -> Evaluation:
    """Compares tags with a gold standard's.

    Phrases count alike in IOB1, IOB2 and IO, also if the two sides differ in it; words count as correct only if
    both tags are the same string, so write both in one scheme (`schemes.to_tags`) if the accuracy is to mean anything.

    Args:
        gold: The right tags, one a word, of each sentence.
        guess: The tagger's, of the same sentences.

    Raises:
        InputError: The numbers of sentences or words differ, or a tag is none of `O`, `B-X`, `I-X`.
    """
    if len(gold) != len(guess):
        raise InputError(f"{len(gold)} sentences have gold tags, {len(guess)} have guessed ones; expected as many")
    for tag in dict.fromkeys(tag for side in (gold, guess) for sentence in side for tag in sentence):
        if not is_tag(tag):
            raise InputError(f"tag {tag!r}: expected O, B-X or I-X, with X a label such as PER")
    words = correct_words = 0
    correct_phrases, found_phrases, gold_phrases = Counter[str](), Counter[str](), Counter[str]()
    for index, (gold_tags, guess_tags) in enumerate(zip(gold, guess, strict=True)):
        if len(gold_tags) != len(guess_tags):
            raise InputError(f"sentence {index}: {len(gold_tags)} gold tags and {len(guess_tags)} guessed, not as many")
        words += len(gold_tags)
        correct_words += sum(right == guessed for right, guessed in zip(gold_tags, guess_tags, strict=True))
        gold_spans, found_spans = spans(gold_tags), spans(guess_tags)
        gold_phrases.update(span.label for span in gold_spans)
        found_phrases.update(span.label for span in found_spans)
        correct_phrases.update(span.label for span in set(gold_spans) & set(found_spans))
    return Evaluation(
        words=words,
        correct_words=correct_words,
        overall=PhraseCounts(correct_phrases.total(), found_phrases.total(), gold_phrases.total()),
        by_label={
            label: PhraseCounts(correct_phrases[label], found_phrases[label], gold_phrases[label])
            for label in sorted(gold_phrases | found_phrases)
        },
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _figures(counts: PhraseCounts) -> str:
    return f"precision: {counts.precision:6.2f}%; recall: {counts.recall:6.2f}%; FB1: {counts.fb1:6.2f}"
