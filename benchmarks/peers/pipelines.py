"""transformers' token-classification pipeline, on PyTorch in float32 or on one of optimum's ONNX models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import torch
from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast, pipeline

from benchmarks.peers import Peer, Settings, Span
from benchmarks.peers.bare import Ids, Logits, tag_alone
from benchmarks.peers.stock import STOCK

_STRIDE = 16  # pieces by which the windows of a long text overlap


class PipelinePeer:
    """The pipeline around a model, with `aggregation_strategy="simple"`, as transformers and optimum document it.

    Texts that share a batch are sorted by length, because the pipeline pads a batch to its longest text.
    """

    def __init__(self, model: Any, settings: Settings, name: str) -> None:
        self._settings = settings
        self._model = model
        self.setup = f"pipeline, {name}, aggregation simple"
        tokenizer = PreTrainedTokenizerFast.from_pretrained(settings.checkpoint, model_max_length=settings.window)
        self._pipeline = pipeline(
            "token-classification",
            model=model,
            tokenizer=tokenizer,
            aggregation_strategy="simple",
            stride=min(_STRIDE, settings.window // 4),  # without a stride it drops all but the first window
            device=-1,
        )

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index])) if batch > 1 else range(len(texts))
        if len(texts) == 1:
            answers = [self._pipeline(texts[0])]
        else:
            answers = self._pipeline([texts[index] for index in order], batch_size=batch)
        found: list[list[Span]] = [[] for _ in texts]
        for index, entities in zip(order, answers, strict=True):
            found[index] = [(entity["entity_group"], int(entity["start"]), int(entity["end"])) for entity in entities]
        return found

    def logits(self, ids: Ids) -> Logits:
        """See `Peer`."""
        with torch.inference_mode():
            pieces = torch.from_numpy(ids)
            output = self._model(
                input_ids=pieces, attention_mask=torch.ones_like(pieces), token_type_ids=torch.zeros_like(pieces)
            )
        logits: Logits = output.logits.float().numpy().astype(np.float32, copy=False)
        return logits

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Peer`."""
        return tag_alone(self, self._settings, texts)


def create(settings: Settings, file: str, calls: str) -> Peer:
    """See `Factory`; without a file, the model is PyTorch's."""
    torch.set_num_threads(settings.threads)
    if not file:
        model = AutoModelForTokenClassification.from_pretrained(settings.checkpoint, dtype=torch.float32).eval()
        return PipelinePeer(model, settings, "PyTorch eager, float32")
    import onnxruntime
    from optimum.onnxruntime import ORTModelForTokenClassification

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.log_severity_level = 3
    model = ORTModelForTokenClassification.from_pretrained(
        settings.files / file, file_name=STOCK[file], session_options=options, provider="CPUExecutionProvider"
    )
    return PipelinePeer(model, settings, f"ORTModelForTokenClassification, {file}")
