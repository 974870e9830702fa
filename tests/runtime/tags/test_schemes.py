from __future__ import annotations

import re
from functools import partial
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOBES, Entities

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.tags.schemes import (
    SCHEMES,
    Span,
    fill_unread,
    opens_with_i,
    scheme_of,
    span_tags,
    spans,
    to_iob2,
    to_tags,
)

LABELS = ("PER", "LOC", "A-B")  # one with a hyphen in it
PREFIXES = {"IOB2": "BI", "IO": "I", "IOBES": "BIES", "BILOU": "BILU"}
ALL_TAGS = {
    scheme: ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in LABELS)]
    for scheme, prefixes in PREFIXES.items()
} | {"none": ["O", "PER", "LOC", "GEO-LOC", "B2B", "IBAN"]}  # labels that begin as prefixes do
TO_BILOU = str.maketrans("ES", "LU")


def any_tags(scheme: str) -> st.SearchStrategy[list[str]]:
    """Every transition may occur, legal or not."""
    return st.lists(st.sampled_from(ALL_TAGS["IOB2" if scheme == "IOB1" else scheme]))


TAGS = any_tags("IOB2")


def in_scheme(tags: list[str], scheme: str) -> list[str]:
    """Tags in IOBES as they are in BILOU."""
    return [tag[0].translate(TO_BILOU) + tag[1:] if scheme == "BILOU" else tag for tag in tags]


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


@pytest.mark.parametrize("scheme", ["IOBES", "BILOU"])
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("S-PER S-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("B-PER E-PER B-PER I-PER E-PER", [("PER", 0, 2), ("PER", 2, 5)]),
        ("B-A-B E-A-B S-A", [("A-B", 0, 2), ("A", 2, 3)]),
        ("B-PER I-PER O", [("PER", 0, 2)]),  # what isn't closed ends all the same
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("B-PER S-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("B-PER E-LOC", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("O I-PER E-PER", [("PER", 1, 3)]),  # what isn't opened begins all the same
        ("E-PER E-PER I-PER", [("PER", 0, 1), ("PER", 1, 2), ("PER", 2, 3)]),
        ("S-PER I-PER E-PER", [("PER", 0, 1), ("PER", 1, 3)]),
        ("E-PER O I-PER", [("PER", 0, 1), ("PER", 2, 3)]),
    ],
)
def test_spans_reads_tags_that_close(scheme: str, tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert spans(in_scheme(tags.split(), scheme), scheme) == [Span(*span) for span in expected]


@given(any_tags("IOBES"))
def test_spans_equal_seqeval_where_tags_close(tags: list[str]) -> None:
    expected = [(label, start, last + 1) for label, start, last in get_entities(tags)]
    assert spans(tags, "IOBES") == expected
    assert spans(in_scheme(tags, "BILOU"), "BILOU") == expected


@pytest.mark.parametrize(("scheme", "oracle"), [("IOBES", IOBES), ("BILOU", BILOU)])
@given(segments=st.lists(st.tuples(st.sampled_from([None, *LABELS]), st.integers(1, 4))))
def test_spans_equal_strict_seqeval_on_legal_tags(
    scheme: str, oracle: type, segments: list[tuple[str | None, int]]
) -> None:
    tags: list[str] = []
    for label, length in segments:
        prefixes = "S" if length == 1 else "B" + "I" * (length - 2) + "E"
        tags += [f"{prefix}-{label}" if label else "O" for prefix in prefixes]
    tags = in_scheme(tags, scheme)
    (found,) = Entities([tags], oracle).entities
    assert spans(tags, scheme) == [(entity.tag, entity.start, entity.end) for entity in found]
    assert len(found) == sum(label is not None for label, _ in segments)


@given(any_tags("none"))
def test_without_prefix_equal_neighbours_are_one_span(tags: list[str]) -> None:
    runs = [(tag, [index for index, _ in run]) for tag, run in groupby(enumerate(tags), lambda item: item[1])]
    assert spans(tags, "none") == [(tag, run[0], run[-1] + 1) for tag, run in runs if tag != "O"]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_every_word_but_an_o_is_in_one_span(scheme: str, data: st.DataObject) -> None:
    tags = data.draw(any_tags(scheme))
    covered = [index for span in spans(tags, scheme) for index in range(span.start, span.end)]
    assert covered == [index for index, tag in enumerate(tags) if tag != "O"]


def test_a_models_answers_tell_iob1_from_iob2() -> None:
    """Of 20 spans or more, nine in ten; touching spans have their B- in both."""
    iob1, iob2 = ["I-PER", "B-PER", "O"], ["B-PER", "I-PER", "O"]
    assert opens_with_i([["I-PER", "O"]] * 20)
    assert not opens_with_i([["I-PER", "O"]] * 19)
    assert opens_with_i([["I-PER", "O"]] * 18 + [iob2] * 2)
    assert not opens_with_i([["I-PER", "O"]] * 17 + [iob2] * 3)
    assert not opens_with_i([iob1] * 20)
    assert not opens_with_i([iob2] * 100)
    assert not opens_with_i([])


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != "IOB1"])
def test_scheme_of_all_its_tags(scheme: str) -> None:
    assert scheme_of(ALL_TAGS[scheme]) == scheme
    assert scheme_of(reversed(ALL_TAGS[scheme])) == scheme


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O B-PER I-PER", "IOB2"),
        ("I-PER B-PER O", "IOB2"),
        ("O I-PER I-LOC B-LOC", "IOB2"),  # of an IOB1 corpus, where no two persons touch
        ("O B-PER", "IOB2"),
        ("O I-PER I-LOC", "IO"),
        ("O", "IO"),
        ("", "IO"),
        ("O B-CELL-TYPE I-CELL-TYPE", "IOB2"),
        ("O B-PER I-PER E-PER S-PER S-EMAIL", "IOBES"),
        ("O B-PER E-PER S-LOC B-LOC I-LOC", "IOBES"),  # no location of two words, or none that ends
        ("O B-PER I-PER S-PER", "IOBES"),
        ("O B-PER L-PER", "BILOU"),
        ("O B-PER I-PER U-PER", "BILOU"),
        ("O B-L I-L", "IOB2"),
        ("O PER LOC", "none"),
        ("O GEO-LOC first_name Ort BPER IPER", "none"),
        ("O GRADE-A TYPE_2", "none"),
    ],
)
def test_scheme_of_a_set_of_tags(tags: str, expected: str) -> None:
    assert scheme_of(tags.split()) == expected


