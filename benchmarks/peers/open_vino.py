"""OpenVINO on NNCF's int8 of a stock export, without a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import openvino

from benchmarks.peers import Settings
from benchmarks.peers.bare import BarePeer, Ids, Logits
from benchmarks.peers.stock import STOCK


class OpenVino(BarePeer):
    """With `one` call the hint is LATENCY; with `many` it is THROUGHPUT, and OpenVINO says how many run at once."""

    def __init__(self, settings: Settings, file: str, calls: str) -> None:
        super().__init__(settings)
        hint = "THROUGHPUT" if calls == "many" else "LATENCY"
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": settings.threads}
        core = openvino.Core()
        self._model = core.compile_model(core.read_model(settings.files / file / STOCK[file]), "CPU", options)
        self._names = [port.get_any_name() for port in self._model.inputs]
        self._queue = openvino.AsyncInferQueue(self._model) if calls == "many" else None
        self._request = self._model.create_infer_request() if calls == "one" else None
        way = f"AsyncInferQueue of {len(self._queue)}" if self._queue else "one request"
        self.setup = f"{file}, hint {hint}, {way}, fast tokenizer, padded batches sorted by length, argmax"

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """See `BarePeer`."""
        if self._request:
            for ids, mask in batches:
                result = self._request.infer(self._feeds(ids, mask), share_inputs=True)
                yield np.array(result[self._model.output("logits")])
            return
        assert self._queue
        found: list[Any] = [None] * len(batches)

        def keep(request: Any, index: int) -> None:
            found[index] = np.array(request.get_tensor("logits").data)

        self._queue.set_callback(keep)
        for index, (ids, mask) in enumerate(batches):
            self._queue.start_async(self._feeds(ids, mask), index)
        self._queue.wait_all()
        yield from found

    def _feeds(self, ids: Ids, mask: Ids) -> dict[str, Ids]:
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: feeds[name] for name in self._names}


create = OpenVino
