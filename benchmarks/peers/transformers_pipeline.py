"""transformers' token-classification pipeline on PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast, pipeline

from benchmarks.peers import Settings, Span
from benchmarks.peers.raw import Ids, Logits, tag_alone

_quantize_dynamic: Any = torch.ao.quantization.quantize_dynamic  # has no types
_STRIDE = 16  # pieces by which the windows of a long text overlap


class PipelinePeer:
    """The pipeline around a model, `aggregation_strategy="simple"`, as both transformers and optimum document it.

    Texts are sorted by length where several share a batch: the pipeline pads a batch to its longest.
    """

    def __init__(self, model: Any, settings: Settings) -> None:
        self._settings = settings
        self._model = model
        tokenizer = PreTrainedTokenizerFast.from_pretrained(settings.checkpoint, model_max_length=settings.window)
        self._pipeline = pipeline(
            "token-classification",
            model=model,
            tokenizer=tokenizer,
            aggregation_strategy="simple",
            stride=_STRIDE,  # else it leaves out what is behind the first window
            device=-1,
        )

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index])) if batch > 1 else range(len(texts))
        found: list[list[Span]] = [[] for _ in texts]
        if len(texts) == 1:
            answers = [self._pipeline(texts[0])]
        else:
            answers = self._pipeline([texts[index] for index in order], batch_size=batch)
        for index, entities in zip(order, answers, strict=True):
            found[index] = [(entity["entity_group"], int(entity["start"]), int(entity["end"])) for entity in entities]
        return found

    def logits(self, ids: Ids) -> Logits:
        """See `Engine`."""
        with torch.inference_mode():
            pieces = torch.from_numpy(ids)
            output = self._model(
                input_ids=pieces, attention_mask=torch.ones_like(pieces), token_type_ids=torch.zeros_like(pieces)
            )
        logits: Logits = output.logits.float().numpy().astype(np.float32, copy=False)
        return logits

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Engine`."""
        return tag_alone(self.logits, self._settings, texts)


class TransformersPipeline(PipelinePeer):
    """The pipeline on an eager model in `float32`, `bfloat16` or PyTorch's dynamic `int8` of all Linears."""

    def __init__(self, settings: Settings, precision: str) -> None:
        torch.set_num_threads(settings.threads)
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        model = AutoModelForTokenClassification.from_pretrained(settings.checkpoint, dtype=dtype).eval()
        if precision == "int8":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of torch.ao, for which CPUs have no successor yet
                model = _quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
        super().__init__(model, settings)
        self.setup = f"pipeline, PyTorch eager, {precision}, aggregation simple, stride {_STRIDE}"
