"""One peer in a process of its own: a line of JSON in, a line of JSON out.

    python -m benchmarks.peers.worker PEER

A request is `{"do": METHOD, ...arguments}` with a method of `Worker`; the answer `{"result": ...}`, or `{"error": ...}`
with `"missing": true` if the peer isn't installed. The process ends with its input.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmarks.peers import PEERS, Engine, Factory, Peer, PeerMissingError, Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PIECES = 1000, 30000  # of a vocabulary's, for random sequences: in every model's, and none of the special ones
_PR_SET_PDEATHSIG = 1


class Worker:
    """What the parent can ask of a peer."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._peer: Peer | None = None
        self._texts: dict[str, list[str]] = {}

    def load(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Imports the framework and loads the model.

        Returns:
            How it is `setup`, and `memory` after the imports and after loading.
        """
        self._factory.load_module()
        imported = memory()
        self._peer = self._factory.create(Settings.from_json(settings))
        return {"setup": self._peer.setup, "memory": {"imported": imported, "loaded": memory()}}

    def keep(self, name: str, texts: list[str]) -> None:
        """Takes a list of texts, for `recognize` and others to name."""
        self._texts[name] = texts

    def recognize(self, texts: str, batch: int) -> float:
        """Text to entities, all of a list at once: seconds."""
        peer, chosen = self._loaded, self._texts[texts]
        started = time.perf_counter()
        peer.recognize(chosen, batch)
        return time.perf_counter() - started

    def recognize_each(self, texts: str, calls: int = 0) -> list[float]:
        """Text to entities, one text a call: seconds of each call; by default as many as there are texts."""
        peer, chosen = self._loaded, self._texts[texts]
        found = []
        for index in range(calls or len(chosen)):
            text = [chosen[index % len(chosen)]]
            started = time.perf_counter()
            peer.recognize(text, 1)
            found.append(time.perf_counter() - started)
        return found

    def run(self, rows: int, pieces: int, calls: int, seed: int) -> float:
        """The model alone on random pieces: seconds a call, over some in a row.

        One more comes first: another process has just had the caches.
        """
        ids = _random_ids(rows, pieces, seed)
        engine = self._engine
        engine.logits(ids)
        started = time.perf_counter()
        for _ in range(calls):
            engine.logits(ids)
        return (time.perf_counter() - started) / calls

    def word_tags(self, texts: str, batch: int) -> list[list[int]]:
        """The best tag of each word."""
        return self._engine.word_tags(self._texts[texts], batch)

    def logits(self, lengths: Sequence[int]) -> list[float]:
        """The logits of a random sequence of each length, all in one list."""
        engine = self._engine
        sequences = [_random_ids(1, length, seed=length) for length in lengths]
        return [value for ids in sequences for value in engine.logits(ids).ravel().tolist()]

    def entities(self, texts: str, batch: int) -> list[list[tuple[str, int, int]]]:
        """The entities of each text."""
        return self._loaded.recognize(self._texts[texts], batch)

    def memory(self) -> dict[str, int]:
        """See the function `memory`."""
        return memory()

    @property
    def _loaded(self) -> Peer:
        if self._peer is None:
            raise RuntimeError("nothing is loaded; ask for `load` first")
        return self._peer

    @property
    def _engine(self) -> Engine:
        peer = self._loaded
        if not isinstance(peer, Engine):
            raise TypeError("this peer runs another model; it has no logits to compare")
        return peer


def memory() -> dict[str, int]:
    """Memory of this process in bytes: `rss`, `pss` (what it shares counts in part) and `peak` of the former."""
    fields = {}
    for file in ("/proc/self/smaps_rollup", "/proc/self/status"):
        for line in Path(file).read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("Rss", "Pss", "VmHWM"):
                fields[name] = 1024 * int(value.split()[0])
    return {"rss": fields["Rss"], "pss": fields["Pss"], "peak": fields["VmHWM"]}


def _random_ids(rows: int, pieces: int, seed: int) -> npt.NDArray[np.int64]:
    import numpy as np  # late: what is measured after the imports is the peer's own

    return np.random.default_rng(seed).integers(*_PIECES, (rows, pieces))


def serve(worker: object, requests: IO[str], answers: IO[str]) -> None:
    """Answers until the requests end."""
    for line in requests:
        request = json.loads(line)
        method: Callable[..., Any] = getattr(worker, request.pop("do"))
        answer: dict[str, Any]
        try:
            answer = {"result": method(**request)}
        except PeerMissingError as missing:
            answer = {"error": str(missing), "missing": True}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "missing": False}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _end_with_parent() -> None:
    """Has Linux kill this process with its parent: one that sleeps wouldn't see its input end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serves the standard streams; what frameworks print goes to the errors."""
    _end_with_parent()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        serve(Worker(PEERS[sys.argv[1]]), sys.stdin, answers)


if __name__ == "__main__":
    main()
