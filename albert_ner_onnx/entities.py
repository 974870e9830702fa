"""The values that users meet: words and entities. They are immutable; offsets are half-open and count code points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Word(NamedTuple):
    """A word of a text: `text[word.start:word.end] == word.text`.

    A named tuple, because a text makes thousands of them and a frozen dataclass takes three times as long to make.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity found in a text: `text[entity.start:entity.end] == entity.text`.

    Attributes:
        text: The entity exactly as the text has it, with the punctuation and spaces between its words.
        label: Its kind, without the tag's prefix: `PER`, `ORG`, `LOC`, `MISC`, or one of the model's own labels.
        start: Offset of its first code point.
        end: Offset just after its last code point.
        score: Probability that all of its words have this label, 0 to 1: the product over its words, punctuation left
            out, of the sum of the probabilities of the label's tags, such as `B-PER` and `I-PER`.
        tag_score: Mean probability of its words' tags, 0 to 1. This is what Hugging Face's pipeline calls the score.
            It is lower than `score` where the model is sure of the label, but not of where the entity begins.
    """

    text: str
    label: str
    start: int
    end: int
    score: float
    tag_score: float = field(repr=False)

    def as_dict(self) -> dict[str, str | int | float]:
        """Returns `text`, `label`, `start`, `end` and `score` as a dictionary, ready for `json.dumps`."""
        return {"text": self.text, "label": self.label, "start": self.start, "end": self.end, "score": self.score}

    def as_huggingface(self) -> dict[str, str | int | float]:
        """Returns the keys of Hugging Face's pipeline: `entity_group`, `score`, `word`, `start`, `end`.

        The pipeline joins `word` from pieces, which can lose case and spaces. Here it is copied from the text. `score`
        is defined as in the pipeline: it is `tag_score`.
        """
        return {
            "entity_group": self.label,
            "score": self.tag_score,
            "word": self.text,
            "start": self.start,
            "end": self.end,
        }
