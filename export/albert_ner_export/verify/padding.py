"""Sequences of different lengths -> the padded and masked inputs that reference models get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from albert_ner_export.graph.run import Ids

PADDING: Final = 8
"""Least padding of every sequence, in pieces, if the model's maximum length leaves room for it."""


def pad(sequences: Sequence[Ids], width: int) -> dict[str, Ids]:
    """Pads sequences on the right.

    Returns:
        `input_ids`, `attention_mask`, `token_type_ids` and `position_ids`: int64 [sequence, width] each.
    """
    input_ids = np.zeros((len(sequences), width), np.int64)
    mask = np.zeros_like(input_ids)
    for row, sequence in enumerate(sequences):
        input_ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return {
        "input_ids": input_ids,
        "attention_mask": mask,
        "token_type_ids": np.zeros_like(input_ids),
        "position_ids": np.broadcast_to(np.arange(width), input_ids.shape),
    }
