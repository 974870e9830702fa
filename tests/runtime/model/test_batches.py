from collections import Counter
from collections.abc import Iterator
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.model.batches import equal_length_batches


@given(st.lists(st.integers(1, 40)), st.integers(1, 100))
def test_every_sequence_is_in_one_batch_of_its_length(lengths: list[int], max_pieces: int) -> None:
    batches = list(equal_length_batches(range(len(lengths)), lengths.__getitem__, max_pieces))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[index] for index in batch}) == 1
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= max_pieces


def test_full_ones_at_once_and_then_the_longest_first() -> None:
    known: list[str] = []

    def items() -> Iterator[str]:
        for item in ("to", "a", "maybe", "at", "in", "seven", "for"):
            known.append(item)
            yield item

    batches = equal_length_batches(items(), len, 4)
    assert next(batches) == ["maybe"]
    assert known == ["to", "a", "maybe"]  # it did not need the others
    assert list(batches) == [["to", "at"], ["seven"], ["for"], ["in"], ["a"]]
    assert list(equal_length_batches([], len, 4)) == []


@given(st.lists(st.integers(1, 5)), st.integers(1, 20))
def test_no_more_batches_than_needed(lengths: list[int], max_pieces: int) -> None:
    needed = sum(ceil(number / max(1, max_pieces // length)) for length, number in Counter(lengths).items())
    assert len(list(equal_length_batches(lengths, lambda length: length, max_pieces))) == needed
