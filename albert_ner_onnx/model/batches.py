"""Windows -> batches of exactly equal length. Nothing is ever padded, so there is no padding to mask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def equal_length_batches(items: Iterable[T], length: Callable[[T], int], max_pieces: int) -> Iterator[list[T]]:
    """Groups sequences of equal length, in the order in which they arrive.

    Args:
        items: The sequences.
        length: Returns the number of pieces of one.
        max_pieces: Most pieces in a batch. A longer sequence is a batch of its own.

    Yields:
        Each full batch at once, so that it can run before the next sequence is known. Then the rest, the longest
        sequences first, so that the last batch to run is a short one.
    """
    buckets: defaultdict[int, list[T]] = defaultdict(list)
    for item in items:
        pieces = length(item)
        bucket = buckets[pieces]
        bucket.append(item)
        if (len(bucket) + 1) * pieces > max_pieces:
            yield buckets.pop(pieces)
    for pieces in sorted(buckets, reverse=True):
        yield buckets[pieces]