@pytest.mark.parametrize(
    "tag", ["PER", "LABEL_3", "X-RAY", "M-PER", "b-PER", "B_PER", "B-", "I-", "B", "BPER", "o", "", "O ", "O-PER"]
)
def test_scheme_of_names_the_first_tag_without_prefix(tag: str) -> None:
    with pytest.raises(InputError, match=r"expected one of the prefixes .*--tags-file FILE") as caught:
        scheme_of(["O", "B-PER", tag, "X-Y"])
    assert str(caught.value).startswith(f"tags {tag!r} and 'B-PER': ")


@pytest.mark.parametrize(
    "tag", ["X-RAY", "b-per", "B_PER", "I:PER", "B/PER", "PER-B", "PER_I", "B-", "E-", "I", "o", ""]
)
def test_scheme_of_names_a_tag_that_may_have_a_prefix(tag: str) -> None:
    with pytest.raises(InputError, match=r"expected one of the prefixes .*--tags-file FILE") as caught:
        scheme_of(["O", "PER", tag, "LOC"])
    assert str(caught.value).startswith(f"tag {tag!r}: ")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("O B-PER I-PER E-PER L-PER", "tags 'L-PER' and 'E-PER': expected B-, I-, E-, S- (IOBES) or B-, I-, L-, U-"),
        ("O U-LOC B-PER S-PER", "tags 'U-LOC' and 'S-PER': expected B-, I-, E-, S- (IOBES) or B-, I-, L-, U-"),
        ("O I-PER E-PER", "tag 'E-PER': expected tags with B- as well"),  # IOE
        ("O S-PER S-LOC", "tag 'S-PER': expected tags with B- as well"),
        ("O I-PER U-PER", "tag 'U-PER': expected tags with B- as well"),
    ],
)
def test_scheme_of_names_prefixes_that_do_not_go_together(tags: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message) + ".*--tags-file FILE"):
        scheme_of(tags.split())


