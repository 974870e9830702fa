"""Analyzers of Presidio without a model of spaCy, and their results as plain values."""

from __future__ import annotations

from typing import Any

from presidio_analyzer import (
    AnalyzerEngine,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from albert_ner_onnx import Entity

TEXT = "Kofi Annan flew from Geneva to New York with the German team of Siemens."
FOUND = [("PERSON", "Kofi Annan"), ("LOCATION", "Geneva"), ("LOCATION", "New York"), ("MISC", "German")]
FOUND += [("ORGANIZATION", "Siemens")]
KINDS = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION", "MISC": "MISC"}


def no_op() -> NoOpNlpEngine:
    engine = NoOpNlpEngine([{"lang_code": "en", "model_name": "no_op"}])
    engine.load()
    return engine


def make_analyzer(*recognizers: Any, engine: Any = None) -> AnalyzerEngine:
    return AnalyzerEngine(RecognizerRegistry(list(recognizers)), engine or no_op())


def named(text: str, results: list[RecognizerResult]) -> list[tuple[str, str]]:
    in_order = sorted(results, key=lambda result: result.start)
    return [(result.entity_type, text[result.start : result.end]) for result in in_order]


def expected(entities: list[Entity]) -> list[tuple[str, int, int, float]]:
    return [(KINDS[entity.label], entity.start, entity.end, entity.score) for entity in entities]


def facts(results: list[RecognizerResult]) -> list[tuple[str, int, int, float]]:
    in_order = sorted(results, key=lambda result: result.start)
    return [(result.entity_type, result.start, result.end, result.score) for result in in_order]
