"""Stand-ins for the things that the command line calls."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from albert_ner_onnx.benchmark.startup import Startup
from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.model.manifest import (
    MODEL,
    SCHEMA_VERSION,
    TOKENIZER,
    Manifest,
    Quality,
    Quantization,
    Verification,
)
from albert_ner_onnx.text.words import split_words

LABELS = {"John": "PER", "Berlin": "LOC"}
# A file in CoNLL format, its tags, and the tags of the recognizer below
GOLD = """\
John B-PER
Smith I-PER
is O

in O
Berlin B-LOC

the O
John B-ORG
"""
TAGS = ["B-PER", "I-PER", "O", "O", "B-LOC", "O", "B-ORG"]
GUESS = ["B-PER", "O", "O", "O", "B-LOC", "O", "B-PER"]


def manifest() -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name="toy",
        license="Apache-2.0",
        language=None,
        tags=("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
        scheme="IOB2",
        max_pieces=64,
        piece_rule="word",
        spark_nlp=None,
        cls_id=2,
        sep_id=3,
        word_splitter="conll",
        lower_case=True,
        precision="int8",
        opsets={"": 21},
        files={MODEL: "0" * 64, TOKENIZER: "1" * 64},
        source={},
        tools={},
        verification=Verification(
            reference="the reference",
            sequences=200,
            pieces=6000,
            max_abs_logit=7.71,
            float_max_logit_difference=3.8e-5,
            float_tag_agreement=1.0,
        ),
        quantization=Quantization(
            activations="by range",
            weights="to the nearest",
            calibration="some text",
            float_parts={"classifier": "tiny"},
            embedding_bits=8,
            float32_bytes=53_500_000,
            int8_bytes=13_600_000,
            quality=Quality(
                text="other text",
                words=11_268,
                entity_words=2_792,
                entities=2_033,
                tag_agreement=0.9808,
                entity_tag_agreement=0.9722,
                max_probability_difference=0.25,
                mean_probability_difference=0.0059,
                min_agreement=98.0,
                judged=True,
                gold=None,
            ),
        ),
    )


STARTUP = Startup(
    starts=5,
    total_ms=300.0,
    import_ms=150.0,
    load_ms=75.5,
    first_ms=2.25,
    imported_bytes=58_800_000,
    loaded_bytes=None,
    used_bytes=118_300_000,
    peak_bytes=120_000_000,
)


class FakeRecognizer:
    """Knows two names. Records how it was loaded and what it was asked."""

    def __init__(self) -> None:
        self.manifest = manifest()
        self.loaded: dict[str, object] = {}
        self.texts: list[str] = []
        self.documents: list[int] = []

    def load(self, path: str | Path | None = None, **chosen: object) -> FakeRecognizer:
        self.loaded = {"path": path, **chosen}
        return self

    def analyze_stream(self, texts: Iterable[str]) -> Iterator[Document]:
        tags = self.manifest.tags
        for text, entities in zip(texts, self.stream(texts), strict=True):
            words = split_words(text)
            found = [f"B-{LABELS[word.text]}" if word.text in LABELS else "O" for word in words]
            scores = 0.125 + 0.375 * np.eye(len(tags), dtype=np.float32)[[tags.index(tag) for tag in found]]
            yield Document(text, words, found, scores, entities, tags, [range(len(words))])

    def stream(self, texts: Iterable[str]) -> Iterator[list[Entity]]:
        for text in texts:
            self.texts.append(text)
            yield [
                Entity(name, label, text.index(name), text.index(name) + len(name), 0.5, 0.5)
                for name, label in LABELS.items()
                if name in text
            ]

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[f"B-{LABELS[word]}" if word in LABELS else "O" for word in words] for words in sentences]

    def tag_document(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        self.documents.append(len(sentences))
        return self.tag(sentences)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def set_exporter(monkeypatch: pytest.MonkeyPatch, export_model: object) -> None:
    """Replaces the exporter's function, which needs the extra `export`."""
    monkeypatch.setitem(sys.modules, "albert_ner_export.pipeline", SimpleNamespace(export_model=export_model))
