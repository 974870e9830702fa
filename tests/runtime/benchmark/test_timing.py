from __future__ import annotations

import time
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.benchmark.timing import time_calls


class Clock:
    """Time passes only in calls, as long as what they are called with."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[int] = []

    def __call__(self) -> float:
        return self.now

    def call(self, item: int) -> None:
        self.calls.append(item)
        self.now += item


def measure(items: list[int], seconds: float, least: int = 20) -> tuple[list[int], list[float]]:
    """What was called, the warm-up included, and the times of the calls that count."""
    clock = Clock()
    with patch.object(time, "perf_counter", clock):
        times = time_calls(clock.call, items, seconds, least=least)
    return clock.calls, times.tolist()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(1, 500), st.integers(1, 30))
def test_whole_rounds_until_the_time_is_over(items: list[int], seconds: int, least: int) -> None:
    calls, times = measure(items, seconds, least)
    warm_up = len(calls) - len(times)
    assert 1 <= warm_up <= len(items)
    assert sum(calls[: warm_up - 1]) <= 0.1 * seconds
    assert times == calls[warm_up:]
    assert times == (items * len(times))[: len(times)]
    if sum(times) > 5 * seconds:
        assert sum(times[:-1]) <= 5 * seconds
    else:
        assert len(times) % len(items) == 0
        assert sum(times) >= seconds
        assert len(times) >= least
        before = times[: -len(items)]
        assert sum(before) < seconds or len(before) < least


def test_a_call_that_takes_longer_than_all() -> None:
    assert measure([1000], 1) == ([1000, 1000], [1000])


def test_errors_go_on() -> None:
    with pytest.raises(ZeroDivisionError):
        time_calls(lambda item: 1 / item, [0], 1)
