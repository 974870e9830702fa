"""A peer in a process of its own: one line of JSON in, one line of JSON out.

    python -m benchmarks.peers.worker PEER

A request is `{"do": METHOD, ...arguments}` with a method of `Worker`. The answer is `{"result": ...}`, or
`{"error": ...}` with `"missing": true` if the peer isn't installed. The process ends with its input.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmarks.peers import PEERS, Factory, PeerMissingError, Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PR_SET_PDEATHSIG = 1


class Worker:
    """What the parent can ask of a peer."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory

    def load(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Imports the framework and loads the model.

        Returns:
            `setup` in words, and `memory` after the imports and after loading.
        """
        self._factory.import_framework()
        imported = memory()
        chosen = Settings.from_json(settings)
        self._vocabulary = json.loads((chosen.checkpoint / "config.json").read_text("utf-8"))["vocab_size"]
        self._peer = self._factory.create(chosen)
        return {"setup": self._peer.setup, "memory": {"imported": imported, "loaded": memory()}}

    def recognize(self, texts: list[str], batch: int) -> float:
        """Finds the entities of all texts at once; returns the seconds."""
        started = time.perf_counter()
        self._peer.recognize(texts, batch)
        return time.perf_counter() - started

    def recognize_each(self, texts: list[str], calls: int) -> list[float]:
        """Finds the entities of one text per call, over and over again; returns the seconds of each call."""
        return [self.recognize([text], 1) for text in islice(cycle(texts), calls)]

    def call_model(self, rows: int, pieces: int, calls: int) -> float:
        """Calls the model alone on random pieces; returns the seconds per call, after one call that doesn't count."""
        ids = self._random_ids(rows, pieces, seed=0)
        self._peer.logits(ids)
        started = time.perf_counter()
        for _ in range(calls):
            self._peer.logits(ids)
        return (time.perf_counter() - started) / calls

    def word_tags(self, texts: list[str], batch: int) -> list[list[int]]:
        """See `Peer`."""
        return self._peer.word_tags(texts, batch)

    @staticmethod
    def memory() -> dict[str, int]:
        """See the function `memory`."""
        return memory()

    def _random_ids(self, rows: int, pieces: int, seed: int) -> npt.NDArray[np.int64]:
        """The same pieces for every peer, int64 [row, piece], of the vocabulary's upper half: no special ones."""
        import numpy as np  # late, because the memory after the imports is the peer's own

        return np.random.default_rng(seed).integers(self._vocabulary // 2, self._vocabulary, (rows, pieces))


def memory() -> dict[str, int]:
    """Resident memory of this process in bytes: now, and at its peak."""
    lines = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    fields = {name: value for name, _, value in lines}
    return {name: 1024 * int(fields[key].split()[0]) for name, key in (("resident", "VmRSS"), ("peak", "VmHWM"))}


def serve(worker: Worker, requests: IO[str], answers: IO[str]) -> None:
    """Answers until the requests end."""
    for line in requests:
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"result": getattr(worker, request.pop("do"))(**request)}
        except PeerMissingError as missing:
            answer = {"error": str(missing), "missing": True}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    if sys.platform == "linux":  # end with the parent: while it is stopped, it wouldn't see its input end
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # what frameworks print goes to the standard error
        serve(Worker(PEERS[sys.argv[1]]), sys.stdin, answers)
