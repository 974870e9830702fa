"""Borders of layout: where no entity goes on, however the model reads."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.text.layout import add_separators, cut_ranges, layout_borders
from albert_ner_onnx.text.words import split_words
from growth import assert_linear

# A text; `|` marks the borders that are found by default, `¦` those that newlines="border" adds.
LAYOUTS = [
    "",
    "one",
    "one two",
    "one\n¦two",
    "one\r\n¦two\r\n¦three",
    "one\n\n|two",
    "one\n \t \n|two",
    "one\r\n\r\n|two",
    "one\r\r|two",
    "one\u2028¦two\u2028\u2028|three",
    "one\x85¦two",
    "one\x0b¦two",
    "one\f|two",
    "one \f |two",
    "one\n\f|two",
    "one\u2029|two",
    "one\x1c|two\x1d|three\x1e|four\x1f|five",
    "\n\none\n\n|two\n\n",
    "\f\fone\f",
    # Cells
    "one\t|two",
    "one \t |two",
    "one  two",
    "one   |two",
    "one\u00a0\u00a0\u00a0|two \u00a0 |three",
    "one\u3000\u3000\u3000|two",
    "name\t|city\n|Anna\t|Oslo\n|Jan\t|Bonn",
    "name\t|city\r\n|Anna\t|Oslo",
    "name\t|city\n¦Anna and\n¦her dog\t|Oslo",
    "name\t|city\n¦Anna\t|Oslo\t|5",
    "name\t|city\n\n|Anna\t|Oslo",
    # White space at the start or end of a line is alignment
    "one\n    ¦two\n\t¦three",
    "one   \n¦two\t\n¦three",
    "  \tone",
    "one\t\n¦two\t\n¦three\t",
    "\t\tone\n\t\t¦two",
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    for newlines, marks in (("wrap", "|"), ("border", "|¦")):
        text, expected = "", []
        for char in layout:
            if char in marks:
                expected.append(len(text))
            elif char not in "|¦":
                text += char
        words = split_words(text)
        assert [words[index].start for index in layout_borders(text, words, newlines)] == expected


@given(st.text(st.sampled_from("ab \t\n\r\f\u2028\u2029\x1c\u00a0")))
def test_borders_are_between_words_and_newlines_only_add_some(text: str) -> None:
    words = split_words(text)
    wrapped, broken = layout_borders(text, words), layout_borders(text, words, "border")
    assert set(wrapped) <= set(broken) <= set(range(1, len(words)))
    assert sorted(set(broken)) == broken
    assert sorted(set(wrapped)) == wrapped
    for index in broken:
        assert text[words[index - 1].end : words[index].start].isspace()
    assert len(broken) == sum(
        any(char not in " \u00a0" for char in gap) or len(gap) > 2
        for gap in (text[left.end : right.start] for left, right in pairwise(words))
    )


def test_separators() -> None:
    read = ["Anna", "", "Ben", ".", "", "", "Eve"]
    add_separators(read, [2, 4, 5, 6])
    assert read == ["Anna ;", "", "Ben", ".", "", "", "Eve"]
    add_separators(read, [])
    assert read[-1] == "Eve"


def test_ranges_are_cut_at_borders_inside_them() -> None:
    assert cut_ranges([], []) == []
    assert cut_ranges([range(5)], []) == [range(5)]
    assert cut_ranges([range(2), range(2, 6)], [1, 2, 5]) == [range(1), range(1, 2), range(2, 5), range(5, 6)]


@pytest.mark.parametrize(
    "pattern", ["a\t", "a\n", "a\n\n", "\n", "\t", "   ", "a   ", "a\f", "a b\tc\n", "a\r", "\r\n"]
)
@pytest.mark.parametrize("newlines", ["wrap", "border"])
def test_time_is_linear(pattern: str, newlines: str) -> None:
    def find(text: str) -> object:
        return layout_borders(text, split_words(text), newlines)

    assert_linear(find, lambda size: pattern * (size // len(pattern)), 16_000)
