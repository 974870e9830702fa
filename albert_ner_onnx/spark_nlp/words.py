"""Text -> words as Spark NLP's Tokenizer splits them by default."""

from __future__ import annotations

import re
from typing import Final

from albert_ner_onnx.entities import Word

_CANDIDATE: Final = re.compile("[^ \t\n\x0b\f\r\u2187]+")  # Java's \S; Spark NLP marks its own borders with U+2187
_CONTEXT: Final = ".,;:!?*-()\"'"
_LONGEST_TOKEN: Final = 99_999  # UTF-16 units; the Tokenizer's maxLength drops longer tokens


def split_words(text: str) -> list[Word]:
    """Splits a text at white space, and splits the punctuation around each part off.

    A run of punctuation stays whole, and `U.S.` becomes `U.S` and `.`. Spark NLP drops tokens of 100,000 UTF-16 units
    or more, and so does this.

    Args:
        text: Any text.

    Returns:
        The words, in order, with offsets in code points.
    """
    words = []
    for candidate in _CANDIDATE.finditer(text):
        whole, start = candidate.group(), candidate.start()
        inner = whole.strip(_CONTEXT)
        prefix = len(whole) - len(whole.lstrip(_CONTEXT)) if inner else 0  # punctuation alone is one word
        for part in (whole[:prefix], inner, whole[prefix + len(inner) :]):
            if part and _utf16_length(part) <= _LONGEST_TOKEN:
                words.append(Word(part, start, start + len(part)))
            start += len(part)
    return words


def _utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
