"""How long calls take: with a warm-up, for a given time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
_LEAST_CALLS = 20  # for a 95th percentile that is not the slowest call
_OVERTIME = 5  # times as long as asked for, at most, to make as many calls
_WARM_UP = 0.1  # of the time


def time_calls(
    call: Callable[[T], object], items: Sequence[T], seconds: float, *, least: int = _LEAST_CALLS
) -> npt.NDArray[np.float64]:
    """Calls with one item after another, in whole rounds, until the time is over and there are `least` calls.

    After five times as long it ends in the middle of a round and with fewer calls, one at least.

    Args:
        call: What is timed.
        items: What it is called with.
        seconds: How long to go on. A warm-up of a tenth of it comes before, of a round at most.
        least: Calls to make in any case.

    Returns:
        Seconds of each call, float64 [call].
    """
    clock = time.perf_counter
    started = clock()
    for item in items:
        call(item)
        if clock() - started > _WARM_UP * seconds:
            break
    found: list[float] = []
    started = clock()
    while clock() - started < seconds or len(found) < least:
        for item in items:
            begun = clock()
            call(item)
            found.append(clock() - begun)
            if clock() - started > _OVERTIME * seconds:
                return np.array(found)
    return np.array(found)
