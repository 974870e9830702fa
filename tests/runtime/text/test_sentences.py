"""Sentences: the splitter's rules, one a case, and that no word is lost on any text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.spark_nlp import words as spark_nlp
from albert_ner_onnx.text.sentences import sentence_starts, word_ranges
from albert_ner_onnx.text.words import split_words
from growth import assert_linear


def split(text: str) -> list[str]:
    """The sentences, white space between them left out."""
    borders = [*sentence_starts(text, split_words(text)), len(text)]
    return [text[start:end].strip() for start, end in pairwise(borders)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["John lives in Berlin.", "Mary doesn't."],
        ["Where?", "Here!", "Really?!", "Well...", "Yes…", "No."],
        ["Mr. Smith met Dr. J. R. Brown of Acme Corp. and Gen. Lee at 5 p.m. in the U.S. Senate.", "They talked."],
        ["He lives in the U.S.", "He works."],  # before a word that begins sentences
        ["It rose 3.5 percent to $1.20.", "3.5 percent is much."],
        ['"Stop!" he said.', '"Why?"', "(He did.)", "[Laughter.]", "“Go.”", "«Non.»", "Then he went."],
        ['He said: "Go.', 'Now." and went.', '"Really?!"', "Yes."],
        ["See albert.ner@example.com, www.example.com or e.g. item no. 5.", "Thanks."],
        ["He left Berlin.\x1b", 'He said: "Go.\ufffd"', "Why?\ufffd\x00", "It rains."],  # what can't be read
        ["one. two. three."],  # no capital, no new sentence
        ["Ärger.", "Übel.", "Москва.", "Париж."],
        ["He left \uff34\uff4f\uff4b\uff59\uff4f\uff0e", "Mr\uff0e Abe stayed\uff0e"],
        ["東京です。", "大阪です\uff01", "「本当\uff1f」", "はい。」", "Paris."],
        ["A line\nthat goes on in Berlin."],
        [
            "SOCCER - JAPAN WIN\n\n",
            "AL-AIN, United Arab Emirates\r\n\r\n",
            "Japan won\n \t\n",
            "again\u2029",
            "and again",
        ],
        ["In Rome.³", "Then (in Rome.)²", "So it was."],  # the number of a note
        ["."],
        ["...", "A"],
        ["and. \n\n", "so"],
    ],
)
@pytest.mark.parametrize("space", [" ", "\n", "  "])
def test_sentences(sentences: list[str], space: str) -> None:
    assert split(space.join(sentences)) == [sentence.strip() for sentence in sentences]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The firm moved to Berlin.", "The mayor was pleased.", "A man left."],
        ['"He lives in Berlin."', "Nobody knows (or said.)", "Anna stays."],
        ["Berlin!", "The mayor left?", "He did!?", "It is so...", "But why…", "In 1990."],
        ["He works for Acme Inc.", "The firm fell in 1996.", "It died."],
        ["He left in 1996.", "IBM fell?", "Anna said.", "Mr. Lee left."],
        ["Yahoo!Japan sued Jeopardy!Games, St.Louis and Node.js."],
        ["The .NET and .Net of README.Md, Foo.Java and java.util.List...Gut."],
    ],
)
def test_sentences_without_a_blank_between_them(sentences: list[str]) -> None:
    assert split("".join(sentences)) == sentences


BLANK_LINES = [
    *("\f", " \f", "\f ", "\u2029", "\x1c", "\x1d", "\x1e", "\x1f", "\n\n", "\r\r", "\r\n\r\n", "\n \t\n"),
    *("\x0b\x0b", "\x85\x85", "\u2028\u2028", "\n\r\n", "\r\n\n", "\x85\n", "\u2028 \n", "\n\f"),
]


@pytest.mark.parametrize("gap", BLANK_LINES)
def test_a_blank_line_or_what_counts_as_one_parts(gap: str) -> None:
    assert split(f"He joined Goldman Sachs{gap}Morgan Stanley fell") == [
        "He joined Goldman Sachs",
        "Morgan Stanley fell",
    ]


@pytest.mark.parametrize(
    "gap", [" ", "  ", "\t", "\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\u00a0", "\u3000", " \n ", "\n\t"]
)
def test_a_single_line_break_does_not_part(gap: str) -> None:
    assert len(split(f"He joined Morgan{gap}Stanley today")) == 1


@pytest.mark.parametrize("text", ["", " ", "\n\n\u200b"])
def test_no_words_no_sentences(text: str) -> None:
    assert sentence_starts(text, split_words(text)) == []
    assert word_ranges([], []) == []


texts = st.text(st.sampled_from("aA.!?…\"')。\uff01」 \n\r\t1é😀-") | st.characters(), max_size=40)


@given(texts)
def test_every_word_is_in_one_sentence(text: str) -> None:
    words = split_words(text)
    starts = sentence_starts(text, words)
    for own in (words, spark_nlp.split_words(text)):
        ranges = word_ranges(starts, own)
        assert [index for sentence in ranges for index in sentence] == list(range(len(own)))
        assert all(ranges)
    assert [words[sentence.start].start for sentence in word_ranges(starts, words)] == starts


@given(texts, texts)
def test_a_blank_line_always_parts(before: str, after: str) -> None:
    text = f"{before}\n\n{after}"
    words = split_words(text)
    behind = [word.start for word in words if word.start > len(before)]
    assert set(behind[:1]) <= set(sentence_starts(text, words))


@pytest.mark.parametrize(
    "text", ["a", "A. ", ".", '"', "\n", "。", "A.\n\n", "a.B", "ab.Ab", "a.\u00b2", "a\f", "\r\n", "a\u2028"]
)
def test_time_is_linear(text: str) -> None:
    assert_linear(lambda text: sentence_starts(text, split_words(text)), lambda size: text * size, 16_000)
