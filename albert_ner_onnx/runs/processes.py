"""One function, many values, several processes: the results come in the order of the values.

`concurrent.futures` has such a pool, but its processes wait for ever when their parent has been killed, because each
holds the pipe open that all of them read. Here each process has a pipe of its own, whose other end only the parent
holds: when the parent is gone, however it ended, the pipe is closed, and so the process ends, too. A thread watches the
parent, so that this doesn't wait for the value at hand.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Self, TypeVar

from albert_ner_onnx.errors import AlbertNerError, InferenceError

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2  # values per process that are worked on or whose results wait for those before them
_GRACE = 5.0  # seconds for a process to end once its pipe is closed


def map_in_processes(work: Callable[[T], R], values: Iterable[T], processes: int) -> Iterator[R]:
    """Calls a function with each value, in other processes, and yields its results in the order of the values.

    It reads only so many values ahead that each process has something to do. The processes are started as new ones
    (`spawn`), and end with the iterator: close it when you stop early.

    Args:
        work: The function; it is pickled, and so are the values and the results.
        values: Any number of values.
        processes: How many processes to start.

    Raises:
        InferenceError: A process was killed, or ended by itself.
        Exception: What the function raised, with the traceback as a note.
    """
    children: list[_Child] = []
    try:
        with _interrupts_held_back():
            for number in range(processes):
                children.append(_Child.start(f"process {number + 1} of {processes}", work))
        yield from _share_out(children, values)
    finally:
        for child in children:
            child.process.terminate()
        for child in children:
            child.connection.close()
            child.process.join()
            child.process.close()


def _share_out(children: list[_Child], values: Iterable[object]) -> Iterator[Any]:
    waiting = enumerate(values)
    upcoming = next(waiting, None)
    idle = list(children)
    busy: dict[Any, tuple[int, _Child]] = {}
    done: dict[int, tuple[bool, Any]] = {}
    first = 0  # the first value whose result hasn't been yielded
    while upcoming or busy or done:
        while idle and upcoming and upcoming[0] < first + _AHEAD * len(children):
            number, value = upcoming
            child = idle.pop()
            child.send(value)
            busy[child.connection] = number, child
            upcoming = next(waiting, None)
        if first in done:
            succeeded, result = done.pop(first)
            if not succeeded:
                raise result
            yield result
            first += 1
            continue
        for connection in wait(list(busy)):
            number, child = busy.pop(connection)
            done[number] = child.receive()
            idle.append(child)


@dataclass(frozen=True, slots=True)
class _Child:
    """A process that waits for values.

    Attributes:
        name: What error messages call it.
        process: The process.
        connection: Our end of its pipe.
    """

    name: str
    process: SpawnProcess
    connection: Connection[Any, Any]

    @classmethod
    def start(cls, name: str, work: object) -> Self:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()  # or it would stay open when the process has ended
        child = cls(name, process, ours)
        child.send(work)
        return child

    def send(self, value: object) -> None:
        try:
            self.connection.send(value)
        except OSError:
            raise self._failure() from None

    def receive(self) -> tuple[bool, Any]:
        """Waits for the result, or for the error that came instead."""
        try:
            return self.connection.recv()  # type: ignore[no-any-return]
        except (EOFError, OSError):
            raise self._failure() from None

    def _failure(self) -> InferenceError:
        self.process.join(_GRACE)
        status = self.process.exitcode
        if status is not None and status < 0:
            return InferenceError(
                f"{self.name} was killed by signal {-status}, as a system does that runs out of memory"
            )
        return InferenceError(f"{self.name} ended with status {status}")


def _serve(connection: Connection[Any, Any]) -> None:
    """Answers values until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work: Callable[[Any], Any] | None = None
    failure: Exception | None = None
    try:
        work = connection.recv()
    except EOFError:
        return
    except Exception as error:  # the answer to the first value, since nobody listens before
        failure = _portable(error)
    while True:
        try:
            value = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (False, failure) if work is None else (True, work(value))
        except Exception as error:
            answer = False, _portable(error)
        try:
            connection.send(answer)
        except OSError:  # the parent has gone
            return


def _end_with_parent() -> None:
    """Ends this process when its parent has ended, even in the middle of a value."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _portable(error: Exception) -> Exception:
    """Returns an error that can be pickled, with its traceback as a note."""
    if not isinstance(error, AlbertNerError | OSError | MemoryError):
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(traceback.format_exc())
    return error


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Starts processes in such a block: they inherit that SIGINT is blocked, from their first instruction on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
