"""Two taggers on the same words: where they differ, and whether one is better by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.tags.schemes import Span, spans

RESAMPLES = 10_000
_SEED = 0
_DRAWN = 1 << 18  # sentences drawn at once: a few MB of memory

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FB1Difference:
    """The second tagger's FB1 less the first one's, and what a paired bootstrap over sentences says of it.

    Attributes:
        fb1: The difference, in percentage points.
        low: Lower end of its 95 % confidence interval, in percentage points.
        high: Upper end.
        p_value: Probability of a difference as large, either way, between equally good taggers.
        resamples: How often as many sentences as there are were drawn with replacement.
    """

    fb1: float
    low: float
    high: float
    p_value: float
    resamples: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where the tags of two taggers differ.

    Attributes:
        words: Number of words.
        differing_words: Number of words with two tags.
        differing_sentences: Indices of the sentences with such words.
        both: Number of the gold standard's phrases that both found.
        first_only: Number of those that the first found alone.
        second_only: Number of those that the second found alone.
        neither: Number of those that neither found.
        difference: What that is in FB1.
    """

    words: int
    differing_words: int
    differing_sentences: tuple[int, ...]
    both: int
    first_only: int
    second_only: int
    neither: int
    difference: FB1Difference

    def as_dict(self) -> dict[str, object]:
        """The counts and figures by their names; the sentences by their number."""
        return asdict(self) | {"differing_sentences": len(self.differing_sentences)}

    def report(self) -> str:
        """Counts and verdict for people to read."""
        found = self.difference
        verdict = "more than chance" if found.p_value < 0.05 else "may be chance"
        return "\n".join(
            [
                f"tags differ at {self.differing_words} of {self.words} words, "
                f"in {len(self.differing_sentences)} sentences",
                f"gold phrases found by both: {self.both}; the first only: {self.first_only}; "
                f"the second only: {self.second_only}; neither: {self.neither}",
                f"FB1 of the second less that of the first: {found.fb1:+.2f}; "
                f"95 % interval: {found.low:+.2f} to {found.high:+.2f}; p = {found.p_value:.4f}: {verdict}",
                f"(paired bootstrap over sentences, {found.resamples} resamples)",
            ]
        )


def compare(
    gold: Sequence[Sequence[str]], first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]
) -> Comparison:
    """Compares the tags of two taggers.

    Args:
        gold: The right tags in IOB2, one a word, of each sentence; at least one.
        first: One tagger's, of the same words.
        second: The other's.
    """
    differing = [sum(map(str.__ne__, *pair)) for pair in zip(first, second, strict=True)]
    right, ones, others = ([set(spans(tags)) for tags in side] for side in (gold, first, second))
    in_both = sum(len(there & one & other) for there, one, other in zip(right, ones, others, strict=True))
    counts = sentence_counts(right, ones), sentence_counts(right, others)
    one_correct, other_correct = (int(side[:, 0].sum()) for side in counts)
    return Comparison(
        words=sum(map(len, gold)),
        differing_words=sum(differing),
        differing_sentences=tuple(index for index, number in enumerate(differing) if number),
        both=in_both,
        first_only=one_correct - in_both,
        second_only=other_correct - in_both,
        neither=sum(map(len, right)) - one_correct - other_correct + in_both,
        difference=paired_bootstrap(*counts),
    )


def sentence_counts(gold: Sequence[set[Span]], found: Sequence[set[Span]]) -> Counts:
    """Counts the phrases of each sentence.

    Returns:
        int64 [sentence, 3]: how many are correct, found, and in the gold standard.
    """
    rows = [(len(right & guess), len(guess), len(right)) for right, guess in zip(gold, found, strict=True)]
    return np.array(rows, np.int64).reshape(-1, 3)


def paired_bootstrap(first: Counts, second: Counts, *, resamples: int = RESAMPLES, seed: int = _SEED) -> FB1Difference:
    """Says whether two taggers' FB1 differ by more than the choice of the sentences explains.

    Draws sentences with replacement, the same for both. The interval has the percentiles of the differences. Their
    distribution, centred at 0, is that of equally good taggers: its share beyond the difference is the p value.
    After B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 16.

    Args:
        first: `sentence_counts` of one tagger, int64 [sentence, 3]; at least one sentence.
        second: Those of the other.
        resamples: How often to draw.
        seed: Of the random numbers: the same one gives the same answer.
    """
    random = np.random.default_rng(seed)
    both = np.hstack([first, second])
    sentences = len(both)
    drawn = []
    at_once = max(1, _DRAWN // sentences)
    for start in range(0, resamples, at_once):
        chosen = random.integers(sentences, size=(min(at_once, resamples - start), sentences))
        drawn.append(_fb1_difference(both[chosen].sum(axis=1)))
    differences = np.concatenate(drawn)
    observed = float(_fb1_difference(both.sum(axis=0)))
    # Plus one: the data at hand are a sample too, and no finite number of resamples shows that p is 0. The tolerance
    # is for sums that are equal but for their rounding.
    beyond = int(np.count_nonzero(np.abs(differences - observed) >= abs(observed) - 1e-9))
    low, high = np.percentile(differences, [2.5, 97.5])
    # Of few sentences that differ, all may favour one side by chance, as n coins may all fall alike.
    least = 2.0 ** (1 - int((first != second).any(axis=1).sum()))
    p_value = min(1.0, max(least, (1 + beyond) / (1 + resamples)))
    return FB1Difference(observed, float(low), float(high), p_value, resamples)


def _fb1_difference(counts: Counts) -> npt.NDArray[np.float64]:
    """The second tagger's FB1 less the first one's, float64 [...], of int64 [..., 6]."""
    correct, found, gold = (counts[..., column::3] for column in range(3))
    fb1 = 200 * correct / np.maximum(found + gold, 1)
    difference: npt.NDArray[np.float64] = fb1[..., 1] - fb1[..., 0]
    return difference
