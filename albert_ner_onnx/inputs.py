"""Checks what a caller passes, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from albert_ner_onnx.errors import InputError

T = TypeVar("T")


def check_text(text: object, name: str) -> None:
    """Raises `InputError` unless `text` is a `str`. The message calls it `name`."""
    if not isinstance(text, str):
        raise InputError(f"{name} must be a str, found {type(text).__name__}")


def check_texts(texts: Iterable[str]) -> list[str]:
    """Returns the texts as a list, since an iterator can be read only once."""
    found = list(iterate_in_order(texts, "texts"))
    for index, text in enumerate(found):
        check_text(text, f"texts[{index}]")
    return found


def check_sentences(sentences: Iterable[Sequence[str]], name: str = "sentences") -> list[Sequence[str]]:
    """Returns the sentences, each a list of words, as a list. A sentence may also be an array of one dimension.

    Args:
        sentences: The sentences.
        name: What error messages call them.

    Raises:
        InputError: They aren't an iterable in order, or one isn't a list of `str`.
    """
    found: list[Sequence[str]] = []
    for index, words in enumerate(iterate_in_order(sentences, name, dimensions=2)):
        # By their dimensions, arrays are recognised without an import of NumPy or pandas.
        is_array = getattr(words, "ndim", None) == 1
        if isinstance(words, str | bytes | bytearray) or not (is_array or isinstance(words, Sequence)):
            raise InputError(f"{name}[{index}] must be a list of words, found {type(words).__name__}")
        checked = list(words) if is_array else words
        for position, word in enumerate(checked):
            check_text(word, f"{name}[{index}][{position}]")
        found.append(checked)
    return found


def iterate(items: Iterable[T], name: str) -> Iterator[T]:
    """Iterates over `items`. Raises `InputError` for a single string, whose items would be its characters."""
    kind = type(items).__name__
    if isinstance(items, str | bytes | bytearray):
        raise InputError(f"{name} must be a list or another iterable, not a single {kind}; put it in a list")
    if not isinstance(items, Iterable):
        raise InputError(f"{name} must be a list or another iterable, found {kind}")
    if getattr(items, "ndim", None) == 0:
        raise InputError(f"{name} must be a list or another iterable, found {kind} of no dimension; put it in a list")
    return iter(items)


def iterate_in_order(items: Iterable[T], name: str, *, dimensions: int = 1) -> Iterator[T]:
    """Iterates over items that are answered one by one, so that it must be clear which answer belongs to which.

    Args:
        items: Any iterable.
        name: What error messages call it.
        dimensions: How many dimensions it may have if it is an array.

    Raises:
        InputError: It isn't iterable; or it is a string, a dictionary, a set, an array of more dimensions, or a table,
            which gives its keys or columns.
    """
    kind = type(items).__name__
    if isinstance(items, Mapping):
        raise InputError(
            f"{name} must be a list or another iterable, found {kind}, which gives its keys; pass list(d.values())"
        )
    if isinstance(items, set | frozenset):
        raise InputError(f"{name} must be a list or another iterable in order, found {kind}; pass sorted({name})")
    if (found := getattr(items, "ndim", 0)) > dimensions or (found > 1 and hasattr(items, "columns")):
        raise InputError(
            f"{name} must be a list or another iterable, found {kind} of {found} dimensions; pass one of its columns"
        )
    return iterate(items, name)
