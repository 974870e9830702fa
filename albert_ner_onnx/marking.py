"""Tags -> spans of words, with their scores."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from math import prod
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.entities import Word
from albert_ner_onnx.rules import Rules
from albert_ner_onnx.tags.schemes import Span, span_tags
from albert_ner_onnx.text.characters import has_letters


class DecidedWords(NamedTuple):
    """The words of a text, and what the model and the decoder say about them.

    Attributes:
        words: The words as they were read.
        tags: The tag of each word.
        columns: Index of the decoder's tag, intp [word]. It is that of `O` where a word was not read.
        scores: Probability of each tag, float32 [word, tag].
        read: Whether the model read the word, bool [word].
    """

    words: Sequence[Word]
    tags: list[str]
    columns: npt.NDArray[np.intp]
    scores: npt.NDArray[np.float32]
    read: npt.NDArray[np.bool_]


class ScoredSpan(NamedTuple):
    """A span of words, `words[span.start:span.end]`, with the two scores of an `Entity`."""

    label: str
    start: int
    end: int
    score: float
    tag_score: float


class SpanMarker:
    """Marks the spans of entities by a model's rules."""

    def __init__(self, rules: Rules, tag_set: Sequence[str], scheme: str) -> None:
        """Sorts the model's tags by their labels.

        Args:
            rules: The model's rules.
            tag_set: Its tags, in the order of its logits.
            scheme: Their scheme.
        """
        self._rules, self._tags, self._scheme = rules, frozenset(tag_set), scheme
        self._outside = tag_set.index("O")
        self._of_label: dict[str, list[int]] = {}  # the columns of the tags of each label
        self._continuing: dict[str, list[int]] = {}  # of those that continue a span
        for column, tag in enumerate(tag_set):
            for span in rules.find_spans([tag]):
                self._of_label.setdefault(span.label, []).append(column)
                if scheme == "none" or tag[0] in "IEL":
                    self._continuing.setdefault(span.label, []).append(column)

    def mark(self, decided: DecidedWords, ranges: Iterable[range]) -> tuple[list[ScoredSpan], list[str]]:
        """Marks the spans of a text.

        Args:
            decided: The words of the text.
            ranges: The words that were decided together.

        Returns:
            The spans, in order; and the tags that mark just these.
        """
        marked: list[Span] = []
        tags = decided.tags
        for part in ranges:
            found = [
                Span(label, part.start + start, part.start + end)
                for label, start, end in self._rules.find_spans(decided.tags[part.start : part.stop])
            ]
            settled = self._settle(decided, found, part.stop) if found else found
            if settled != found:
                tags = self._rewrite(tags, found, settled)
            marked += settled
        return self._score(decided, marked), tags

    def _settle(self, decided: DecidedWords, found: list[Span], stop: int) -> list[Span]:
        if self._rules.settle_borders is None:
            return found

        def continues(word: int, label: str) -> float:
            scores = decided.scores[word]
            whole = sum(float(scores[column]) for column in self._of_label[label])
            return sum(float(scores[column]) for column in self._continuing.get(label, ())) / whole

        settled = self._rules.settle_borders(
            decided.words, found, stop, is_read=decided.read.__getitem__, continues=continues
        )
        if settled == found:
            return found
        # Both sides of a nickname may have been taken off; then the decoder gave none of the span's words to an entity
        inside = decided.columns != self._outside
        return self._writable([span for span in settled if inside[span.start : span.end].any()], found)

    def _writable(self, settled: Iterable[Span], found: Sequence[Span]) -> list[Span]:
        """Takes back what the model's tags can't mark."""
        writable: list[Span] = []
        for span in settled:
            if writable and _touch(writable[-1], span):
                before, tags = writable[-1], self._write(span, touches=True)
                if len(self._rules.find_spans([self._write(before)[-1], tags[0]])) < 2:
                    writable[-1] = before._replace(end=before.end - 1)  # it has just grown
            if self._tags.issuperset(self._write(span)):
                writable.append(span)
            else:
                first = bisect_right(found, span.start, key=attrgetter("end"))
                stop = bisect_left(found, span.end, key=attrgetter("start"))
                writable += found[first:stop]
        return writable

    def _write(self, span: Span, *, touches: bool = False) -> list[str]:
        return span_tags(span.label, span.end - span.start, self._scheme, self._tags, touches=touches)

    def _rewrite(self, tags: list[str], before: Iterable[Span], after: Sequence[Span]) -> list[str]:
        """Returns the tags with some spans moved."""
        written = list(tags)
        kept = set(before) & set(after)
        for span in before:
            if span not in kept:
                written[span.start : span.end] = ["O"] * (span.end - span.start)
        previous = Span("", 0, 0)
        for span in after:
            touches = _touch(previous, span)
            if span not in kept or (touches and previous not in kept):
                written[span.start : span.end] = self._write(span, touches=touches)
            previous = span
        return written

    def _score(self, decided: DecidedWords, spans: Iterable[Span]) -> list[ScoredSpan]:
        """Scores spans by those of their words that the decoder gave to an entity.

        The model gives each word its own distribution, so the probability that several words have a label is the
        product of the words' probabilities. Punctuation doesn't count: `"` in `Robert "Bob" Smith` has no label to be
        sure of.
        """
        columns = decided.columns.tolist()
        chosen = decided.scores[np.arange(len(columns)), decided.columns].tolist()
        of_label = {label: self._label_probabilities(decided, label) for label in {span.label for span in spans}}
        scored = []
        for label, start, end in spans:
            own = [word for word in range(start, end) if columns[word] != self._outside]
            named = [word for word in own if has_letters(decided.words[word].text)] or own
            probability = prod(map(of_label[label].__getitem__, named))
            scored.append(ScoredSpan(label, start, end, probability, sum(map(chosen.__getitem__, own)) / len(own)))
        return scored

    def _label_probabilities(self, decided: DecidedWords, label: str) -> list[float]:
        """The probability that each word has a label. The sum has the same bits however many words there are."""
        first, *others = self._of_label[label]
        found = decided.scores[:, first].astype(np.float64)
        for column in others:
            found += decided.scores[:, column]
        return np.minimum(found, 1).tolist()  # type: ignore[no-any-return]


def _touch(before: Span, after: Span) -> bool:
    """Whether two spans of one label have no word between them."""
    return before.end == after.start and before.label == after.label
