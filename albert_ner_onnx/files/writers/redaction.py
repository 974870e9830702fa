"""Entities -> placeholders: in a text, and what they stand for."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.writers.conll import one_column, word_ranges
from albert_ner_onnx.files.writers.json_values import to_json
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, settle

FAILED = "[ERROR]"
"""What stands where a text couldn't be redacted, because it must not be shown as it is."""


class Replacement(NamedTuple):
    """A placeholder in a redacted text, `redacted[start:end]`, and the text that it stands for."""

    placeholder: str
    text: str
    label: str
    start: int
    end: int


class Redacted(NamedTuple):
    """A text with placeholders, and what they stand for, in order."""

    text: str
    replacements: list[Replacement]


@dataclass(frozen=True)
class Redaction:
    """How entities are replaced.

    Attributes:
        keep: Labels of the entities that stay.
        numbered: Whether a placeholder has a number, the same one for the same text and label in a document.
    """

    keep: frozenset[str] = frozenset()
    numbered: bool = False

    def placeholders(self, document: Document) -> Iterator[tuple[Entity, str]]:
        """Yields each entity that is replaced, in order, with its placeholder.

        A number whose placeholder the text already contains is left out, so that a numbered placeholder always stands
        for one text only.
        """
        known: dict[tuple[str, str], str] = {}
        numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
        taken: dict[str, set[str]] = {}
        for entity in document.entities:
            label = entity.label
            if label in self.keep:
                continue
            if not self.numbered:
                yield entity, f"[{label}]"
                continue
            if label not in taken:
                taken[label] = set(re.findall(rf"\[{re.escape(label)}_\d+\]", document.text))
            if (label, entity.text) not in known:
                names = (f"[{label}_{number}]" for number in numbers[label])
                known[label, entity.text] = next(name for name in names if name not in taken[label])
            yield entity, known[label, entity.text]

    def redact(self, document: Document) -> Redacted:
        """Replaces the entities of a document. All else stays as it is."""
        parts: list[str] = []
        replacements = []
        end = length = 0
        for entity, placeholder in self.placeholders(document):
            between = document.text[end : entity.start]
            start = length + len(between)
            length = start + len(placeholder)
            replacements.append(Replacement(placeholder, entity.text, entity.label, start, length))
            parts += (between, placeholder)
            end = entity.end
        return Redacted("".join([*parts, document.text[end:]]), replacements)

    def redact_words(self, document: Document) -> list[list[str]]:
        """Replaces the words of each entity by one placeholder. Returns the words of each sentence."""
        words = [one_column(word.text) for word in document.words]
        placeholders = dict(self.placeholders(document))
        for entity, inside in word_ranges(document.words, document.entities):
            if entity in placeholders:
                words[inside.start : inside.stop] = [placeholders[entity], *[""] * (len(inside) - 1)]
        return [[word for word in words[each.start : each.stop] if word] for each in document.sentences]


@dataclass(frozen=True)
class RedactingWriter(Writer):
    """Writes redacted records in the shape that they had in the input."""

    shape: InputShape
    redaction: Redaction
    mapping: bool

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns the redacted records of a chunk, and a line of the mapping for each."""
        settled = settle(chunk, answers)
        redacted = [self.redaction.redact(answer) if isinstance(answer, Document) else None for answer in settled]
        texts = [
            each.text if each else FAILED if isinstance(answer, AlbertNerError) else None
            for each, answer in zip(redacted, settled, strict=True)
        ]
        return Written(self._write(chunk, settled, texts), self._map(chunk, redacted) if self.mapping else b"")

    @abstractmethod
    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        """Writes records with their new texts; `None` where there is no text, `FAILED` where it can't be shown."""

    def _map(self, chunk: Chunk, redacted: Sequence[Redacted | None]) -> bytes:
        lines = [
            to_json(
                {
                    "file": record.source,
                    "line": record.line,
                    "placeholders": [replacement._asdict() for replacement in each.replacements] if each else [],
                }
            )
            for record, each in zip(chunk.records, redacted, strict=True)
        ]
        return "".join(f"{line}\n" for line in lines).encode()
