"""Markers, such as `[USER]` or `<e1>`, that a model was trained to read as one piece: each is a word of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial

from albert_ner_onnx.entities import Word

SplitWords = Callable[[str], list[Word]]


def keep_markers(split_words: SplitWords, markers: Collection[str]) -> SplitWords:
    """Returns a function that splits a text as `split_words` does, but keeps markers whole. It can be pickled.

    Args:
        split_words: Splits a text into words.
        markers: The markers. They are found as they are spelled, the longest first, even within words.
    """
    if not markers:
        return split_words
    pattern = "|".join(map(re.escape, sorted(markers, key=len, reverse=True)))
    return partial(_split, split_words, re.compile(pattern))


def _split(split_words: SplitWords, pattern: re.Pattern[str], text: str) -> list[Word]:
    found = [Word(match[0], *match.span()) for match in pattern.finditer(text)]
    if not found:
        return split_words(text)
    # What is around a marker is split as if there were spaces
    words = split_words(pattern.sub(lambda match: " " * len(match[0]), text))
    return sorted([*words, *found], key=lambda word: word.start)
