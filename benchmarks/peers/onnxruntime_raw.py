"""ONNX Runtime on a stock export, without a pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

from benchmarks.peers import Settings
from benchmarks.peers.raw import Ids, Logits, RawPeer
from benchmarks.peers.stock import STOCK


class OnnxRuntimeRaw(RawPeer):
    """One session, all threads inside a call, the default graph optimizations."""

    def __init__(self, settings: Settings, file: str) -> None:
        super().__init__(settings)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            settings.models / file / STOCK[file], options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {value.name for value in self._session.get_inputs()}
        self.setup = f"{file}, fast tokenizer, padded batches sorted by length, argmax, BIO loop"

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """See `RawPeer`."""
        for ids, mask in batches:
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            wanted = {name: value for name, value in feeds.items() if name in self._inputs}
            logits: Logits = self._session.run(["logits"], wanted)[0]
            yield logits
