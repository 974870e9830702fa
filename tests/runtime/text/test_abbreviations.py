"""Which words take a full stop that follows them."""

import pytest

from albert_ner_onnx.text import abbreviations
from albert_ner_onnx.text.abbreviations import takes_stop
from albert_ner_onnx.text.words import split_words


@pytest.mark.parametrize(
    "word",
    [
        *"U.S D.C U.N a.m p.m S.A J.R.R Iraq-U.N É.U Ph.D S.p.A W.Va".split(),
        *"Inc Corp Co Ltd INC Jr Sr JR Calif Mass Ill St Ave Blvd Dept".split(),
    ],
)
def test_abbreviations_take_the_stop(word: str) -> None:
    assert takes_stop(word)


@pytest.mark.parametrize(
    "word",
    [
        *"X J É Merkel Paris said IBM Node.js Amazon.com 3.5 1.2 Sen Gen Mr Oct Jan Penn Ark LA ME SEC".split(),
        *("U.S.", "Plc", "", ".", "..", "-", "a-"),
    ],
)
def test_other_words_do_not(word: str) -> None:
    assert not takes_stop(word)


def test_a_user_s_own_take_it() -> None:
    assert takes_stop("Cnslr", ["Cnslr"])
    assert takes_stop("Cnslr", frozenset({"Cnslr."}))
    assert not takes_stop("Cnslr", ["cnslr"])
    assert takes_stop("Inc", ["Cnslr"])


@pytest.mark.parametrize(
    "word", [*abbreviations.TITLES, *abbreviations.ABBREVIATIONS, *abbreviations.RANKS, *abbreviations.CAPITALISED]
)
def test_an_abbreviation_before_a_name_keeps_its_stop(word: str) -> None:
    assert [found.text for found in split_words(f"We met {word}. Brown")] == ["We", "met", f"{word}.", "Brown"]


@pytest.mark.parametrize(
    "word", [*abbreviations.ABBREVIATIONS, *abbreviations.RANKS, *abbreviations.CAPITALISED, *abbreviations.SMALL]
)
def test_an_abbreviation_before_a_new_sentence_loses_it(word: str) -> None:
    assert [found.text for found in split_words(f"We met {word}. There")] == ["We", "met", word, ".", "There"]


@pytest.mark.parametrize("word", abbreviations.BEFORE_NUMBERS)
def test_some_keep_it_before_a_number_only(word: str) -> None:
    text = f"We met {word}. 5 and {word}. Brown"
    assert [found.text for found in split_words(text)] == ["We", "met", f"{word}.", "5", "and", word, ".", "Brown"]


@pytest.mark.parametrize("word", abbreviations.AMBIGUOUS)
def test_words_and_names_lose_it_before_a_capital(word: str) -> None:
    for text, kept in (
        (f"We met {word}. Brown", False),
        (f"in Oslo, {word}. Brown", True),
        (f"met {word}., too", True),
    ):
        assert (f"{word}." in [found.text for found in split_words(text)]) is kept


def test_surnames_begin_sentences() -> None:
    assert set(abbreviations.SURNAMES) < set(abbreviations.STARTERS)
