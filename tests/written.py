"""Runs without a model: records and what a recognizer would have answered, and what a writer makes of them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk, InputShape, Record
from albert_ner_onnx.files.writers import Counts, Writer, WriterOptions, open_writer
from albert_ner_onnx.files.writers.writer import Answer, settle
from albert_ner_onnx.text.words import split_words

TEXT = InputShape("text")
LABELS = ("LOC", "MISC", "ORG", "PER")
TAG_SET = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))


def document(text: str, *names: tuple[str, str]) -> Document:
    """A document in which these names, each with its label, are found one after the other."""
    entities = []
    end = 0
    for name, label in names:
        start = text.index(name, end)
        end = start + len(name)
        entities.append(Entity(name, label, start, end, 0.5 + len(name) / 64, 0.25))
    return of_entities(text, split_words(text), entities)


def of_entities(text: str, words: list[Word], entities: list[Entity]) -> Document:
    """A document whose tags mark these entities."""
    tags = ["O"] * len(words)
    for entity in entities:
        inside = [index for index, word in enumerate(words) if entity.start <= word.start and word.end <= entity.end]
        for index in inside:
            tags[index] = f"{'B' if index == inside[0] else 'I'}-{entity.label}"
    scores = np.full((len(words), len(TAG_SET)), 0.05, np.float32)
    scores[range(len(words)), [TAG_SET.index(tag) for tag in tags]] = 0.6
    return Document(text, words, tags, scores, entities, TAG_SET, [range(len(words))] if words else [])


# What could be taken for a placeholder, for markup or for the end of a line is more frequent than in real text
PLACEHOLDERS = ["[", "]", "[PER]", "[PER_1]", "[PER_2]", "[LOC_1]", "PER", "_1"]
PARTS = st.sampled_from([*PLACEHOLDERS, "#", "-DOCSTART-", "B-PER", "</p>", "Ann", "Bob", "ä😀", " ", "\n", ". "])


@st.composite
def documents(draw: st.DrawFn, parts: st.SearchStrategy[str] = PARTS) -> Document:
    """Documents whose entities are any words."""
    text = " ".join(draw(st.lists(parts, max_size=12)))
    words = split_words(text)
    borders = sorted(draw(st.sets(st.integers(0, len(words)), max_size=8)))
    entities = []
    for first, stop in zip(borders[::2], borders[1::2], strict=False):
        start, end = words[first].start, words[stop - 1].end
        entities.append(Entity(text[start:end], draw(st.sampled_from(LABELS)), start, end, 0.75, 0.5))
    return of_entities(text, words, entities)


def record(content: Any, fields: Mapping[str, Any] | None = None, line: int = 1, source: str = "in.txt") -> Record:
    return Record(source, line, content, fields or {})


def chunk_of(answers: Sequence[Answer], shape: InputShape = TEXT) -> Chunk:
    """A chunk of records of text, or of JSON Lines or CSV with nothing but the text, that have these answers."""
    field = (shape.field or "text") if shape.format != "text" else None
    records = []
    for line, answer in enumerate(answers, 1):
        text = answer.text if isinstance(answer, Document) else "lost" if answer else None
        records.append(record(text, {field: text} if field else {}, line))
    return Chunk(records)


def write(
    format: str,
    chunks: Sequence[tuple[Chunk, Sequence[Answer]]],
    out: Path,
    shape: InputShape = TEXT,
    **options: Any,
) -> bytes:
    """Writes chunks with a writer that comes out of a pickle, as another process gets it. Returns the mapping."""
    writer: Writer = pickle.loads(pickle.dumps(open_writer(format, WriterOptions(**options), shape, LABELS)))
    written = [writer.chunk(chunk, answers) for chunk, answers in chunks]
    partial = out.with_name(f"{out.name}.partial")
    partial.write_bytes(writer.head() + b"".join(each.output for each in written) + writer.foot(count(chunks)))
    writer.finish(partial, out)
    assert not partial.exists()
    return b"".join(each.mapping for each in written)


def count(chunks: Sequence[tuple[Chunk, Sequence[Answer]]]) -> Counts:
    answers = [answer for chunk, answers in chunks for answer in settle(chunk, answers)]
    documents = [answer for answer in answers if isinstance(answer, Document)]
    labels = [entity.label for each in documents for entity in each.entities]
    return Counts(
        documents=len(documents),
        words=sum(len(each.words) for each in documents),
        entities={label: labels.count(label) for label in dict.fromkeys(labels)},
        errors=sum(isinstance(answer, AlbertNerError) for answer in answers),
    )
