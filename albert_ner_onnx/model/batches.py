"""Windows -> batches of exactly equal length. Nothing is ever padded, so no mask is needed either."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator


def equal_length_batches(lengths: Iterable[int], max_pieces: int) -> Iterator[list[int]]:
    """Groups sequences of equal length, as they come.

    Args:
        lengths: Pieces of each sequence.
        max_pieces: Most pieces in a batch; a longer sequence is a batch of its own.

    Yields:
        Batches of indices into `lengths`: each full one at once, so that it can be run before the next length is known,
        and then what is left, the longest sequences first, so that what runs last is short.
    """
    buckets: defaultdict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        bucket = buckets[length]
        bucket.append(index)
        if (len(bucket) + 1) * length > max_pieces:
            yield buckets.pop(length)
    for length in sorted(buckets, reverse=True):
        yield buckets[length]
