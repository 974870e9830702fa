"""Values answered in several processes: their order, how far they are read ahead, and what is left when one ends."""

from __future__ import annotations

import math
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import albert_ner_onnx
from albert_ner_onnx.errors import InferenceError
from albert_ner_onnx.runs.processes import map_in_processes


def test_results_are_in_the_order_of_the_values() -> None:
    for count in (0, 50):
        assert list(map_in_processes(operator.neg, range(count), 2)) == [-number for number in range(count)]
    assert not multiprocessing.active_children()


def test_large_values_pass_both_ways() -> None:
    """Larger than what a pipe holds, so that no side may wait for the other one to read."""
    values = [bytes([number]) * 1_000_000 for number in range(6)]
    assert list(map_in_processes(bytes.upper, values, 2)) == [value.upper() for value in values]


def test_few_values_are_read_ahead() -> None:
    read = 0

    def values() -> Iterator[int]:
        nonlocal read
        for number in range(1000):
            read += 1
            yield number

    results = map_in_processes(operator.neg, values(), 2)
    for done in range(20):
        next(results)
        assert read <= done + 2 * 2 + 1
    results.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_an_error_comes_back_with_its_traceback() -> None:
    results = map_in_processes(math.sqrt, [4, -1, 9], 2)
    assert next(results) == 2
    with pytest.raises(RuntimeError, match="ValueError: math domain error") as caught:
        next(results)
    assert "Traceback" in caught.value.__notes__[0]
    assert not multiprocessing.active_children()


def test_an_error_of_the_values_ends_the_processes() -> None:
    def values() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(map_in_processes(operator.neg, values(), 2))
    assert not multiprocessing.active_children()


def test_a_function_that_cant_be_loaded_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(map_in_processes(_Unloadable(), [1], 1))


class _Unloadable:
    """Fails where it is unpickled."""

    def __call__(self, value: int) -> int:
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return operator.truediv, (1, 0)


@pytest.mark.parametrize(
    ("work", "value", "message"),
    [
        (signal.raise_signal, signal.SIGKILL, r"process \d of 2 was killed by signal 9"),
        (os._exit, 3, r"process \d of 2 ended with status 3"),
    ],
)
def test_a_process_that_ends_is_an_error(work: object, value: int, message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        list(map_in_processes(work, [value], 2))  # type: ignore[arg-type]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("work", "values"), [("operator.neg", "iter(int, 1)"), ("time.sleep", "[0, 600, 600]")])
def test_processes_end_with_their_parent(work: str, values: str) -> None:
    """While they wait for a value as well as in the middle of one."""
    program = f"""
import multiprocessing, operator, os, signal, time
from albert_ner_onnx.runs.processes import map_in_processes
if __name__ == "__main__":
    results = map_in_processes({work}, {values}, 2)
    next(results)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(albert_ner_onnx.__file__).parents[1])}
    # They hold its standard output open: this returns when they, too, have ended
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert len(done.stdout.split()) == 2
