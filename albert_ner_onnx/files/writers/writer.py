"""What every format's writer does: chunks of records and their answers become bytes, and at the end a file."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import AlbertNerError, InputError
from albert_ner_onnx.files.chunks import Chunk, Record

_SURROGATES = re.compile("[\ud800-\udfff]")
Answer: TypeAlias = Document | AlbertNerError | None
"""What a run has for a record: the document, the error that came instead, or `None` for a record without text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterOptions:
    """What a caller chooses about the output.

    Attributes:
        entities_field: The name of the field or column that holds the entities.
        numbered: Whether `redact` numbers its placeholders: `[PER_1]` instead of `[PER]`.
        keep: Labels of the entities that `redact` leaves as they are.
        mapping: Whether `redact` also writes what its placeholders stand for.
        white_list: Labels of the chunks to keep in Spark NLP's annotations; `None` for what the model says.
    """

    entities_field: str = "entities"
    numbered: bool = False
    keep: Collection[str] = ()
    mapping: bool = False
    white_list: Collection[str] | None = None


class Written(NamedTuple):
    """A chunk as bytes.

    Attributes:
        output: What the output gets.
        mapping: What the mapping of `redact` gets.
    """

    output: bytes
    mapping: bytes = b""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run, or a part of it, has found.

    Attributes:
        documents: Records that were answered.
        words: Words of these.
        entities: Entities of these, by label.
        errors: Records that couldn't be answered.
    """

    documents: int = 0
    words: int = 0
    entities: Mapping[str, int] = field(default_factory=dict)
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        labels = sorted({*self.entities, *other.entities})
        return Counts(
            self.documents + other.documents,
            self.words + other.words,
            {label: self.entities.get(label, 0) + other.entities.get(label, 0) for label in labels},
            self.errors + other.errors,
        )


class Writer(ABC):
    """Writes one format. It has no state but its options, so that it can be pickled, and a run resumed.

    The output is `head`, then each `chunk` in order, then `foot`. These bytes are collected in a partial file, which
    `finish` makes the output. The same records and answers always give the same bytes.

    Attributes:
        streamable: Whether these bytes are the output as they are, so that they may go to a pipe, or be compressed one
            by one.
    """

    streamable: ClassVar[bool] = True

    def head(self) -> bytes:
        """Returns what comes before the first chunk."""
        return b""

    def refuse(self, record: Record) -> InputError | None:
        """Returns why a record can't be written with its entities, before these are looked for; `None` if it can."""
        del record
        return None

    @abstractmethod
    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns a chunk as bytes.

        Args:
            chunk: The records.
            answers: What was found in each; an error that the record itself holds wins over it.
        """

    def foot(self, counts: Counts) -> bytes:
        """Returns what comes after the last chunk."""
        del counts
        return b""

    def finish(self, partial: Path, out: Path) -> None:
        """Makes the complete partial file the output; `out` appears at once, and the partial file is gone."""
        os.replace(partial, out)


def settle(chunk: Chunk, answers: Sequence[Answer]) -> list[Answer]:
    """Returns the answer to each record; an error that the record itself holds wins over it."""
    return [
        record.content if isinstance(record.content, InputError) else answer
        for record, answer in zip(chunk.records, answers, strict=True)
    ]


def refuse_taken(record: Record, names: Collection[str]) -> InputError | None:
    """Returns an error if a record of JSON Lines has a field of one of these names already.

    Only there do the names of the fields differ from record to record; those of a table are checked before a run.
    """
    taken = next((name for name in names if name in record.fields), None)
    if taken is None:
        return None
    return InputError(
        f"{record.source}:{record.line}: has a field {taken!r} already; choose another name for the entities with "
        "--entities-field"
    )


def error_record(record: Record, error: AlbertNerError) -> dict[str, Any]:
    """Returns what stands in JSON Lines for a record that couldn't be answered."""
    return {"error": str(error), "file": record.source, "line": record.line}


def valid(text: str) -> str:
    """Replaces lone surrogates, which UTF-8 can't encode, by U+FFFD, the replacement character."""
    return _SURROGATES.sub("\ufffd", text)
