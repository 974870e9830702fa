"""Shows that a function's time grows linearly, on a machine that may be busy with something else."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_FACTOR = 16
_ATTEMPTS = 10


def assert_linear(function: Callable[[T], object], make_input: Callable[[int], T], size: int) -> None:
    """Compares the time that an input takes with the time of one 16 times smaller.

    Linear time is at most 16 times as much, quadratic time is 256 times as much; the border is in the middle, at 64.
    A busy machine can only add to a time. So this takes the CPU time of this thread, and of each size the least of up
    to ten attempts. It stops as soon as the growth is shown to be linear.

    Args:
        function: The function to time.
        make_input: Makes an input of a given size. Its own time doesn't count.
        size: The larger size. It must be large enough for a quadratic term to outweigh all others, and small enough
            that a function of quadratic time fails within seconds.
    """
    inputs = [make_input(size // _FACTOR), make_input(size)]
    small = large = float("inf")
    for _ in range(_ATTEMPTS):
        small, large = (min(least, _seconds(function, one)) for least, one in zip((small, large), inputs, strict=True))
        if large < 4 * _FACTOR * small:
            return
    raise AssertionError(f"{_FACTOR} times the input takes {large / small:.0f} times the time: {small} s, {large} s")


def _seconds(function: Callable[[T], object], given: T) -> float:
    gc.disable()  # the collector's time depends on what else is in memory
    try:
        started = time.thread_time()
        function(given)
        return time.thread_time() - started
    finally:
        gc.enable()
