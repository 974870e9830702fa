"""The values that users meet: words and entities. Immutable; offsets are half-open code points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Word(NamedTuple):
    """A word of a text: `text[word.start:word.end] == word.text`.

    A named tuple, as a text makes them by the thousand and a frozen dataclass takes three times as long.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity found in a text: `text[entity.start:entity.end] == entity.text`.

    Attributes:
        text: The entity as it stands in the text, punctuation and spaces between its words included.
        label: What it is, without the tag's prefix: `PER`, `ORG`, `LOC`, `MISC` or the package's own.
        start: Offset of its first code point.
        end: Offset behind its last code point.
        score: Mean probability, 0 to 1, of the tags of its words.
    """

    text: str
    label: str
    start: int
    end: int
    score: float

    def as_dict(self) -> dict[str, str | int | float]:
        """The five attributes as a dictionary that `json.dumps` takes."""
        return {"text": self.text, "label": self.label, "start": self.start, "end": self.end, "score": self.score}

    def as_huggingface(self) -> dict[str, str | int | float]:
        """As Hugging Face's pipeline gives it: `entity_group`, `score`, `word`, `start`, `end`.

        Its own `word` is made of pieces, so that case and spaces may be lost; this one is the text's.
        """
        return {
            "entity_group": self.label,
            "score": self.score,
            "word": self.text,
            "start": self.start,
            "end": self.end,
        }
