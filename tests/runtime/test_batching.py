from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.batching import equal_length_batches


@given(st.lists(st.integers(1, 40)), st.integers(1, 100))
def test_every_sequence_is_in_one_batch_of_its_length(lengths: list[int], max_pieces: int) -> None:
    batches = equal_length_batches(lengths, max_pieces)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[index] for index in batch}) == 1
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= max_pieces


def test_longest_first_and_no_more_batches_than_needed() -> None:
    assert equal_length_batches([2, 5, 2, 2, 5], 4) == [[1], [4], [0, 2], [3]]
    assert equal_length_batches([], 4) == []
