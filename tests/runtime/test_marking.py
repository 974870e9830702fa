"""Tags -> scored spans: the scores are marginals, and the tags that come back mark just the spans."""

from functools import partial
from itertools import product
from math import isclose, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Word
from albert_ner_onnx.marking import DecidedWords, SpanMarker
from albert_ner_onnx.rules import CONLL, SPARK_NLP, Rules, choose_rules
from albert_ner_onnx.tags.decoding import softmax
from albert_ner_onnx.tags.schemes import spans

TAG_SETS = {
    "IOB2": ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    "IOB1": ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    "IO": ("O", "I-PER", "I-LOC"),
    "IOBES": ("O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("PER", "LOC"))),
    "BILOU": ("O", *(f"{prefix}-{label}" for prefix in "BILU" for label in ("PER", "LOC"))),
    "none": ("O", "PER", "LOC"),
}
WORDS = st.sampled_from(["Anna", "Oslo", "U.S", ".", ",", "-", "(", ")", '"', "3"])


def rules_of(scheme: str) -> Rules:
    return choose_rules("conll", "word", scheme, None)


def decide(texts: list[str], scheme: str, logits: np.ndarray, unread: set[int] = frozenset()) -> DecidedWords:  # type: ignore[assignment]
    """The words as a recognizer decides them by argmax."""
    words, offset = [], 0
    for text in texts:
        words.append(Word(text, offset, offset + len(text)))
        offset += len(text) + (text != "U.S")  # so that its stop may touch it
    read = np.array([index not in unread for index in range(len(texts))], bool)
    columns = np.where(read, logits.argmax(axis=1), 0)
    return DecidedWords(words, [TAG_SETS[scheme][column] for column in columns], columns, softmax(logits), read)


@st.composite
def decided(draw: st.DrawFn) -> tuple[str, DecidedWords]:
    scheme = draw(st.sampled_from(sorted(TAG_SETS)))
    texts = draw(st.lists(WORDS, min_size=1, max_size=8))
    seed = draw(st.integers(0, 2**32 - 1))
    logits = np.random.default_rng(seed).normal(0, 3, (len(texts), len(TAG_SETS[scheme]))).astype(np.float32)
    return scheme, decide(texts, scheme, logits)


def label_of(tag: str, scheme: str) -> str:
    return tag if scheme == "none" or tag == "O" else tag[2:]


@given(decided())
def test_a_score_is_the_probability_of_all_sequences_that_give_its_words_its_label(
    given: tuple[str, DecidedWords],
) -> None:
    """Tried one by one. A sequence's probability is the product of its tags' probabilities."""
    scheme, words = given
    tag_set = TAG_SETS[scheme]
    for span in SpanMarker(rules_of(scheme), tag_set, scheme).mark(words, [range(len(words.words))])[0]:
        own = [index for index in range(span.start, span.end) if words.tags[index] != "O"]
        named = [index for index in own if words.words[index].text[0].isalnum()] or own
        if len(named) > 3:
            continue
        brute = 0.0
        for sequence in product(range(len(tag_set)), repeat=len(named)):
            if all(label_of(tag_set[tag], scheme) == span.label for tag in sequence):
                brute += prod(float(words.scores[index, tag]) for index, tag in zip(named, sequence, strict=True))
        assert isclose(span.score, brute, rel_tol=1e-5)
        assert 0 < span.score <= 1
        chosen = [float(words.scores[index].max()) for index in own]
        assert isclose(span.tag_score, sum(chosen) / len(own), rel_tol=1e-5)
        assert 0 < span.tag_score <= 1


@given(decided(), st.data())
def test_the_tags_mark_just_the_spans(given: tuple[str, DecidedWords], data: st.DataObject) -> None:
    scheme, words = given
    border = data.draw(st.integers(0, len(words.words)))
    ranges = [each for each in (range(border), range(border, len(words.words))) if each]
    before = list(words.tags)
    found, tags = SpanMarker(rules_of(scheme), TAG_SETS[scheme], scheme).mark(words, ranges)
    marked = [
        (label, part.start + start, part.start + end)
        for part in ranges
        for label, start, end in spans(tags[part.start : part.stop], scheme)
    ]
    assert marked == [span[:3] for span in found]
    assert set(tags) <= set(TAG_SETS[scheme])
    assert words.tags == before


def test_a_score_is_sure_where_only_the_first_tag_is_not() -> None:
    logits = np.log(np.array([[0.02, 0.5, 0.48, 0, 0]], np.float32) + 1e-9)
    ((*_, score, tag_score),) = SpanMarker(rules_of("IOB2"), TAG_SETS["IOB2"], "IOB2").mark(
        decide(["Anna"], "IOB2", logits), [range(1)]
    )[0]
    assert score == pytest.approx(0.98, abs=1e-3)
    assert tag_score == pytest.approx(0.5, abs=1e-3)


def test_punctuation_does_not_count_and_is_no_entity_alone() -> None:
    marker = SpanMarker(rules_of("IOB2"), TAG_SETS["IOB2"], "IOB2")
    logits = np.log(np.array([[0.1, 0.9, 0, 0, 0], [0.4, 0, 0.6, 0, 0], [0.2, 0, 0.8, 0, 0]], np.float32) + 1e-9)
    (span,) = marker.mark(decide(["Anna", "!", "Oslo"], "IOB2", logits), [range(3)])[0]
    assert span.score == pytest.approx(0.72, abs=1e-3)
    assert span.tag_score == pytest.approx(2.3 / 3, abs=1e-3)
    assert marker.mark(decide(["!"], "IOB2", logits[:1]), [range(1)]) == ([], ["O"])


def test_a_nickname_without_its_name_is_no_entity() -> None:
    """Both sides are dashes, so only `(x)` would be left, which no tag marks."""
    columns = [1, 0, 0, 0, 2]
    logits = 9 * np.eye(5, dtype=np.float32)[columns]
    found, tags = SpanMarker(CONLL, TAG_SETS["IOB2"], "IOB2").mark(
        decide(["-", "(", "x", ")", "-"], "IOB2", logits), [range(5)]
    )
    assert found == []
    assert tags == ["O"] * 5


@pytest.mark.parametrize(
    ("scheme", "columns", "expected"),
    [
        ("IOB2", [1, 0, 2], "B-PER I-PER B-PER"),  # argmax may open a span by I-
        ("IOB1", [2, 0, 2], "I-PER I-PER B-PER"),
        ("IO", [1, 0, 1], "I-PER O I-PER"),  # has no tag that parts spans that touch
        ("none", [1, 0, 1], "PER O PER"),
        ("IO", [1, 0, 2], "I-PER I-PER I-LOC"),
        ("IOBES", [7, 0, 7], "B-PER E-PER S-PER"),
    ],
)
def test_a_span_that_takes_its_stop_does_not_merge_with_the_next(
    scheme: str, columns: list[int], expected: str
) -> None:
    logits = 9 * np.eye(len(TAG_SETS[scheme]), dtype=np.float32)[columns]
    found, tags = SpanMarker(rules_of(scheme), TAG_SETS[scheme], scheme).mark(
        decide(["U.S", ".", "Oslo"], scheme, logits), [range(3)]
    )
    assert tags == expected.split()
    assert [span[:3] for span in found] == spans(tags, scheme)


@pytest.mark.parametrize(
    ("tag_set", "scheme"),
    [("O B-PER I-PER B-LOC", "IOB2"), ("O B-PER E-PER S-PER S-LOC", "IOBES"), ("O B-PER L-PER U-LOC", "BILOU")],
)
def test_only_tags_of_the_model_are_given(tag_set: str, scheme: str) -> None:
    """There is no tag for the second word of a place, so `U.S` keeps its border; that of others moves all the same."""
    known = tuple(tag_set.split())
    columns = [len(known) - 1, 0, 1, 2]
    scores = softmax(9 * np.eye(len(known), dtype=np.float32)[columns])
    words = [Word("U.S", 0, 3), Word(".", 3, 4), Word("(", 5, 6), Word("Anna", 6, 10)]
    decided = DecidedWords(words, [known[column] for column in columns], np.array(columns), scores, np.ones(4, bool))
    found, tags = SpanMarker(rules_of(scheme), known, scheme).mark(decided, [range(4)])
    assert [span[:3] for span in found] == [("LOC", 0, 1), ("PER", 3, 4)]
    assert set(tags) <= set(known)
    assert spans(tags, scheme) == [span[:3] for span in found]


def test_models_from_spark_nlp_keep_what_the_tags_mark() -> None:
    logits = 9 * np.eye(5, dtype=np.float32)[[1, 2, 4]]
    rules = partial(SpanMarker, SPARK_NLP, TAG_SETS["IOB2"], "IOB2")
    (span,), tags = rules().mark(decide(["-", "Anna", ","], "IOB2", logits), [range(3)])
    assert span[:3] == ("PER", 0, 3)
    assert tags == ["B-PER", "I-PER", "I-LOC"]
