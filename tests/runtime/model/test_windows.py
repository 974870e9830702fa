"""Windows against a reference that looks at every window for every word."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.model.windows import Window, pack_windows, split_windows
from growth import assert_linear


def bounds_of(counts: list[int]) -> np.ndarray:
    return np.cumsum([0, *counts])


@st.composite
def sequences(draw: st.DrawFn) -> tuple[list[int], int]:
    capacity = draw(st.integers(1, 30))
    small = st.integers(0, min(4, capacity))
    return draw(st.lists(small | st.integers(0, capacity), max_size=120)), capacity


def context(window: Window, word: int, bounds: np.ndarray) -> float:
    """Pieces on the shorter side of a word; a side on which the text itself ends isn't short."""
    left = bounds[word] - bounds[window.start] if window.start else np.inf
    right = bounds[window.stop] - bounds[word + 1] if window.stop < len(bounds) - 1 else np.inf
    return float(min(left, right))


@given(sequences())
def test_each_word_is_decided_once_where_it_has_most_context(case: tuple[list[int], int]) -> None:
    counts, capacity = case
    bounds = bounds_of(counts)
    windows = split_windows(bounds, capacity)
    if not bounds[-1]:
        assert windows == []
        return
    kept = [word for window in windows for word in range(window.keep_start, window.keep_stop)]
    assert kept == list(range(len(counts)))
    for window in windows:
        assert window.start <= window.keep_start
        assert window.keep_stop <= window.stop
        assert bounds[window.stop] - bounds[window.start] <= capacity
        for word in range(window.keep_start, window.keep_stop):
            candidates = [other for other in windows if other.start <= word < other.stop]
            assert context(window, word, bounds) == max(context(other, word, bounds) for other in candidates)


@pytest.mark.parametrize(
    ("words", "windows"),
    [
        (0, []),
        (1, [Window(0, 1, 0, 1)]),
        (7, [Window(0, 7, 0, 7)]),
        (8, [Window(0, 8, 0, 8)]),
        (9, [Window(0, 8, 0, 7), Window(6, 9, 7, 9)]),
        (14, [Window(0, 8, 0, 7), Window(6, 14, 7, 14)]),
        (15, [Window(0, 8, 0, 7), Window(6, 14, 7, 13), Window(12, 15, 13, 15)]),
    ],
)
def test_borders(words: int, windows: list[Window]) -> None:
    """Capacity 8, a quarter of it shared, a piece a word."""
    assert split_windows(bounds_of([1] * words), 8) == windows


def test_a_word_as_long_as_a_window_has_its_own() -> None:
    windows = split_windows(bounds_of([1, 8, 1]), 8)
    assert Window(1, 2, 1, 2) in windows


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """Pieces of each word of each sentence, and a capacity."""
    capacity = draw(st.integers(1, 12))
    return draw(st.lists(st.lists(st.integers(0, min(3, capacity)), max_size=9), max_size=20)), capacity


@given(texts())
def test_windows_are_whole_sentences_as_many_as_fit(case: tuple[list[list[int]], int]) -> None:
    sentences, capacity = case
    bounds = bounds_of([pieces for counts in sentences for pieces in counts])
    starts = bounds_of([len(counts) for counts in sentences]).tolist()
    windows = pack_windows(bounds, capacity, starts[:-1])
    kept = {word for window in windows for word in range(window.keep_start, window.keep_stop)}
    assert {word for word in range(len(bounds) - 1) if bounds[word + 1] > bounds[word]} <= kept
    assert len(kept) == sum(window.keep_stop - window.keep_start for window in windows)
    assert all(bounds[window.stop] - bounds[window.start] <= capacity for window in windows)
    for window, after in pairwise([*windows, None]):
        assert window is not None
        if window.start in starts and window.stop in starts:
            assert (window.keep_start, window.keep_stop) == (window.start, window.stop)
            next_pieces = min((bounds[end] for end in starts if bounds[end] > bounds[window.stop]), default=None)
            assert (after is None) == (next_pieces is None)
            assert next_pieces is None or next_pieces - bounds[window.start] > capacity


@given(texts())
def test_a_sentence_that_does_not_fit_is_split_on_its_own(case: tuple[list[list[int]], int]) -> None:
    sentences, capacity = case
    long = [1] * (capacity + 1)
    bounds = bounds_of([pieces for counts in (*sentences, long) for pieces in counts])
    starts = bounds_of([len(counts) for counts in sentences]).tolist()
    alone = split_windows(bounds_of(long), capacity)
    windows = pack_windows(bounds, capacity, starts)
    assert windows[-len(alone) :] == [Window(*(starts[-1] + word for word in window)) for window in alone]
    assert windows[: -len(alone)] == pack_windows(bounds[: starts[-1] + 1], capacity, starts[:-1])


@pytest.mark.parametrize(
    "split", [split_windows, lambda bounds, capacity: pack_windows(bounds, capacity, range(len(bounds) - 1))]
)
def test_time_is_linear(split: Callable[[np.ndarray, int], list[Window]]) -> None:
    assert_linear(lambda bounds: split(bounds, 510), lambda words: np.arange(words + 1), 1_600_000)
