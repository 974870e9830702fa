"""`[CLS]` pieces `[SEP]`: the sequences that the model reads. Nothing else puts the special pieces around others."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

SPECIAL_PIECES: Final = 2
"""Pieces that `enclose` adds: one before the others, one after."""


class SpecialPieces(NamedTuple):
    """The ids of the two pieces that open and close every sequence."""

    cls_id: int
    sep_id: int

    def enclose(self, pieces: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Puts the special pieces around others.

        Args:
            pieces: int64 [piece].

        Returns:
            int64 [piece + 2]; piece i of `pieces` is now at i + 1.
        """
        sequence = np.empty(len(pieces) + SPECIAL_PIECES, np.int64)
        sequence[0], sequence[1:-1], sequence[-1] = self.cls_id, pieces, self.sep_id
        return sequence