def test_the_way_out_leads_out() -> None:
    assert scheme_of(["O", "I-X-RAY", "I-MRI"]) == "IO"
    assert spans(["I-X-RAY", "I-X-RAY", "I-MRI"]) == [("X-RAY", 0, 2), ("MRI", 2, 3)]


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB2", "B-PER I-PER O B-LOC B-LOC B-ORG"),
        ("IO", "I-PER I-PER O I-LOC B-LOC I-ORG"),
        ("IOBES", "B-PER E-PER O S-LOC S-LOC S-ORG"),
        ("BILOU", "B-PER L-PER O U-LOC U-LOC U-ORG"),
        ("BILOU", "I-PER I-PER O I-LOC B-LOC I-ORG"),
        ("none", "I-PER I-PER O I-LOC B-LOC I-ORG"),
        ("none", "PER PER O LOC B-LOC ORG"),
    ],
)
def test_to_iob2(scheme: str, tags: str) -> None:
    assert to_iob2(tags.split(), scheme) == ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "B-ORG"]


def test_to_iob2_joins_what_no_prefix_separates() -> None:
    assert to_iob2(["PER", "PER", "LOC"], "none") == ["B-PER", "I-PER", "B-LOC"]


TAG_SETS = {
    "IOB2": ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    "IO": ["O", "I-PER", "I-LOC"],
    "IOB1": ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    "IOBES": ["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("PER", "LOC"))],
    "BILOU": ["O", *(f"{prefix}-{label}" for prefix in "BILU" for label in ("PER", "LOC"))],
    "none": ["O", "PER", "LOC"],
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_the_tags_of_a_span_mark_just_that_span(scheme: str, length: int) -> None:
    tags = span_tags("PER", length, scheme, TAG_SETS[scheme])
    assert spans(["O", *tags, "O"], scheme) == [("PER", 1, 1 + length)]
    assert set(tags) <= set(TAG_SETS[scheme])


@pytest.mark.parametrize(
    ("tag_set", "length", "expected"),
    [
        ("O I-PER", 2, "I-PER I-PER"),
        ("O S-PER B-LOC", 1, "S-PER"),
        ("O B-PER E-PER S-LOC", 1, "B-PER"),
        ("O B-PER I-PER S-LOC", 3, "B-PER I-PER I-PER"),
    ],
)
def test_a_tag_that_the_model_lacks_has_a_stand_in(tag_set: str, length: int, expected: str) -> None:
    assert span_tags("PER", length, "IOBES", tag_set.split()) == expected.split()


# `_` is a word that the model didn't read
UNREAD = [
    ("IOB2", "B-PER _ I-PER", "B-PER I-PER I-PER"),
    ("IOB2", "B-PER _ _ I-PER _ I-PER", "B-PER I-PER I-PER I-PER I-PER I-PER"),
    ("IOB2", "B-PER _ B-PER", "B-PER O B-PER"),
    ("IOB2", "B-PER _ I-LOC", "B-PER O I-LOC"),
    ("IOB2", "B-PER _ O _ _", "B-PER O O O O"),
    ("IOB2", "_ I-PER _", "O I-PER O"),
    ("IOB2", "_ _", "O O"),
    ("IOB1", "I-PER _ I-PER _ B-PER", "I-PER I-PER I-PER O B-PER"),
    ("IO", "I-PER _ I-PER _ I-LOC", "I-PER I-PER I-PER O I-LOC"),
    ("IOBES", "B-PER _ E-PER _ S-PER _", "B-PER I-PER E-PER O S-PER O"),
    ("IOBES", "B-PER _ I-PER _ E-PER", "B-PER I-PER I-PER I-PER E-PER"),
    ("BILOU", "B-PER _ L-PER _ U-PER", "B-PER I-PER L-PER O U-PER"),
    ("none", "PER _ PER _ LOC", "PER PER PER O LOC"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "given", "expected"), UNREAD)
def test_an_unread_word_is_inside_if_both_sides_are(scheme: str, given: str, expected: str) -> None:
    read = [tag != "_" for tag in given.split()]
    tags = given.replace("_", "O").split()
    filled = fill_unread(tags, read, TAG_SETS[scheme], partial(spans, scheme=scheme))
    assert filled == expected.split()
    assert tags == given.replace("_", "O").split()


def test_an_unread_word_gets_no_tag_that_the_model_lacks() -> None:
    found = fill_unread(
        ["B-PER", "O", "E-PER"], [True, False, True], ["O", "B-PER", "E-PER"], partial(spans, scheme="IOBES")
    )
    assert found == ["B-PER", "O", "E-PER"]
