"""Sequences of different lengths -> the padded and masked inputs that reference models get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from albert_ner_export.graph.run import Ids, Logits

PADDING: Final = 8
"""Least padding of every sequence, in pieces, if the model's maximum length leaves room for it."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_BATCH = 16
_BATCH_PIECES = 2048  # of a batch; with more, the attention and feed-forward outputs of an xxlarge take gigabytes


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


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Groups the indices of sequences into batches: neighbours by length, the shortest first, and few long ones."""
    found: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if len(found[-1]) == _BATCH or (len(found[-1]) + 1) * (lengths[index] + PADDING) > _BATCH_PIECES:
            found.append([])
        found[-1].append(index)
    return [batch for batch in found if batch]


def padded_logits(
    run: Callable[[Mapping[str, Ids]], Logits], sequences: Sequence[Ids], max_pieces: int
) -> list[Logits]:
    """Runs a model on batches of sequences of different lengths, padded and masked.

    Args:
        run: Takes `input_ids`, `attention_mask` and `token_type_ids`, and returns logits, float32 [batch, piece, tag].
        sequences: The sequences.
        max_pieces: Longest sequence that the model takes.

    Returns:
        The logits of each sequence, without those of the padding.
    """
    results: dict[int, Logits] = {}
    for batch in batches([len(sequence) for sequence in sequences]):
        longest = max(len(sequences[index]) for index in batch)
        feeds = pad([sequences[index] for index in batch], min(max_pieces, longest + PADDING))
        logits = run({name: feeds[name] for name in _INPUTS})
        results |= {index: logits[row, : len(sequences[index])] for row, index in enumerate(batch)}
    return [results[index] for index in range(len(sequences))]
