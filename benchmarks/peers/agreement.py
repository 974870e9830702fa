"""How far peers agree with float32: no speed is reported of a model that gives other answers than it should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.peers import EXACT, OURS
from benchmarks.peers.process import PeerProcess

LEAST_EQUAL_TAGS = 0.998
LEAST_CORRELATION = 0.99
SEQUENCE_LENGTHS = range(8, 58)
"""Of the random sequences whose logits are compared."""


class DisagreementError(Exception):
    """Ours doesn't give float32's answers."""


def equal_share(expected: Sequence[Sequence[int]], found: Sequence[Sequence[int]]) -> float:
    """Share of words with the same tag.

    Raises:
        ValueError: The texts or their words are not as many.
    """
    pairs = [pair for rows in zip(expected, found, strict=True) for pair in zip(*rows, strict=True)]
    return sum(one == other for one, other in pairs) / len(pairs)


def correlation(expected: Sequence[float], found: Sequence[float]) -> float:
    """Pearson's correlation."""
    return float(np.corrcoef(expected, found)[0, 1])


def share_of_tags(processes: Mapping[str, PeerProcess], texts: str, batches: Mapping[str, int]) -> dict[str, float]:
    """Share of words of a list that the workers keep whose tag is float32's, for each peer that is asked.

    Args:
        processes: Peers, float32 among them.
        texts: Name of the list.
        batches: Peers to ask, and the size of the batches that they are asked with.
    """
    expected = processes[EXACT].call("word_tags", texts=texts, batch=1)
    found = {
        name: expected if name == EXACT and batch == 1 else processes[name].call("word_tags", texts=texts, batch=batch)
        for name, batch in batches.items()
    }
    return {name: round(equal_share(expected, tags), 5) for name, tags in found.items()}


def tag_agreement(processes: Mapping[str, PeerProcess], texts: str, batches: Mapping[str, int]) -> dict[str, float]:
    """The same with ours among them, which must pass.

    Raises:
        DisagreementError: Ours is below `LEAST_EQUAL_TAGS`.
    """
    return _checked(share_of_tags(processes, texts, batches), LEAST_EQUAL_TAGS, "of tags as in float32")


def logit_correlation(processes: Mapping[str, PeerProcess]) -> dict[str, float]:
    """Correlation of the logits with float32's over random sequences, for each peer.

    Raises:
        DisagreementError: Ours is below `LEAST_CORRELATION`.
    """
    lengths = list(SEQUENCE_LENGTHS)
    expected = processes[EXACT].call("logits", lengths=lengths)
    logits = {
        name: expected if name == EXACT else each.call("logits", lengths=lengths) for name, each in processes.items()
    }
    found = {name: round(correlation(expected, values), 5) for name, values in logits.items()}
    return _checked(found, LEAST_CORRELATION, "correlation of logits with float32")


def _checked(found: dict[str, float], least: float, what: str) -> dict[str, float]:
    if not found[OURS] >= least:
        raise DisagreementError(f"ours: {found[OURS]} {what}, expected {least} or more; its speed is not reported")
    return found
