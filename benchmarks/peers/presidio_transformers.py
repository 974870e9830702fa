"""Presidio with its own recognizer for models of transformers: PyTorch in float32."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_analyzer.predefined_recognizers.ner import HuggingFaceNerRecognizer

from benchmarks.peers import Settings, Span

_NO_MODEL = {"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "no_op"}]}


class PresidioTransformers:
    """`BatchAnalyzerEngine`, as Presidio documents it, without a model of spaCy, which would only take time."""

    def __init__(self, settings: Settings, file: str, calls: str) -> None:
        torch.set_num_threads(settings.threads)
        recognizer = HuggingFaceNerRecognizer(model_name=str(settings.checkpoint), device="cpu")
        registry = RecognizerRegistry(recognizers=[recognizer])
        engine = NlpEngineProvider(nlp_configuration=_NO_MODEL).create_engine()
        self._analyzer = BatchAnalyzerEngine(AnalyzerEngine(registry=registry, nlp_engine=engine))
        self.setup = "BatchAnalyzerEngine, HuggingFaceNerRecognizer, PyTorch eager, float32"

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        found = self._analyzer.analyze_iterator(texts, language="en", batch_size=batch)
        return [[(result.entity_type, result.start, result.end) for result in results] for results in found]


create = PresidioTransformers
