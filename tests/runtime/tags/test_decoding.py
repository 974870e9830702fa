"""Decoders against the textbook: softmax in float64, and all legal sequences tried one by one."""

import sys
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, IOBES, Entities

from albert_ner_onnx.tags.decoding import argmax_decode, legal_transitions, softmax, viterbi_decode
from growth import assert_linear

rows = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 6), st.integers(1, 9)),
    elements=st.floats(-60, 60, width=32),
)
TAGS = {
    "IOB2": ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    "IO": ("I-PER", "O", "I-LOC"),
    "IOBES": ("B-PER", "I-PER", "E-PER", "S-PER", "O", "S-LOC"),
    "BILOU": ("O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC"),
    "none": ("PER", "O", "LOC"),
    "IOB1": ("O", "I-PER", "B-PER", "I-LOC", "B-LOC"),
}
# What may follow what, written down by hand; `<` and `>` are the ends of a sentence.
FOLLOWERS = {
    "IOB2": {"<": "OB>", "O": "OB>", "B": "OBI>", "I": "OBI>"},
    "IO": {"<": "OI>", "O": "OI>", "I": "OI>"},
    "IOBES": {"<": "OBS>", "O": "OBS>", "B": "IE", "I": "IE", "E": "OBS>", "S": "OBS>"},
    "IOB1": {"<": "OI>", "O": "OI>", "B": "OBI>", "I": "OBI>"},
    "BILOU": {"<": "OBU>", "O": "OBU>", "B": "IL", "I": "IL", "L": "OBU>", "U": "OBU>"},
}


@given(rows)
def test_softmax_and_argmax_are_the_textbook_formulas(logits: np.ndarray) -> None:
    exact = np.exp(logits.astype(np.float64))
    exact /= exact.sum(axis=1, keepdims=True)
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, exact, rtol=1e-5, atol=1e-30)
    tags = argmax_decode(logits)
    np.testing.assert_array_equal(logits[np.arange(len(logits)), tags], logits.max(axis=1, initial=-np.inf))


@given(rows)
def test_a_row_does_not_depend_on_the_others(logits: np.ndarray) -> None:
    together = softmax(logits)
    for index in range(len(logits)):
        np.testing.assert_array_equal(softmax(logits[index : index + 1])[0], together[index])


def test_large_logits_do_not_overflow() -> None:
    logits = np.array([[1e30, 0, -1e30], [-np.inf, 0, -np.inf]], np.float32)
    assert argmax_decode(logits).tolist() == [0, 1]
    assert softmax(logits).tolist() == [[1, 0, 0], [0, 1, 0]]


def is_legal(sequence: tuple[str, ...], scheme: str) -> bool:
    """By the table above: a follower that must not open a span has its label, too."""
    if scheme == "none":
        return True
    for before, after in pairwise(("<", *sequence, ">")):
        if after[0] not in FOLLOWERS[scheme][before[0]]:
            return False
        bound = {"IO": "", "IOB1": "B"}.get(scheme, "IEL")  # what must be of the label before it
        if after[0] in bound and before[2:] != after[2:]:
            return False
    return True


@st.composite
def batches(draw: st.DrawFn) -> tuple[str, np.ndarray, list[int]]:
    scheme = draw(st.sampled_from(sorted(TAGS)))
    lengths = draw(st.lists(st.integers(0, 5), max_size=5))
    shape = (sum(lengths), len(TAGS[scheme]))
    # Whole numbers, so that sums are exact and ties common
    logits = draw(hnp.arrays(np.float32, shape, elements=st.integers(-4, 4)))
    for word in draw(st.sets(st.integers(0, max(0, len(logits) - 1)), max_size=2)):
        logits[word : word + 1] = np.where(np.array(TAGS[scheme]) == "O", 0, -np.inf)  # a word without pieces
    return scheme, logits, lengths


def sentences_of(values: np.ndarray, lengths: list[int]) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []


@given(batches())
def test_viterbi_finds_the_best_of_all_legal_sequences(batch: tuple[str, np.ndarray, list[int]]) -> None:
    scheme, logits, lengths = batch
    tags = TAGS[scheme]
    found = viterbi_decode(logits, lengths, legal_transitions(tags, scheme))
    for decided, scores in zip(sentences_of(found, lengths), sentences_of(logits, lengths), strict=True):
        assert is_legal(tuple(tags[tag] for tag in decided), scheme)
        legal = (
            sequence
            for sequence in product(range(len(tags)), repeat=len(scores))
            if is_legal(tuple(tags[tag] for tag in sequence), scheme)
        )
        best = max(sum(scores[word, tag] for word, tag in enumerate(sequence)) for sequence in legal)
        assert sum(scores[word, tag] for word, tag in enumerate(decided)) == best


