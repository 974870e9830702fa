"""Logits -> a tag and its probability for each word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities over the last axis, float32 of the same shape."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def argmax_decode(logits: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """The best tag of each word, on its own.

    Args:
        logits: float32 [word, tag].

    Returns:
        Index of the tag, intp [word], and its probability, float32 [word].
    """
    best = logits.argmax(axis=-1)
    return best, np.take_along_axis(softmax(logits), best[:, None], axis=-1)[:, 0]
