"""Long texts -> windows: groups of neighbouring sentences, or overlapping parts of a sentence that is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Window(NamedTuple):
    """A part of a text that the model reads at once. All four values are indices of words.

    Attributes:
        start: First word that the model reads.
        stop: Word after the last one that it reads.
        keep_start: First word whose tags this window decides.
        keep_stop: Word after the last one that it decides; the next window's `keep_start`.
    """

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def pack_windows(bounds: npt.NDArray[np.int64], capacity: int, starts: Sequence[int]) -> list[Window]:
    """Fills windows with whole sentences, in linear time.

    Each sentence is read once, with as many of its neighbours as fit. This finds more entities than windows that
    overlap and cut sentences; see `docs/decisions/`.

    Args:
        bounds: int64 [word + 1]. Word w has the pieces `bounds[w]` to `bounds[w + 1]`, at most `capacity` of them.
        capacity: Pieces that fit into a window.
        starts: First word of each sentence; the first is 0.

    Returns:
        The windows in order. Every word that has pieces is decided in exactly one of them.
    """
    if 0 < bounds[-1] <= capacity:  # a short cut that most texts take
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
    """Splits one sentence into windows, in linear time.

    Neighbouring windows share up to a quarter of their pieces. A word that both read is decided where it has more
    context: in the second window if more pieces precede it there than follow it in the first. (The first window has
    enough before it, and the second enough after it, in any case.)

    Args:
        bounds: int64 [word + 1]. Word w has the pieces `bounds[w]` to `bounds[w + 1]`, at most `capacity` of them.
        capacity: Pieces that fit into a window.

    Returns:
        The windows in order; the words that they decide follow each other without a gap. Empty if there are no pieces.
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
        # The next window shares a quarter with this one, but always holds at least one new word
        shared = int(np.searchsorted(bounds, bounds[stop] - capacity // 4))
        fitting = int(np.searchsorted(bounds, bounds[stop + 1] - capacity))
        next_start = max(shared, fitting)
        left_there = bounds[next_start:stop] - bounds[next_start]
        right_here = bounds[stop] - bounds[next_start + 1 : stop + 1]
        keep_stop = next_start + int(np.searchsorted(left_there - right_here, 0, "right"))
        windows.append(Window(start, stop, keep_start, keep_stop))
        start, keep_start = next_start, keep_stop
