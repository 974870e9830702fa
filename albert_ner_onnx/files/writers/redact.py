"""Records with placeholders instead of entities, in the shape that they had in the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk, InputShape, Record
from albert_ner_onnx.files.writers.delimited import DELIMITERS, to_rows, to_tsv_row
from albert_ner_onnx.files.writers.json_values import to_json
from albert_ner_onnx.files.writers.redaction import RedactingWriter, Redaction
from albert_ner_onnx.files.writers.writer import Answer, Writer, error_record, valid


def open_redacting_writer(shape: InputShape, redaction: Redaction, mapping: bool) -> Writer:
    """Returns the writer that gives records of a shape in the same shape.

    Raises:
        InputError: Parquet has no type for a column.
    """
    match shape.format:
        case "text":
            return RedactedTextWriter(shape, redaction, mapping)
        case "jsonl":
            return RedactedJsonLinesWriter(shape, redaction, mapping)
        case "csv" | "tsv":
            return RedactedRowsWriter(shape, redaction, mapping)
        case "conll":
            return RedactedConllWriter(shape, redaction, mapping)
        case _:
            from albert_ner_onnx.files.writers.batches import check_parquet  # late: both import pyarrow
            from albert_ner_onnx.files.writers.redacted_table import RedactedTableWriter

            check_parquet(shape.schema)
            return RedactedTableWriter(shape, redaction, mapping)


class RedactedTextWriter(RedactingWriter):
    """Writes a text after the other; a blank line follows a paragraph."""

    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        end = "\n\n" if self.shape.per == "paragraph" else "\n"
        return valid("".join(f"{text or ''}{end}" for text in texts)).encode()


class RedactedJsonLinesWriter(RedactingWriter):
    """Writes the fields of each record, one of them redacted."""

    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        lines = [self._line(*each) for each in zip(chunk.records, answers, texts, strict=True)]
        return "".join(f"{to_json(line)}\n" for line in lines).encode()

    def _line(self, record: Record, answer: Answer, text: str | None) -> Mapping[str, Any]:
        if isinstance(answer, AlbertNerError):
            return error_record(record, answer)  # without its fields, which hold the text
        return record.fields if text is None else _replace(record.fields, self.shape.field or "text", text)


def _replace(fields: Mapping[str, Any], path: str, text: str) -> dict[str, Any]:
    """Returns fields with the text replaced that `readers.json_lines.find_field` finds at this path."""
    first, *rest = [path] if path in fields else path.split(".")
    return _replace_within(fields, first, rest, text)


def _replace_within(fields: Mapping[str, Any], name: str, rest: Sequence[str], text: str) -> dict[str, Any]:
    return {**fields, name: _replace_within(fields[name], rest[0], rest[1:], text) if rest else text}


class RedactedRowsWriter(RedactingWriter):
    """Writes the cells of each row of CSV, one of them redacted."""

    def head(self) -> bytes:
        """Returns the names of the columns."""
        names = self.shape.names or ()
        if self.shape.format == "tsv":
            return to_tsv_row(names, as_it_stands=False)
        return to_rows([names], DELIMITERS[self.shape.format])

    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        field = self.shape.field or "text"
        rows = [
            [(text if name == field else record.fields.get(name)) or "" for name in self.shape.names or ()]
            for record, text in zip(chunk.records, texts, strict=True)
        ]
        if self.shape.format == "tsv":
            pairs = zip(rows, chunk.records, strict=True)
            return b"".join(to_tsv_row(row, as_it_stands=record.as_it_stands) for row, record in pairs)
        return to_rows(rows, DELIMITERS[self.shape.format])


class RedactedConllWriter(RedactingWriter):
    """Writes a word on each line, with one placeholder for all words of an entity. There is no column of tags."""

    def _write(self, chunk: Chunk, answers: Sequence[Answer], texts: Sequence[str | None]) -> bytes:
        parts = []
        for answer in answers:
            parts.append("-DOCSTART-\n\n")
            if isinstance(answer, Document):
                sentences = self.redaction.redact_words(answer)
                parts += ["".join(f"{word}\n" for word in sentence) + "\n" for sentence in sentences]
        return valid("".join(parts)).encode()
