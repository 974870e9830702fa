import numpy as np
import pytest

from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces


@pytest.mark.parametrize("length", [0, 1, 2, 510])
def test_one_piece_before_and_one_after(length: int) -> None:
    pieces = np.arange(5, 5 + length)
    sequence = SpecialPieces(cls_id=2, sep_id=3).enclose(pieces)
    assert sequence.tolist() == [2, *pieces.tolist(), 3]
    assert len(sequence) == length + SPECIAL_PIECES
    assert sequence.dtype == np.int64
