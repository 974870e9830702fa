import itertools
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.rules import choose_rules
from albert_ner_onnx.text.markers import keep_markers
from albert_ner_onnx.text.words import split_words

MARKERS = ("[USER]", "<e1>", "</e1>", "<e1>x>", "$$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[USER] Hi, Anna.", "[USER]|Hi|,|Anna|."),
        ("<e1>Obama</e1> met x[USER]y", "<e1>|Obama|</e1>|met|x|[USER]|y"),
        ("<e1>x> the longest first", "<e1>x>|the|longest|first"),
        ("[user] [USER [SEP]", "[|user|]|[|USER|[|SEP|]"),
        ("U.S.<e1> don't", "U.S.|<e1>|do|n't"),
        ("[USER][USER]", "[USER]|[USER]"),
        ("", ""),
    ],
)
def test_markers_are_words(text: str, expected: str) -> None:
    words = keep_markers(split_words, MARKERS)(text)
    assert "|".join(word.text for word in words) == expected
    assert all(text[word.start : word.end] == word.text for word in words)


def test_without_markers_nothing_changes() -> None:
    assert keep_markers(split_words, ()) is split_words
    assert choose_rules("conll", "word", "IOB2", None).split_words is split_words


@given(st.text(st.sampled_from("[USER]<e1>/ $aé.\u200b"), max_size=30))
def test_any_text_keeps_its_characters_and_its_markers(text: str) -> None:
    words = keep_markers(split_words, MARKERS)(text)
    assert [text[word.start : word.end] for word in words] == [word.text for word in words]
    assert all(before.end <= after.start for before, after in itertools.pairwise(words))
    found = [match[0] for match in re.finditer(r"<e1>x>|\[USER\]|</e1>|<e1>|\$\$", text)]
    assert [word.text for word in words if word.text in MARKERS] == found
    covered = {index for word in words for index in range(word.start, word.end)}
    assert all(char.isspace() or char == "\u200b" for index, char in enumerate(text) if index not in covered)


def test_rules_keep_markers_with_abbreviations_too() -> None:
    rules = choose_rules("conll", "word", "IOB2", None, MARKERS)
    rules = rules.adapt(newlines="wrap", markup=None, abbreviations=["Insp"])
    split = pickle.loads(pickle.dumps(rules.split_words))
    assert [word.text for word in split("[USER] Insp. Bar")] == ["[USER]", "Insp.", "Bar"]
