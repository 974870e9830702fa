"""What a caller gives, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from albert_ner_onnx.errors import InputError

T = TypeVar("T")


def check_text(text: object, name: str) -> None:
    """Refuses what is no text; `name` is what the message calls it."""
    if not isinstance(text, str):
        raise InputError(f"{name} must be a str, found {type(text).__name__}")


def check_texts(texts: Iterable[str]) -> list[str]:
    """The texts as a list, for an iterator gives them only once."""
    found = list(iterate(texts, "texts"))
    for index, text in enumerate(found):
        check_text(text, f"texts[{index}]")
    return found


def check_sentences(sentences: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """The same of lists of words."""
    found = list(iterate(sentences, "sentences"))
    for index, words in enumerate(found):
        if isinstance(words, str | bytes) or not isinstance(words, Sequence):
            raise InputError(f"sentences[{index}] must be a list of words, found {type(words).__name__}")
        for position, word in enumerate(words):
            check_text(word, f"sentences[{index}][{position}]")
    return found


def iterate(items: Iterable[T], name: str) -> Iterator[T]:
    """Iterates over a list of anything; one text, whose items are characters, is refused."""
    if isinstance(items, str | bytes) or not isinstance(items, Iterable):
        raise InputError(f"{name} must be a list or another iterable, found {type(items).__name__}")
    return iter(items)
