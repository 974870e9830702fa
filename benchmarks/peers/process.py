"""The parent's side of a worker: starts it, asks it, and lets it run only while it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from albert_ner_onnx.machine import available_cores
from benchmarks.child import QUIET
from benchmarks.peers import PEERS, PeerMissingError, Settings
from benchmarks.peers.stock import make_stock
from benchmarks.run import ROOT, Run


class PeerProcess:
    """A peer in a process of its own. It is stopped between calls, because threads that spin would slow the others."""

    def __init__(self, peer: str, threads: int) -> None:
        self.peer = peer
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.peers.worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=worker_environment(threads),
            cwd=ROOT,
            encoding="utf-8",
        )

    def call(self, do: str, **arguments: Any) -> Any:
        """Calls a method of `worker.Worker`.

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.communicate(timeout=60)  # closes its input, which ends it
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._errors.close()


def worker_environment(threads: int) -> dict[str, str]:
    """The environment in which every pool has this many threads, and nothing looks for a network."""
    pools = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
    return os.environ | pools | QUIET | {"TOKENIZERS_PARALLELISM": "true"}


def settings_of(checkpoint: Path, model: Path, folder: Path) -> Settings:
    """What peers of a model share: all cores, and the window of our model. Their files are kept in `folder`."""
    window = json.loads((model / "manifest.json").read_text("utf-8"))["max_pieces"]
    return Settings(checkpoint, model, folder / "stock", available_cores(), window)


@contextmanager
def loaded_peers(
    run: Run, names: Iterable[str], settings: Settings
) -> Iterator[tuple[dict[str, PeerProcess], dict[str, dict[str, Any]]]]:
    """Makes the files that peers need, starts those that the run asks for, and ends them after the block.

    Yields:
        The processes by name, and by name what `Worker.load` returned, or why the peer is `missing`.
    """
    processes: dict[str, PeerProcess] = {}
    described: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        for name in names:
            if run.peers is not None and name not in run.peers:
                continue
            process = stack.enter_context(PeerProcess(name, settings.threads))
            try:
                if kind := PEERS[name].file:
                    make_stock(kind, settings.checkpoint, settings.files)
                described[name] = process.call("load", settings=settings.as_json())
            except (PeerMissingError, RuntimeError) as missing:
                run.say(f"{name}: not measured: {missing}")
                described[name] = {"missing": str(missing)}
            else:
                processes[name] = process
        yield processes, described
