"""What a run has found, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run has found.

    Attributes:
        documents: Records with a text that were answered.
        words: Words of these.
        entities: Number of entities by label, in the order of the labels.
        errors: Records that couldn't be answered; the output has an error for each, if its format has a place for it.
        seconds: How long it took, without loading the model; for a run that was resumed the sum of its attempts, each
            up to its last whole chunk.
    """

    documents: int
    words: int
    entities: Mapping[str, int]
    errors: int
    seconds: float

    def report(self) -> str:
        """Returns the figures as one line."""
        found = _number(sum(self.entities.values()), "entity", "entities")
        by_label = ", ".join(f"{label} {count:,}" for label, count in self.entities.items())
        return ", ".join(
            [
                _number(self.documents, "document", "documents"),
                _number(self.words, "word", "words"),
                f"{found} ({by_label})" if by_label else found,
                _number(self.errors, "error", "errors"),
                f"{self.seconds:,.1f} s",
            ]
        )


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
