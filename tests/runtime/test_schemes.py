from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.schemes import Span, scheme_of, spans, to_tags

# Three labels, one with a hyphen in it; every transition may occur, legal or not.
TAGS = st.lists(st.sampled_from(["O", *(f"{prefix}-{label}" for prefix in "BI" for label in ("PER", "LOC", "A-B"))]))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-PER", [("PER", 0, 1)]),
        ("B-PER I-PER O", [("PER", 0, 2)]),
        ("O B-PER B-PER", [("PER", 1, 2), ("PER", 2, 3)]),
        ("B-PER I-LOC", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("B-PER B-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),
        ("I-PER I-PER", [("PER", 0, 2)]),  # at the start I- opens
        ("O I-PER O I-PER", [("PER", 1, 2), ("PER", 3, 4)]),  # and after O
        ("I-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),  # and after another label
        ("I-PER B-PER I-PER", [("PER", 0, 1), ("PER", 1, 3)]),  # IOB1: one span touches another
        ("B-A-B I-A-B B-A", [("A-B", 0, 2), ("A", 2, 3)]),
    ],
)
def test_spans_reads_tags_as_conlleval_does(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == [Span(*span) for span in expected]


@given(TAGS)
def test_spans_equal_seqeval(tags: list[str]) -> None:
    assert spans(tags) == [(label, start, last + 1) for label, start, last in get_entities(tags)]


@given(TAGS, st.sampled_from(["IOB1", "IOB2", "IO"]))
def test_any_scheme_keeps_the_spans(tags: list[str], scheme: str) -> None:
    written = to_tags(spans(tags), len(tags), scheme)
    assert len(written) == len(tags)
    assert spans(written) == spans(tags)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IOB2", "B-PER I-PER B-PER B-LOC O B-LOC"),
        ("IOB1", "I-PER I-PER B-PER I-LOC O I-LOC"),
        ("IO", "I-PER I-PER B-PER I-LOC O I-LOC"),
    ],
)
def test_to_tags_opens_spans_as_the_scheme_does(scheme: str, expected: str) -> None:
    found = [Span("PER", 0, 2), Span("PER", 2, 3), Span("LOC", 3, 4), Span("LOC", 5, 6)]
    assert to_tags(found, 6, scheme) == expected.split()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [("O B-PER I-PER", "IOB2"), ("I-PER B-PER O", "IOB2"), ("O I-PER I-LOC", "IO"), ("O", "IO"), ("", "IO")],
)
def test_scheme_of_a_set_of_tags(tags: str, expected: str) -> None:
    assert scheme_of(tags.split()) == expected


@pytest.mark.parametrize("tag", ["PER", "LABEL_3", "S-PER", "E-PER", "b-PER", "B-", "I-", "B", "BPER", "o", "", "O "])
def test_scheme_of_names_the_first_tag_that_is_none(tag: str) -> None:
    with pytest.raises(InputError, match="expected O, B-X or I-X") as caught:
        scheme_of(["O", "B-PER", tag, "X-Y"])
    assert repr(tag) in str(caught.value)
