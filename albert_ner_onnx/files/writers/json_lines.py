"""JSON Lines: one line a record, as this package, Hugging Face's pipeline or Spark NLP shapes it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import AlbertNerError, InputError
from albert_ner_onnx.files.chunks import Chunk, Record
from albert_ner_onnx.files.writers.json_values import fields_of, to_json
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, error_record, refuse_taken, settle


@dataclass(frozen=True)
class JsonLinesWriter(Writer):
    """Writes the fields of each record and its entities; of text, also where it comes from."""

    entities_field: str

    def refuse(self, record: Record) -> InputError | None:
        """Refuses a record whose own field the entities would replace."""
        return refuse_taken(record, [self.entities_field])

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns the lines of a chunk."""
        values: list[object] = []
        for record, answer, fields in zip(chunk.records, settle(chunk, answers), fields_of(chunk), strict=True):
            if isinstance(answer, AlbertNerError):
                values.append(error_record(record, answer))
                continue
            entities = answer and [entity.as_dict() for entity in answer.entities]
            if fields:
                values.append({**fields, self.entities_field: entities})
            else:
                text = answer and answer.text
                place = {"file": record.source, "line": record.line}
                values.append({"text": text, self.entities_field: entities, **place})
        return Written(_to_lines(values))


class _DocumentLines(Writer):
    """Writes what a document gives, without the record's fields; `null` for a record without text."""

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        return Written(
            _to_lines(
                error_record(record, answer) if isinstance(answer, AlbertNerError) else answer and self._shape(answer)
                for record, answer in zip(chunk.records, settle(chunk, answers), strict=True)
            )
        )

    @abstractmethod
    def _shape(self, document: Document) -> object:
        """What the line of a document holds."""


@dataclass(frozen=True)
class HuggingFaceWriter(_DocumentLines):
    """Writes the list that the pipeline of transformers returns for each record."""

    def _shape(self, document: Document) -> object:
        return [entity.as_huggingface() for entity in document.entities]


@dataclass(frozen=True)
class SparkNlpWriter(_DocumentLines):
    """Writes Spark NLP's annotations of each record."""

    white_list: Collection[str] | None

    def _shape(self, document: Document) -> object:
        return document.as_spark_nlp(white_list=self.white_list)


def _to_lines(values: Iterable[object]) -> bytes:
    return "".join(f"{to_json(value)}\n" for value in values).encode()
