"""With sessions that answer by what they are given, and with the embedded default."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx import default_model
from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.session import Session
from benchmarks.batch_dependence import Sentences, compare_batches


class Swayed:
    """Says tag 0 with logit 1; each further row adds a bit to tag 1."""

    def __init__(self, sway: float) -> None:
        self._sway = sway

    def run(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        logits = np.zeros((*ids.shape, 2), np.float32)
        logits[..., 0], logits[..., 1] = 1, self._sway * (len(ids) - 1)
        return logits


def sentences(*lengths: int) -> Sentences:
    return Sentences([np.arange(1, length + 1) for length in lengths], [np.array([1, 2]) for _ in lengths])


@given(st.lists(st.integers(3, 9), max_size=70))
def test_batches_hold_each_sentence_once(lengths: list[int]) -> None:
    given = sentences(*lengths)
    for batches in (given.equal_length_batches(), given.mixed_batches()):
        assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= 16 for batch in batches)
    for batch in given.equal_length_batches():
        (length,) = {lengths[index] for index in batch}
        assert len(batch) > 1 or lengths.count(length) == 1


def test_probabilities_and_tags_that_move() -> None:
    given = sentences(3, 4, 4, 5, 5, 5)
    session = cast(Session, Swayed(0.75))
    found = compare_batches(session, given, given.equal_length_batches())
    assert (found["words"], found["sentences_with_company"]) == (12, 5)
    assert found["tags_changed"] == 0.5  # the three that are in a batch of three
    expected = 1 / (1 + np.exp(-0.5)) - 1 / (1 + np.exp(1))
    assert found["max_probability_difference"] == pytest.approx(expected, rel=0.01)


def test_a_session_without_sway() -> None:
    given = sentences(3, 4, 4, 9)
    found = compare_batches(cast(Session, Swayed(0)), given, given.mixed_batches())
    assert (found["sentences_with_company"], found["tags_changed"], found["max_probability_difference"]) == (4, 0, 0)


def test_what_fits_a_window_is_sampled() -> None:
    words = ["Berlin", "is", "large"]
    parts = [words[:1], words, words * 90, words[:2]]
    found = Sentences.sample([ConllSentence(part, ["O"] * len(part)) for part in parts], default_model())
    assert sorted(len(first) for first in found.first) == [1, 2, 3]
    batches = found.equal_length_batches()
    probabilities = found.probabilities(Session((default_model() / "model.onnx").read_bytes(), 1), batches)
    assert [len(part) for part in probabilities] == [len(first) for first in found.first]
    for part in probabilities:
        np.testing.assert_allclose(part.sum(axis=1), 1, rtol=1e-5)
