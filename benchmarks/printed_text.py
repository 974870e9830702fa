"""A CoNLL file's sentences as a newspaper prints them: such files have words, but users have text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from albert_ner_onnx.tags.schemes import spans

_NO_BLANK_BEFORE = re.compile(r"[,.;:?!)\]%]|\.\.\.|'(?:s|ve|ll|re|d|m)|n't", re.IGNORECASE)
_NO_BLANK_AFTER = re.compile(r"[(\[]|[A-Z]*\$")


@dataclass(frozen=True, slots=True)
class PrintedText:
    """A text, and the half-open range of characters of each of its words."""

    text: str
    words: list[tuple[int, int]]

    def phrases(self, tags: Sequence[str]) -> set[tuple[int, int, str]]:
        """What the tags of the words mark: first character, the one after the last, and label."""
        return {(self.words[span.start][0], self.words[span.end - 1][1], span.label) for span in spans(tags)}


def print_words(words: Sequence[str]) -> PrintedText:
    """Joins the words of a sentence, with blanks only where a newspaper has them."""
    text = ""
    ranges: list[tuple[int, int]] = []
    quoting = False  # inside double quotes
    close_up = True  # no blank before the next word
    for index, word in enumerate(words):
        last = index == len(words) - 1
        if word == '"':
            before = quoting or last
            after = quoting = not before
        elif word == "'":
            after = not last and words[index + 1][0].isdigit()  # '96
            before = last or (not after and index > 0 and words[index - 1][-1] in "sS")  # the players'
        else:
            before = _NO_BLANK_BEFORE.fullmatch(word) is not None
            after = _NO_BLANK_AFTER.fullmatch(word) is not None
        if not (close_up or before):
            text += " "
        ranges.append((len(text), len(text) + len(word)))
        text += word
        close_up = after
    return PrintedText(text, ranges)
