"""A chunk of records -> the bytes that are written for it, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import AlbertNerError, InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, Record
from albert_ner_onnx.files.compression import compress
from albert_ner_onnx.files.writers import Counts, Writer
from albert_ner_onnx.files.writers.writer import Answer
from albert_ner_onnx.recognizer import EntityRecognizer

T = TypeVar("T")
REPORTED_ERRORS = 10
"""Most errors whose messages a run keeps, for people; each record's own error stands in the output."""


class AnsweredChunk(NamedTuple):
    """A chunk as bytes.

    Attributes:
        output: What the output gets, compressed if it is.
        mapping: What the mapping of `redact` gets.
        counts: What was found.
        errors: The messages of the first records that couldn't be answered.
    """

    output: bytes
    mapping: bytes
    counts: Counts
    errors: list[str]


@dataclass(frozen=True, slots=True)
class ChunkAnswerer:
    """Answers one chunk after another. It can be pickled, so that other processes can help.

    Attributes:
        recognizer: Finds the entities.
        writer: Turns them into bytes.
        format: The writer's format.
        compression: How these are compressed; `None` if they aren't.
    """

    recognizer: EntityRecognizer
    writer: Writer
    format: str
    compression: str | None

    def __call__(self, chunk: Chunk) -> AnsweredChunk:
        """Answers a chunk. The same chunk always gives the same bytes."""
        answers = answer_records(self.recognizer, chunk.records, self.writer.refuse)
        written = self.writer.chunk(chunk, answers)
        errors = [str(answer) for answer in answers if isinstance(answer, AlbertNerError)]
        return AnsweredChunk(
            compress_part(written.output, self.compression),
            written.mapping,
            _count([answer for answer in answers if isinstance(answer, Document)], len(errors)),
            errors[:REPORTED_ERRORS],
        )


def compress_part(data: bytes, compression: str | None) -> bytes:
    """Compresses a part of the output, if it is to be compressed. The parts, one behind the other, are a file."""
    return compress(data, compression) if compression and data else data


def answer_records(
    recognizer: EntityRecognizer, records: Sequence[Record], refuse: Callable[[Record], InputError | None]
) -> list[Answer]:
    """Answers each record: by a document, by the error that says why there is none, or by `None` if it has no text.

    If the model fails on all of them at once, it gets them one by one, so that one bad record spoils no other.

    Args:
        recognizer: Finds the entities.
        records: The records.
        refuse: Says why a record can't be written, so that it need not be read.
    """
    answers: list[Answer] = [None] * len(records)
    texts: dict[int, str] = {}
    documents: dict[int, list[list[str]]] = {}
    for index, record in enumerate(records):
        match record.content:
            case InputError() as error:
                answers[index] = error
            case None:
                pass
            case content:
                if refused := refuse(record):
                    answers[index] = refused
                elif isinstance(content, str):
                    texts[index] = content
                else:
                    documents[index] = content
    found = _analyze(texts, recognizer.analyze_batch) | _analyze(documents, recognizer.analyze_words_batch)
    for index, answer in found.items():
        answers[index] = _name(records[index], answer) if isinstance(answer, Exception) else answer
    return answers


def _analyze(
    contents: dict[int, T], analyze: Callable[[Sequence[T]], Sequence[Document]]
) -> dict[int, Document | Exception]:
    """Analyzes contents by their indices; an exception takes the place of what can't be analyzed."""
    try:
        return dict(zip(contents, analyze(list(contents.values())), strict=True))
    except Exception as error:
        if len(contents) == 1:
            return dict.fromkeys(contents, error)
    return {index: answer for each in contents.items() for index, answer in _analyze(dict([each]), analyze).items()}


def _name(record: Record, error: Exception) -> InferenceError:
    """Says which record the model failed on."""
    reason = str(error) if isinstance(error, AlbertNerError) else f"{type(error).__name__}: {error}"
    return InferenceError(f"{record.source}:{record.line}: {reason}")


def _count(documents: Iterable[Document], errors: int) -> Counts:
    number = words = 0
    entities: Counter[str] = Counter()
    for document in documents:
        number += 1
        words += len(document.words)
        entities.update(entity.label for entity in document.entities)
    return Counts(number, words, entities, errors)
