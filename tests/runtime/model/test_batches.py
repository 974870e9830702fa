from collections import Counter
from collections.abc import Iterator
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.model.batches import equal_length_batches


@given(st.lists(st.integers(1, 40)), st.integers(1, 100))
def test_every_sequence_is_in_one_batch_of_its_length(lengths: list[int], max_pieces: int) -> None:
    batches = list(equal_length_batches(lengths, max_pieces))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[index] for index in batch}) == 1
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= max_pieces


def test_full_ones_at_once_and_then_the_longest_first() -> None:
    known: list[int] = []

    def lengths() -> Iterator[int]:
        for length in (2, 1, 5, 2, 2, 5, 3):
            known.append(length)
            yield length

    batches = equal_length_batches(lengths(), 4)
    assert next(batches) == [2]
    assert known == [2, 1, 5]  # no other length was needed
    assert list(batches) == [[0, 3], [5], [6], [4], [1]]
    assert list(equal_length_batches([], 4)) == []


@given(st.lists(st.integers(1, 5)), st.integers(1, 20))
def test_no_more_batches_than_needed(lengths: list[int], max_pieces: int) -> None:
    needed = sum(ceil(number / max(1, max_pieces // length)) for length, number in Counter(lengths).items())
    assert len(list(equal_length_batches(lengths, max_pieces))) == needed