@given(batches())
def test_a_sentence_does_not_depend_on_the_others(batch: tuple[str, np.ndarray, list[int]]) -> None:
    scheme, logits, lengths = batch
    legal = legal_transitions(TAGS[scheme], scheme)
    alone = [viterbi_decode(scores, [len(scores)], legal) for scores in sentences_of(logits, lengths)]
    np.testing.assert_array_equal(viterbi_decode(logits, lengths, legal), np.concatenate([[], *alone]))


@given(batches())
def test_what_is_legal_already_stays(batch: tuple[str, np.ndarray, list[int]]) -> None:
    scheme, logits, lengths = batch
    best = argmax_decode(logits)
    found = viterbi_decode(logits, lengths, legal_transitions(TAGS[scheme], scheme))
    for before, after in zip(sentences_of(best, lengths), sentences_of(found, lengths), strict=True):
        legal = is_legal(tuple(TAGS[scheme][tag] for tag in before), scheme)
        assert legal == (before.tolist() == after.tolist()) or scheme in ("IO", "none")


@pytest.mark.parametrize(("scheme", "strict"), [("IOB2", IOB2), ("IOBES", IOBES)])
@given(data=st.data())
def test_legal_sequences_lose_nothing_under_seqevals_strict_rules(
    scheme: str, strict: type, data: st.DataObject
) -> None:
    """seqeval's strict mode counts only spans whose tags are legal, its lenient one also others."""
    tags = TAGS[scheme]
    logits = data.draw(
        hnp.arrays(np.float32, (data.draw(st.integers(1, 12)), len(tags)), elements=st.floats(-5, 5, width=32))
    )
    decided = [tags[tag] for tag in viterbi_decode(logits, [len(logits)], legal_transitions(tags, scheme))]
    spans = [(entity.tag, entity.start, entity.end - 1) for entity in Entities([decided], strict).entities[0]]
    assert spans == get_entities(decided)


@pytest.mark.parametrize(
    ("tags", "scheme", "sequence"),
    [
        (("O", "B-PER", "I-PER", "I-LOC"), "IOB2", "I-LOC I-LOC O I-LOC B-PER I-LOC"),  # LOC never touches LOC
        (("O", "B-PER", "E-PER", "S-LOC", "B-LOC"), "IOBES", "B-LOC O B-LOC"),  # no E-LOC to close it
        (("O", "B-PER", "I-PER", "E-PER", "S-PER", "E-LOC"), "IOBES", "E-LOC O E-LOC"),  # no B-LOC to open it
    ],
)
def test_a_label_can_do_without_a_prefix_that_it_lacks(tags: tuple[str, ...], scheme: str, sequence: str) -> None:
    chosen = [tags.index(tag) for tag in sequence.split()]
    logits = np.eye(len(tags), dtype=np.float32)[chosen]
    assert viterbi_decode(logits, [len(chosen)], legal_transitions(tags, scheme)).tolist() == chosen


def test_time_is_linear_in_a_sentence() -> None:
    legal = legal_transitions(TAGS["IOB2"], "IOB2")
    random = np.random.default_rng(0)

    def decode(logits: npt.NDArray[np.float32]) -> None:
        viterbi_decode(logits, [len(logits)], legal)

    assert_linear(decode, lambda words: random.standard_normal((words, 5), np.float32), 16_000)


def test_the_sentences_of_a_batch_are_decoded_together() -> None:
    """One step for each position, not for each word: counted in calls of NumPy's functions and others."""
    legal = legal_transitions(TAGS["IOB2"], "IOB2")
    logits = np.random.default_rng(0).standard_normal((2_000, 5), np.float32)

    def calls(lengths: list[int]) -> int:
        events: list[str] = []
        sys.setprofile(lambda frame, event, argument: events.append(event))
        try:
            viterbi_decode(logits, lengths, legal)
        finally:
            sys.setprofile(None)
        return len(events)

    assert calls([20] * 100) < calls([2_000]) / 10
