"""The report a tag: precision, recall, f1-score and support of every tag, `O` included, in scikit-learn's layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_FIGURES = ("precision", "recall", "f1-score", "support")


class TagFigures(NamedTuple):
    """Figures of a tag, or averages of them, from 0 to 1; 0 where they are undefined.

    Attributes:
        precision: Share of the words with this guess that are right.
        recall: Share of the words with this gold tag that are right.
        f1: Harmonic mean of precision and recall.
        support: Number of words with this gold tag.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class TagReport:
    """What scikit-learn's `classification_report` says of tags.

    Attributes:
        by_tag: Figures of each tag of either side, sorted by it.
        accuracy: Share of the words whose guess is right, from 0 to 1.
        macro: Averages in which every tag weighs the same.
        weighted: Averages in which every tag weighs as much as its support.
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


def tag_report(gold: Iterable[str], guess: Iterable[str]) -> TagReport:
    """Compares the tags of words with a gold standard's.

    Args:
        gold: The right tags, one a word; at least one.
        guess: The tagger's, of the same words.
    """
    right, guessed = list(gold), list(guess)
    tags = sorted({*right, *guessed})
    number = {tag: index for index, tag in enumerate(tags)}
    right_numbers, guessed_numbers = (np.array([number[tag] for tag in side]) for side in (right, guessed))
    support, found, correct = (
        np.bincount(numbers, minlength=len(tags))
        for numbers in (right_numbers, guessed_numbers, right_numbers[right_numbers == guessed_numbers])
    )
    # Rounded as scikit-learn rounds: its divisions, and NumPy's averages.
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
