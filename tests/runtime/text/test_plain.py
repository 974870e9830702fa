from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.text.plain import plain


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("\uff2a\uff4f\uff48\uff4e", "John"),  # full-width
        ("Gra\ufb00enberg", "Graffenberg"),
        ("\U0001d409\U0001d428\U0001d421\U0001d427", "John"),  # mathematical
        ("\u24bf\u24de\u24d7\u24dd", "John"),  # circled
        ("\uff35\uff0e\uff33\uff0e", "U.S."),
        ("O\u2019Brien", "O'Brien"),
        ("\u201eJohn\u201c", '"John"'),
        ("\u2039John\u203a", "<John>"),
        ("1939\u201345", "1939-45"),
        ("a\ufe58b", "a--b"),  # a small em dash
        ("7\u2033", '7"'),
        ("\u2026", "..."),
        ("\u2116", "No"),
        ("Jo\u00adhn\u200e\ufffd\x1b", "John"),
        ("\u00a8", "\u0308"),  # a space and a mark
        ("\u33a7", "m\u2215s".replace("\u2215", "/")),
        *[(nothing, "") for nothing in ("", "\ufffc\ufffd", "\x00\x1b\x9f", "\u200b\u2060", "\ufe0f", "\u3164")],
        *[
            (same, same)
            for same in ("John", "a b", "Jos\u00e9", "\u6771\u4eac", "\U0001f44d", "\ue000", "\u0141\u00f3d\u017a")
        ],
    ],
)
def test_plain(word: str, expected: str) -> None:
    assert plain(word) == expected


@given(st.text(st.characters(categories=["L", "N"])))
def test_letters_and_numbers_are_normalized_as_unicode_does(word: str) -> None:
    word = word.translate(dict.fromkeys(map(ord, "\u02b9\u02ba\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u02ee"), ""))
    expected = normalize("NFKC", word)
    if not any(char in expected for char in "\u2044\u02bc\u3164\u1160\u115f\u00b7"):
        assert plain(word) == expected


@given(st.text())
def test_plain_text_is_plain(word: str) -> None:
    assert plain(plain(word)) == plain(word)
