"""OpenVINO on a stock export or NNCF's int8 of it, without a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import openvino

from benchmarks.peers import Settings
from benchmarks.peers.raw import Ids, Logits, RawPeer
from benchmarks.peers.stock import STOCK

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}  # int8 chooses for itself what it runs the rest in


class OpenVinoRaw(RawPeer):
    """Hint "latency" runs one call after another, "throughput" as many at once as OpenVINO thinks best."""

    def __init__(self, settings: Settings, file: str, precision: str, hint: str) -> None:
        super().__init__(settings)
        options: dict[str, Any] = {"PERFORMANCE_HINT": hint.upper(), "INFERENCE_NUM_THREADS": settings.threads}
        if precision in _PRECISIONS:
            options["INFERENCE_PRECISION_HINT"] = _PRECISIONS[precision]
        core = openvino.Core()
        self._model = core.compile_model(core.read_model(settings.models / file / STOCK[file]), "CPU", options)
        self._names = [port.get_any_name() for port in self._model.inputs]
        self._queue = openvino.AsyncInferQueue(self._model) if hint == "throughput" else None
        self._request = None if self._queue else self._model.create_infer_request()
        used = self._model.get_property("INFERENCE_PRECISION_HINT").to_string()
        way = f"AsyncInferQueue of {len(self._queue)}" if self._queue else "one request"
        self.setup = (
            f"{file}, {used} where not int8, hint {hint}, {way}, fast tokenizer, padded batches sorted by length"
        )

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """See `RawPeer`."""
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
