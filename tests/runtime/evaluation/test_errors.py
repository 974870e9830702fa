from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from albert_ner_onnx.evaluation.errors import (
    NO_PHRASE,
    OTHER_BORDERS,
    Overlap,
    Phrase,
    Place,
    count_confusion,
    find_errors,
    group_overlaps,
)
from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.tags.schemes import Span, spans

TAGS = st.sampled_from(["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG"])
SENTENCES = st.lists(st.lists(st.tuples(TAGS, TAGS), max_size=10), max_size=4)


def overlaps_of(sentences: list[list[tuple[str, str]]]) -> list[list[Overlap]]:
    return [group_overlaps(*(spans([pair[side] for pair in sentence]) for side in (0, 1))) for sentence in sentences]


def overlap(one: Span, other: Span) -> bool:
    return bool({*range(one.start, one.end)} & {*range(other.start, other.end)})


@given(st.lists(st.tuples(TAGS, TAGS), max_size=20))
def test_groups_are_what_overlaps_connect(words: list[tuple[str, str]]) -> None:
    gold, found = (spans([pair[side] for pair in words]) for side in (0, 1))
    groups = group_overlaps(gold, found)
    assert [span for group in groups for span in group.gold] == gold
    assert [span for group in groups for span in group.found] == found
    for index, group in enumerate(groups):
        others = [span for other in groups[:index] + groups[index + 1 :] for span in other.gold + other.found]
        assert not any(overlap(one, other) for one, other in product(group.gold + group.found, others))
        reached, members = set[Span](), list(group.gold + group.found)
        waiting = members[:1]
        while waiting:
            one = waiting.pop()
            reached.add(one)
            waiting += [other for other in members if other not in reached and overlap(one, other)]
        assert reached == set(members)


@given(SENTENCES)
def test_confusion_adds_up_to_the_counts(sentences: list[list[tuple[str, str]]]) -> None:
    table = count_confusion(group for groups in overlaps_of(sentences) for group in groups).as_dict()
    found = score_phrases(*([[pair[side] for pair in sentence] for sentence in sentences] for side in (0, 1)))
    assert table.keys() == {*found.by_label, OTHER_BORDERS, NO_PHRASE}
    for label, counts in found.by_label.items():
        assert sum(table[label].values()) == counts.gold
        assert sum(row[label] for row in table.values()) == counts.found
        assert table[label][label] == counts.correct
    for row, column in product([OTHER_BORDERS, NO_PHRASE], repeat=2):
        assert table[row][column] == 0


@given(st.lists(st.tuples(*[st.sampled_from(["PER", "LOC", "ORG"])] * 2), min_size=1))
def test_confusion_of_the_same_words_equals_scikit_learns(labels: list[tuple[str, str]]) -> None:
    gold, found = ([Span(pair[side], 2 * i, 2 * i + 1) for i, pair in enumerate(labels)] for side in (0, 1))
    names = ["LOC", "ORG", "PER"]
    table = count_confusion(group_overlaps(gold, found)).as_dict()
    expected = confusion_matrix(*zip(*labels, strict=True), labels=names)
    assert [[table.get(row, {}).get(column, 0) for column in names] for row in names] == expected.tolist()


def test_other_borders_and_missing_phrases_have_rows_of_their_own() -> None:
    gold = [Span("PER", 0, 2), Span("LOC", 3, 4), Span("LOC", 5, 6)]
    found = [Span("PER", 0, 1), Span("ORG", 1, 2), Span("ORG", 3, 4), Span("ORG", 7, 8)]
    assert count_confusion(group_overlaps(gold, found)).counts == {
        ("PER", OTHER_BORDERS): 1,
        (OTHER_BORDERS, "PER"): 1,
        (OTHER_BORDERS, "ORG"): 1,
        ("LOC", "ORG"): 1,
        ("LOC", NO_PHRASE): 1,
        (NO_PHRASE, "ORG"): 1,
    }
    assert count_confusion(group_overlaps(gold, found)).report() == (
        "                   LOC     ORG     PER  other borders  no phrase\n"
        "          LOC        0       1       0              0          1\n"
        "          ORG        0       0       0              0          0\n"
        "          PER        0       0       0              1          0\n"
        "other borders        0       1       1              0          0\n"
        "    no phrase        0       1       0              0          0"
    )


@given(SENTENCES)
def test_every_difference_is_in_exactly_one_error(sentences: list[list[tuple[str, str]]]) -> None:
    overlaps = overlaps_of(sentences)
    words = [[f"w{index % 2}" for index in range(len(sentence))] for sentence in sentences]
    errors = find_errors(words, overlaps)
    counts = [len(error.places) for error in errors]
    assert counts == sorted(counts, reverse=True)
    assert len({(error.gold, error.found) for error in errors}) == len(errors)
    assert sum(counts) == sum(group.gold != group.found for groups in overlaps for group in groups)
    listed = Counter((0, phrase.label) for error in errors for phrase in error.gold for _ in error.places)
    listed.update((1, phrase.label) for error in errors for phrase in error.found for _ in error.places)
    expected = Counter[tuple[int, str]]()
    for sentence in sentences:
        gold, found = ({*spans([pair[side] for pair in sentence])} for side in (0, 1))
        expected.update((0, span.label) for span in gold - found)
        expected.update((1, span.label) for span in found - gold)
    # Phrases that are the same on both sides overlap nothing else, so they are in no error.
    assert listed == expected


def test_errors_have_their_phrases_and_places() -> None:
    words = [["the", "Bank", "of", "England"], ["Ajax"], ["Bank", "of", "England"], ["Ajax"], ["it"], ["x", "Ajax"]]
    bank = Overlap((Span("ORG", 1, 4),), (Span("LOC", 3, 4),))
    ajax = Overlap((Span("ORG", 0, 1),), (Span("PER", 0, 1),))
    right = Overlap((Span("ORG", 1, 2),), (Span("ORG", 1, 2),))
    again = Overlap((Span("ORG", 0, 3),), (Span("LOC", 2, 3),))
    errors = find_errors(words, [[bank], [ajax], [again], [ajax], [Overlap((), (Span("PER", 0, 1),))], [right]])
    assert errors == [
        ((Phrase("Bank of England", "ORG"),), (Phrase("England", "LOC"),), (Place(0, 1, 4), Place(2, 0, 3))),
        ((Phrase("Ajax", "ORG"),), (Phrase("Ajax", "PER"),), (Place(1, 0, 1), Place(3, 0, 1))),
        ((), (Phrase("it", "PER"),), (Place(4, 0, 1),)),
    ]


@pytest.mark.parametrize("sentences", [[], [[]], [["John"]]])
def test_no_phrases_no_errors(sentences: list[list[str]]) -> None:
    assert find_errors(sentences, [group_overlaps([], []) for _ in sentences]) == []
    zeros = {OTHER_BORDERS: 0, NO_PHRASE: 0}
    assert count_confusion([]).as_dict() == {OTHER_BORDERS: zeros, NO_PHRASE: zeros}
