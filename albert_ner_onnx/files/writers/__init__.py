"""Formats in which a run writes what it has found: one module a format, and the choice between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import InputShape
from albert_ner_onnx.files.writers.conll import ConllWriter
from albert_ner_onnx.files.writers.delimited import DELIMITERS, EntityRowsWriter
from albert_ner_onnx.files.writers.html import HtmlWriter
from albert_ner_onnx.files.writers.json_lines import HuggingFaceWriter, JsonLinesWriter, SparkNlpWriter
from albert_ner_onnx.files.writers.redact import open_redacting_writer
from albert_ner_onnx.files.writers.redaction import Redaction
from albert_ner_onnx.files.writers.writer import Counts, Writer, WriterOptions, Written

__all__ = ["FORMATS", "Counts", "Writer", "WriterOptions", "Written", "choose_format", "open_writer"]

FORMATS = ("jsonl", "parquet", "csv", "tsv", "conll", "huggingface", "spark-nlp", "html", "redact")
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".conll": "conll",
    ".iob": "conll",
    ".bio": "conll",
    ".html": "html",
    ".htm": "html",
}

_KEPT = {"arrow": "parquet"}  # the shape of redacted records, where it isn't that of the input


def choose_format(out: str, to: str | None, shape: InputShape | None = None) -> str:
    """Returns the format of the output.

    Args:
        out: The output's name, without the suffix of its compression.
        to: The format that the caller chose, or `None` for what the name says.
        shape: What the records are, which `redact` leaves them.

    Raises:
        InputError: There is no such format, the name says none, or it says another than `redact` gives.
    """
    if to is None:
        suffix = PurePath(out).suffix
        if suffix.lower() not in _SUFFIXES:
            raise InputError(f"{out}: its name doesn't tell a format; choose one of {', '.join(FORMATS)} with --to")
        return _SUFFIXES[suffix.lower()]
    if to not in FORMATS:
        raise InputError(f"to must be one of {', '.join(FORMATS)}, found {to!r}")
    said = _SUFFIXES.get(PurePath(out).suffix.lower())
    if to == "redact" and shape is not None and said not in (None, kept := _KEPT.get(shape.format, shape.format)):
        raise InputError(f"{out}: redact leaves records their shape, which is {kept} here; give OUT a name that fits")
    return to


def open_writer(format: str, options: WriterOptions, shape: InputShape, labels: Sequence[str]) -> Writer:
    """Returns the writer of a format.

    Args:
        format: One of `FORMATS`.
        options: What the caller chose.
        shape: What all records have in common.
        labels: The labels that the model can give.

    Raises:
        InputError: An option is for another format, or a column has the name of the entities' column already.
        MissingExtraError: The format needs a library that isn't installed.
    """
    _check_redaction(format, options, labels)
    added = {"jsonl": [options.entities_field], "parquet": [options.entities_field, f"{options.entities_field}_error"]}
    for name in added.get(format, ()):
        if name in (shape.names or ()):
            raise InputError(
                f"the input has a column {name!r} already; choose another name for the entities with --entities-field"
            )
    match format:
        case "jsonl":
            return JsonLinesWriter(options.entities_field)
        case "csv" | "tsv":
            return EntityRowsWriter(DELIMITERS[format])
        case "conll":
            return ConllWriter(given=shape.format == "conll")
        case "html":
            return HtmlWriter(tuple(labels), numbered=shape.per != "file")
        case "redact":
            return open_redacting_writer(shape, Redaction(frozenset(options.keep), options.numbered), options.mapping)
        case "huggingface":
            return HuggingFaceWriter()
        case "spark-nlp":
            return SparkNlpWriter(options.white_list)
        case "parquet":
            from albert_ner_onnx.files.writers.parquet import open_parquet_writer  # late, because it imports pyarrow

            return open_parquet_writer(shape, options.entities_field)
    raise InputError(f"to must be one of {', '.join(FORMATS)}, found {format!r}")


def _check_redaction(format: str, options: WriterOptions, labels: Sequence[str]) -> None:
    if format != "redact":
        for name in ("numbered", "keep", "mapping"):
            if getattr(options, name):
                raise InputError(f"--{name} is for --to redact, found --to {format}")
    for label in options.keep:
        if label not in labels:
            raise InputError(f"keep: expected labels of the model, {', '.join(labels)}; found {label!r}")
