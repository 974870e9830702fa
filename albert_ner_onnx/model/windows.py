"""Long sequences -> windows: of neighbouring sentences, and overlapping ones where a single sentence is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Window(NamedTuple):
    """A part of a sequence that the model reads at once. All are indices of words.

    Attributes:
        start: First word that is read.
        stop: Word behind the last one that is read.
        keep_start: First word that is decided here.
        keep_stop: Word behind the last one that is decided here; the next window's `keep_start`.
    """

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def pack_windows(bounds: npt.NDArray[np.int64], capacity: int, starts: Sequence[int]) -> list[Window]:
    """Fills windows with whole sentences, in time linear in their length.

    Every sentence is read once, with as many of its neighbours as fit. `benchmarks/accuracy.py` measures what that
    gains over windows that overlap and cut sentences.

    Args:
        bounds: int64 [word + 1]; word w has the pieces from `bounds[w]` to `bounds[w + 1]`, at most `capacity`.
        capacity: Pieces that fit into a window.
        starts: Words at which sentences begin; the first is 0.

    Returns:
        Windows in order. Every word with pieces is decided in one of them.
    """
    if 0 < bounds[-1] <= capacity:  # most texts, so they take a short cut
        return [Window(0, len(bounds) - 1, 0, len(bounds) - 1)]
    borders = np.array([*starts, len(bounds) - 1])
    ends = bounds[borders]  # pieces before each border
    windows: list[Window] = []
    first, last = 0, len(borders) - 1
    while first < last:
        fitting = int(np.searchsorted(ends, ends[first] + capacity, "right")) - 1
        after = max(fitting, first + 1)
        start, stop = borders[[first, after]].tolist()
        parts = split_windows(bounds[start : stop + 1] - bounds[start], capacity)
        windows += [Window(*(start + word for word in part)) for part in parts]
        first = after
    return windows


def split_windows(bounds: npt.NDArray[np.int64], capacity: int) -> list[Window]:
    """Splits a sentence into windows, in time linear in its length.

    Neighbours share up to a quarter of their pieces. A word in both has more context in the second one if the
    pieces before it there outnumber the pieces behind it in the first one: its other sides are longer anyway.

    Args:
        bounds: int64 [word + 1]; word w has the pieces from `bounds[w]` to `bounds[w + 1]`, at most `capacity`.
        capacity: Pieces that fit into a window.

    Returns:
        Windows in order; their kept words follow each other without a gap. None for a sequence without pieces.
    """
    words = len(bounds) - 1
    if bounds[-1] == 0:
        return []
    if bounds[-1] <= capacity:
        return [Window(0, words, 0, words)]
    windows: list[Window] = []
    start = keep_start = 0
    while True:
        stop = int(np.searchsorted(bounds, bounds[start] + capacity, "right")) - 1
        if stop >= words:
            return [*windows, Window(start, words, keep_start, words)]
        # The next window shares a quarter, but holds at least one new word
        shared = int(np.searchsorted(bounds, bounds[stop] - capacity // 4))
        fitting = int(np.searchsorted(bounds, bounds[stop + 1] - capacity))
        next_start = max(shared, fitting)
        left_there = bounds[next_start:stop] - bounds[next_start]
        right_here = bounds[stop] - bounds[next_start + 1 : stop + 1]
        keep_stop = next_start + int(np.searchsorted(left_there - right_here, 0, "right"))
        windows.append(Window(start, stop, keep_start, keep_stop))
        start, keep_start = next_start, keep_stop
