"""Measurements that take turns, so that what slows the machine down for a while slows all of them down."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np


def interleave(
    tasks: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 1, seed: int = 0
) -> dict[str, list[float]]:
    """Runs all tasks once a round, in another order each round.

    Args:
        tasks: By name; each returns what it took.
        rounds: How many count.
        warm_up: How many come before and don't.
        seed: Of the orders.

    Returns:
        What each task took in each round.
    """
    order, shuffled = list(tasks), random.Random(seed)
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(-warm_up, rounds):
        shuffled.shuffle(order)
        for name in order:
            taken = tasks[name]()
            if turn >= 0:
                found[name].append(taken)
    return found


def compare(times: Mapping[str, Sequence[float]], reference: str) -> dict[str, dict[str, float | list[float]]]:
    """What each task took, and its ratio to another one's in the same round.

    Args:
        times: As `interleave` gives them.
        reference: The task that is 1.

    Returns:
        For each task its `median`, and `ratio` and `ratio_quartiles`: median, first and third quartile of the ratios.
    """
    base = np.array(times[reference])
    found: dict[str, dict[str, float | list[float]]] = {}
    for name, taken in times.items():
        low, middle, high = np.quantile(np.array(taken) / base, (0.25, 0.5, 0.75))
        found[name] = {
            "median": float(np.median(taken)),
            "ratio": round(float(middle), 3),
            "ratio_quartiles": [round(float(low), 3), round(float(high), 3)],
        }
    return found
