from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.verify.padding import batches, padded_logits


@pytest.mark.parametrize("length", [1, 10, 16, 20, 24])
def test_the_reference_gets_padding_where_it_fits(length: int) -> None:
    seen: list[np.ndarray] = []

    def run(feeds: Mapping[str, np.ndarray]) -> np.ndarray:
        seen.append(feeds["attention_mask"])
        return np.zeros((*feeds["input_ids"].shape, 2), np.float32)

    found = padded_logits(run, [np.ones(length, np.int64)], 24)
    assert [logits.shape for logits in found] == [(length, 2)]
    assert [(mask == 0).sum() for mask in seen] == [min(8, 24 - length)]


@given(st.lists(st.integers(1, 3000), max_size=60))
def test_batches(lengths: list[int]) -> None:
    """Each sequence once, neighbours by length, and never more pieces than fit, unless a sequence alone has more."""
    found = batches(lengths)
    assert [lengths[index] for batch in found for index in batch] == sorted(lengths)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        assert 1 <= len(batch) <= 16
        assert len(batch) == 1 or len(batch) * (lengths[batch[-1]] + 8) <= 2048
