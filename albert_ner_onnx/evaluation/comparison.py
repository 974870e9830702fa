"""Compares two taggers on the same words: where they differ, and whether the difference may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.tags.schemes import Span, spans

RESAMPLES = 10_000
_SEED = 0
_DRAWN_AT_ONCE = 1 << 18  # sentences: they take a few MB of memory
_TOLERANCE = 1e-11  # of F1, for differences that are equal but for rounding

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class F1Difference:
    """The second tagger's F1 minus the first one's, and what a paired bootstrap over sentences says about it.

    Attributes:
        f1: The difference, from -1 to 1.
        low: Lower end of its 95 % confidence interval.
        high: Upper end of the interval.
        p_value: Probability that equally good taggers differ at least as much, in either direction.
        resamples: Number of resamples, each as large as the set of sentences and drawn with replacement.
    """

    f1: float
    low: float
    high: float
    p_value: float
    resamples: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where the tags of two taggers differ.

    Attributes:
        words: Number of words.
        differing_words: Number of words that they tag differently.
        differing_sentences: Indices of the sentences with such words.
        both: Number of gold phrases that both found.
        first_only: Number of gold phrases that only the first found.
        second_only: Number of gold phrases that only the second found.
        neither: Number of gold phrases that neither found.
        difference: The difference in F1.
    """

    words: int
    differing_words: int
    differing_sentences: tuple[int, ...]
    both: int
    first_only: int
    second_only: int
    neither: int
    difference: F1Difference

    def as_dict(self) -> dict[str, object]:
        """The counts and figures by their names; `differing_sentences` is their number."""
        return asdict(self) | {"differing_sentences": len(self.differing_sentences)}

    def report(self) -> str:
        """The counts and the verdict for people to read; F1 is in percentage points."""
        found = self.difference
        difference, low, high = (f"{100 * value:+.2f}" for value in (found.f1, found.low, found.high))
        verdict = "more than chance" if found.p_value < 0.05 else "may be chance"
        return "\n".join(
            [
                f"tags differ at {self.differing_words} of {self.words} words, "
                f"in {len(self.differing_sentences)} sentences",
                f"gold phrases found by both: {self.both}; only the first: {self.first_only}; "
                f"only the second: {self.second_only}; neither: {self.neither}",
                f"F1 of the second minus F1 of the first: {difference} points; "
                f"95 % interval: {low} to {high}; p = {found.p_value:.4f}: {verdict}",
                f"(paired bootstrap over sentences, {found.resamples} resamples)",
            ]
        )


def compare_taggers(
    gold: Sequence[Sequence[str]], first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]
) -> Comparison:
    """Compares the tags of two taggers.

    Args:
        gold: The gold tags of each sentence, one per word, in IOB2; at least one sentence.
        first: One tagger's tags of the same words.
        second: The other tagger's.
    """
    differing = [sum(map(str.__ne__, *pair)) for pair in zip(first, second, strict=True)]
    gold_spans, first_spans, second_spans = ([set(spans(tags)) for tags in side] for side in (gold, first, second))
    in_both = sum(len(set.intersection(*three)) for three in zip(gold_spans, first_spans, second_spans, strict=True))
    counts = count_phrases(gold_spans, first_spans), count_phrases(gold_spans, second_spans)
    first_correct, second_correct = (int(side[:, 0].sum()) for side in counts)
    return Comparison(
        words=sum(map(len, gold)),
        differing_words=sum(differing),
        differing_sentences=tuple(index for index, number in enumerate(differing) if number),
        both=in_both,
        first_only=first_correct - in_both,
        second_only=second_correct - in_both,
        neither=sum(map(len, gold_spans)) - first_correct - second_correct + in_both,
        difference=bootstrap_difference(*counts),
    )


def count_phrases(gold: Sequence[set[Span]], found: Sequence[set[Span]]) -> Counts:
    """Counts the phrases of each sentence.

    Returns:
        Numbers of correct, found and gold phrases, int64 [sentence, 3].
    """
    rows = [(len(right & other), len(other), len(right)) for right, other in zip(gold, found, strict=True)]
    return np.array(rows, np.int64).reshape(-1, 3)


def bootstrap_difference(
    first: Counts, second: Counts, *, resamples: int = RESAMPLES, seed: int = _SEED
) -> F1Difference:
    """Tests by a paired bootstrap whether the F1 of two taggers differs by more than the choice of sentences explains.

    Each resample draws sentences with replacement, the same ones for both taggers. The interval is made of percentiles
    of the resampled differences. Shifted to have its centre at 0, their distribution is that of equally good taggers:
    the p-value is its share beyond the observed difference. See B. Efron and R. Tibshirani, An Introduction to the
    Bootstrap (1993), chapters 13 and 16.

    Args:
        first: `count_phrases` of one tagger, int64 [sentence, 3]; at least one sentence.
        second: The same of the other tagger.
        resamples: Number of resamples.
        seed: Seed of the random numbers; the same seed gives the same answer.
    """
    random = np.random.default_rng(seed)
    both = np.hstack([first, second])
    sentences = len(both)
    drawn = []
    at_once = max(1, _DRAWN_AT_ONCE // sentences)
    for start in range(0, resamples, at_once):
        chosen = random.integers(sentences, size=(min(at_once, resamples - start), sentences))
        drawn.append(_f1_difference(both[chosen].sum(axis=1)))
    differences = np.concatenate(drawn)
    observed = float(_f1_difference(both.sum(axis=0)))
    # Plus one because the observed sentences are a sample too, and no finite number of resamples shows that p is 0.
    beyond = int(np.count_nonzero(np.abs(differences - observed) >= abs(observed) - _TOLERANCE))
    low, high = np.percentile(differences, [2.5, 97.5])
    # If only n sentences differ, all of them favour one side by chance as often as n coins fall alike.
    least = 2.0 ** (1 - int((first != second).any(axis=1).sum()))
    p_value = min(1.0, max(least, (1 + beyond) / (1 + resamples)))
    return F1Difference(observed, float(low), float(high), p_value, resamples)


def _f1_difference(counts: Counts) -> npt.NDArray[np.float64]:
    """The second tagger's F1 minus the first one's.

    Args:
        counts: Numbers of correct, found and gold phrases of the first, then of the second, int64 [..., 6].

    Returns:
        float64 [...].
    """
    correct, found, gold = (counts[..., column::3] for column in range(3))
    f1 = 2 * correct / np.maximum(found + gold, 1)
    difference: npt.NDArray[np.float64] = f1[..., 1] - f1[..., 0]
    return difference
