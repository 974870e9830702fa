"""Precision, recall, F1 and support of each tag, `O` included, in the layout of scikit-learn's report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_FIGURES = ("precision", "recall", "f1-score", "support")


class TagFigures(NamedTuple):
    """Figures of a tag, or averages over tags: fractions from 0 to 1, 0 where they are undefined.

    Attributes:
        precision: Fraction of the words with this predicted tag whose gold tag is the same.
        recall: Fraction of the words with this gold tag whose predicted tag is the same.
        f1: Harmonic mean of precision and recall.
        support: Number of words with this gold tag.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class TagReport:
    """The same figures as in scikit-learn's `classification_report`.

    Attributes:
        by_tag: Figures of each tag, gold or predicted, sorted by tag.
        accuracy: Fraction of the words whose predicted tag is the gold tag.
        macro: Averages over tags, each with the same weight.
        weighted: Averages over tags, weighted by their support.
    """

    by_tag: Mapping[str, TagFigures]
    accuracy: float
    macro: TagFigures
    weighted: TagFigures

    def report(self) -> str:
        """The figures in scikit-learn's layout, with two digits."""
        averages = {"macro avg": self.macro, "weighted avg": self.weighted}
        width = max(map(len, (*self.by_tag, *averages)))
        return "\n".join(
            [
                f"{'':>{width}} " + "".join(f" {name:>9}" for name in _FIGURES),
                "",
                *(_row(tag, figures, width) for tag, figures in self.by_tag.items()),
                "",
                f"{'accuracy':>{width}} {'':20} {self.accuracy:>9.2f} {self.macro.support:>9}",
                *(_row(name, figures, width) for name, figures in averages.items()),
            ]
        )

    def as_dict(self) -> dict[str, object]:
        """The figures as scikit-learn's `classification_report(..., output_dict=True)` gives them."""
        rows = {**self.by_tag, "macro avg": self.macro, "weighted avg": self.weighted}
        named = {name: dict(zip(_FIGURES, figures, strict=True)) for name, figures in rows.items()}
        return named | {"accuracy": self.accuracy}


def tag_report(gold: Iterable[str], predicted: Iterable[str]) -> TagReport:
    """Compares the predicted tags of words with their gold tags.

    Args:
        gold: The gold tag of each word; at least one.
        predicted: The tagger's tag of each word.
    """
    gold_tags, predicted_tags = list(gold), list(predicted)
    tags = sorted({*gold_tags, *predicted_tags})
    number = {tag: index for index, tag in enumerate(tags)}
    right, guess = (np.array([number[tag] for tag in side]) for side in (gold_tags, predicted_tags))
    support, found, correct = (
        np.bincount(numbers, minlength=len(tags)) for numbers in (right, guess, right[right == guess])
    )
    # The same divisions and averages as in scikit-learn, so that rounding is the same, too.
    precision, recall = (correct / np.maximum(whole, 1) for whole in (found, support))
    f1 = 2 * correct / np.maximum(found + support, 1)
    macro, weighted = (
        TagFigures._make([*(float(np.average(each, weights=weights)) for each in (precision, recall, f1)), len(right)])
        for weights in (None, support)
    )
    rows = zip(precision.tolist(), recall.tolist(), f1.tolist(), support.tolist(), strict=True)
    return TagReport(
        by_tag=dict(zip(tags, map(TagFigures._make, rows), strict=True)),
        accuracy=int(correct.sum()) / len(right),
        macro=macro,
        weighted=weighted,
    )


def _row(name: str, figures: TagFigures, width: int) -> str:
    *shares, support = figures
    return f"{name:>{width}} " + "".join(f" {share:>9.2f}" for share in shares) + f" {support:>9}"
