"""The parent's side of a worker: starts it, asks it, and lets it run only while it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.peers import PEERS, PeerMissingError, Settings
from benchmarks.peers.stock import make_in_a_process

_ROOT = Path(__file__).parents[2]


class PeerProcess:
    """A peer in a process of its own, which sleeps between two calls: threads that spin would slow the others."""

    def __init__(self, peer: str, threads: int) -> None:
        self.peer = peer
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.peers.worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=worker_environment(threads),
            cwd=_ROOT,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def call(self, do: str, **arguments: Any) -> Any:
        """Asks for a method of `worker.Worker`.

        Raises:
            PeerMissingError: The peer isn't installed.
            RuntimeError: The method failed, or the process ended.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"{self.peer}: the process ended in `{do}` ({self._last_error()})")
        self._process.send_signal(signal.SIGSTOP)
        answer = json.loads(line)
        if answer.get("missing"):
            raise PeerMissingError(answer["error"])
        if "error" in answer:
            raise RuntimeError(f"{self.peer}: `{do}` failed: {answer['error']}")
        return answer["result"]

    def _last_error(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().splitlines() if line.strip()]
        return lines[-1] if lines else f"exit status {status}"

    def __enter__(self) -> PeerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()


def worker_environment(threads: int) -> dict[str, str]:
    """The environment in which every pool that asks has so many threads, and nothing looks for a network."""
    pools = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
    quiet = {"HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1", "TRANSFORMERS_VERBOSITY": "error"}
    return os.environ | pools | quiet | {"TOKENIZERS_PARALLELISM": "true"}


@contextmanager
def loaded_peers(
    names: Iterable[str], settings: Settings, report: Callable[[str], None]
) -> Iterator[tuple[dict[str, PeerProcess], dict[str, dict[str, Any]]]]:
    """Starts peers, and ends them behind the block.

    Args:
        names: Of `PEERS`.
        settings: What they share; the files that they need are made.
        report: Is told what is done.

    Yields:
        The processes by name, and of each peer what `Worker.load` says, or why it is `missing`.
    """
    processes: dict[str, PeerProcess] = {}
    described: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        for name in names:
            report(f"loading {name}")
            for kind in PEERS[name].needs:
                make_in_a_process(kind, settings.checkpoint, settings.models)
            process = stack.enter_context(PeerProcess(name, settings.threads))
            try:
                described[name] = process.call("load", settings=settings.as_json())
                processes[name] = process
            except PeerMissingError as missing:
                described[name] = {"missing": str(missing)}
        yield processes, described
