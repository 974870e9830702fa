import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.marks import find_marks
from albert_ner_onnx.text.words import split_words
from growth import assert_linear


def shown(text: str) -> str:
    """What is read of a text, with `|` for a border or several."""
    words = split_words(text)
    read, borders = find_marks(text, words)
    parts = [("| " if index in borders else "") + word for index, word in enumerate(read)]
    return " ".join(" ".join([*parts, *["|"] * (len(words) in borders)]).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna met Ben.", "Anna met Ben ."),
        # Emphasis
        ("**Anna** met _Ben_.", "Anna met Ben ."),
        ("**Anna** __Ben__ ***Eve***", "Anna | Ben | Eve"),
        ("(*Anna*) **_Ben_**", "( Anna ) Ben"),
        ("**Anna** Smith of Bank *of* Oslo", "Anna Smith of Bank of Oslo"),
        ("* Anna\n* Ben\n***\n__", "* Anna * Ben *** __"),
        ("2*3 f**k a * b **** snake_case", "2 * 3 f ** k a * b **** snake_case"),
        ("@anna_ @_ben", "@ anna_ @ _ben"),
        # Notes
        ("Anna³ Ben¹² met† Eve* km²", "Anna | Ben | met | Eve | km²"),
        ("¹Department of Oslo™, †, † 1990", "| Department of Oslo | , | , † 1990"),
        ("Anna[3] met Ben[1,2-4].", "Anna | met Ben | ."),
        ("[3] Anna, [1990] and x[1990] (a)[1]", "[ 3 ] Anna , [ 1990 ] and x [ 1990 ] ( a ) |"),
        # Links
        ("[Anna](http://x.org) met [Ben](/ben.html).", "| Anna | met | Ben | ."),
        ("![Anna](anna.png)", "| Anna |"),
        ("[Anna](Oslo) [Ben] (x.y)", "[ Anna ] ( Oslo ) [ Ben ] ( x.y )"),
    ],
)
def test_marks(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.lists(st.sampled_from(["a", "B", "*", "**", "_", "³", "†", "[", "]", "(", ")", "3", "x.y", "!", " ", "\n"])))
def test_only_marks_are_left_out(parts: list[str]) -> None:
    text = "".join(parts)
    words = split_words(text)
    read, borders = find_marks(text, words)
    assert len(read) == len(words)
    assert all(0 <= border <= len(words) for border in borders)
    for word, found in zip(words, read, strict=True):
        assert found in ("", word.text)


@pytest.mark.parametrize("pattern", ["*", "a*", "**a ", "a³", "[", "[a", "a[1", "a[1]", "[a](", "[a](x", "[a](b.c)"])
def test_time_is_linear(pattern: str) -> None:
    def make(size: int) -> tuple[str, list[Word]]:
        text = (pattern * size)[:size]
        return text, split_words(text)

    assert_linear(lambda made: find_marks(*made), make, 16_000)
