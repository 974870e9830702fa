"""Measurements that take turns, so that whatever slows the machine down for a while slows all of them down."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


def take_turns(
    tasks: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 0, seed: int = 0
) -> dict[str, list[float]]:
    """Runs every task once per round, each round in a random order of its own.

    Args:
        tasks: By name; each returns what it took, such as seconds.
        rounds: Rounds that count, after `warm_up` rounds that don't.
        warm_up: See above.
        seed: Of the random orders.

    Returns:
        What each task took, by round.
    """
    order, shuffled = list(tasks), random.Random(seed)
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(-warm_up, rounds):
        shuffled.shuffle(order)
        for name in order:
            found = tasks[name]()
            if turn >= 0:
                taken[name].append(found)
    return taken


def ratios(taken: Mapping[str, Sequence[float]], reference: str) -> dict[str, dict[str, Any]]:
    """Divides what each task took by what the task `reference` took in the same round.

    Returns:
        By task: `median` of what it took; `ratio` and `ratio_quartiles`, the median and the quartiles of the ratios.
    """
    base = np.array(taken[reference])
    found = {}
    for name, values in taken.items():
        low, middle, high = np.quantile(np.array(values) / base, (0.25, 0.5, 0.75)).round(3).tolist()
        found[name] = {"median": float(np.median(values)), "ratio": middle, "ratio_quartiles": [low, high]}
    return found
