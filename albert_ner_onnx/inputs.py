"""Checks what a caller passes, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from albert_ner_onnx.errors import InputError

T = TypeVar("T")


def check_text(text: object, name: str) -> None:
    """Raises `InputError` unless `text` is a `str`. The message calls it `name`."""
    if not isinstance(text, str):
        raise InputError(f"{name} must be a str, found {type(text).__name__}")


def check_texts(texts: Iterable[str]) -> list[str]:
    """Returns the texts as a list, since an iterator can be read only once."""
    found = list(iterate(texts, "texts"))
    for index, text in enumerate(found):
        check_text(text, f"texts[{index}]")
    return found


def check_sentences(sentences: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Returns the sentences, each a list of words, as a list."""
    found = list(iterate(sentences, "sentences"))
    for index, words in enumerate(found):
        if isinstance(words, str | bytes) or not isinstance(words, Sequence):
            raise InputError(f"sentences[{index}] must be a list of words, found {type(words).__name__}")
        for position, word in enumerate(words):
            check_text(word, f"sentences[{index}][{position}]")
    return found


def iterate(items: Iterable[T], name: str) -> Iterator[T]:
    """Iterates over `items`. Raises `InputError` for a single string, whose items would be its characters."""
    kind = type(items).__name__
    if isinstance(items, str | bytes):
        raise InputError(f"{name} must be a list or another iterable, not a single {kind}; put it in a list")
    if not isinstance(items, Iterable):
        raise InputError(f"{name} must be a list or another iterable, found {kind}")
    return iter(items)
