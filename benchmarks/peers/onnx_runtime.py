"""ONNX Runtime on a stock export, without a pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

from benchmarks.peers import Settings
from benchmarks.peers.bare import BarePeer, Ids, Logits
from benchmarks.peers.stock import STOCK


class OnnxRuntime(BarePeer):
    """The default graph optimizations. Calls that run at once are faster without the arena, which they would share."""

    def __init__(self, settings: Settings, file: str, calls: str) -> None:
        super().__init__(settings)
        self._calls = settings.threads if calls == "many" else 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads // self._calls
        options.enable_cpu_mem_arena = self._calls == 1
        options.log_severity_level = 3
        path = settings.files / file / STOCK[file]
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = {value.name for value in self._session.get_inputs()}
        way = "one call at a time" if self._calls == 1 else f"{self._calls} calls at once, no arena"
        self.setup = f"{file}, {way}, fast tokenizer, padded batches sorted by length, argmax"

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """See `BarePeer`."""
        if self._calls == 1:
            yield from map(self._call, batches)
            return
        with ThreadPoolExecutor(self._calls) as pool:
            yield from pool.map(self._call, batches)

    def _call(self, batch: tuple[Ids, Ids]) -> Logits:
        ids, mask = batch
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        logits: Logits = self._session.run(["logits"], {name: feeds[name] for name in self._inputs})[0]
        return logits


create = OnnxRuntime
