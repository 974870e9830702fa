"""Windows -> batches of exactly equal length. Nothing is ever padded, so no mask is needed either."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def equal_length_batches(lengths: Sequence[int], max_pieces: int) -> list[list[int]]:
    """Groups sequences of equal length.

    Args:
        lengths: Pieces of each sequence.
        max_pieces: Most pieces in a batch; a longer sequence is a batch of its own.

    Returns:
        Batches of indices into `lengths`, those of the longest sequences first, so that what runs last is short.
    """
    buckets: defaultdict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        buckets[length].append(index)
    batches = []
    for length in sorted(buckets, reverse=True):
        size = max(1, max_pieces // max(1, length))
        bucket = buckets[length]
        batches += [bucket[start : start + size] for start in range(0, len(bucket), size)]
    return batches
