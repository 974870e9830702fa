"""Spark NLP's rules: how its Tokenizer splits a text, how a word becomes SentencePiece's text, and tags become chunks.

A package made of a Spark NLP archive names them in its manifest, as word splitter and as piece rule `spark-nlp`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from albert_ner_onnx.entities import Word
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.tags.schemes import Span

LONE_SPACE: Final = "\u2581"
"""The piece that is a space and nothing else. Spark NLP drops it, so that the next piece carries the word's tag."""

# --- Words ------------------------------------------------------------------------------------------------------------

_CANDIDATE: Final = re.compile("[^ \t\n\x0b\f\r\u2187]+")  # Java's \S; Spark NLP uses U+2187 to mark its own borders
_CONTEXT: Final = ".,;:!?*-()\"'"
_LONGEST_TOKEN: Final = 99_999  # UTF-16 units; its maxLength, beyond which a token is dropped


def split_words(text: str) -> list[Word]:
    """The words of a text as Spark NLP's Tokenizer makes them by default: white space and outer punctuation split.

    A run of punctuation stays whole, `U.S.` is `U.S` and `.`, and what Spark NLP drops for its length is no word here.

    Args:
        text: Any text.

    Returns:
        The words, in order, with offsets in code points.
    """
    words = []
    for candidate in _CANDIDATE.finditer(text):
        whole, start = candidate.group(), candidate.start()
        inner = whole.strip(_CONTEXT)
        prefix = len(whole) - len(whole.lstrip(_CONTEXT)) if inner else 0  # nothing but punctuation: one word
        for part in (whole[:prefix], inner, whole[prefix + len(inner) :]):
            if part and _utf16_length(part) <= _LONGEST_TOKEN:
                words.append(Word(part, start, start + len(part)))
            start += len(part)
    return words


def _utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- Text for SentencePiece -------------------------------------------------------------------------------------------

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
# Spark NLP hands SentencePiece Java's modified UTF-8, in which it can't read these: each is a character that it doesn't
# know, as this one of private use is.
_UNREADABLE: Final = re.compile("[\0\ud800-\udfff\U00010000-\U0010ffff]")
_UNKNOWN: Final = "\ue000"


class PieceText:
    """Writes a word as SentencePiece does before it looks for pieces.

    `tokenizers` knows the same table of replacements as `Precompiled`, but applies it to graphemes, and there loses or
    keeps marks that SentencePiece, which takes the longest match at each code point, doesn't. So it is done here.
    """

    def __init__(self, charsmap: bytes, *, lower_case: bool, modified_utf8: bool) -> None:
        """Reads a table of replacements.

        Args:
            charsmap: SentencePiece's `precompiled_charsmap`: the size of a trie, the trie (darts-clone's double array
                of uint32), and the replacements, each closed by NUL.
            lower_case: Whether words are lower-cased first. Python's and Java's rules agree, final sigma included.
            modified_utf8: Whether NUL and what lies beyond U+FFFF are unknown characters, as they are to Spark NLP.
        """
        size = int.from_bytes(charsmap[:4], "little")
        self._units: list[int] = np.frombuffer(charsmap, "<u4", size // 4, 4).tolist() if size else [0]
        self._replacements = charsmap[4 + size :]
        self._lower_case = lower_case
        self._modified_utf8 = modified_utf8

    def __call__(self, word: str) -> str:
        """The text whose pieces are those of the word; empty if it has none. Its spaces are written as U+2581."""
        text = word.lower() if self._lower_case else word
        text = _UNREADABLE.sub(_UNKNOWN, text) if self._modified_utf8 else _SURROGATES.sub("\ufffd", text)
        replaced = self._replace(text.encode()).decode()
        return (LONE_SPACE + re.sub(" +", LONE_SPACE, replaced.lstrip(" "))).rstrip(LONE_SPACE)

    def _replace(self, data: bytes) -> bytes:
        parts = []
        position = 0
        while position < len(data):
            length, value = self._longest_match(data, position)
            if length:
                parts.append(self._replacements[value : self._replacements.index(0, value)])
            else:  # copy a code point, whose length its first byte tells
                length = 1 + (data[position] >= 0xC0) + (data[position] >= 0xE0) + (data[position] >= 0xF0)
                parts.append(data[position : position + length])
            position += length
        return b"".join(parts)

    def _longest_match(self, data: bytes, start: int) -> tuple[int, int]:
        """Length in bytes of the longest key at a position, 0 for none, and where its replacement stands."""
        units, length, value = self._units, 0, 0
        node = _offset(units[0])
        for index in range(start, len(data)):
            node ^= data[index]
            if node >= len(units) or units[node] & 0x800000FF != data[index]:
                break
            unit = units[node]
            node ^= _offset(unit)
            if unit & 0x100 and node < len(units):  # a key ends here
                length, value = index - start + 1, units[node] & 0x7FFFFFFF
        return length, value


def _offset(unit: int) -> int:
    """Distance of a node's children, from darts-clone's packing: 22 bits, shifted by 8 more if bit 9 is set."""
    return (unit >> 10) << ((unit & 0x200) >> 6)


def take_piece_text(data: bytes, *, modified_utf8: bool) -> tuple[bytes, PieceText]:
    """Splits a `tokenizer.json` into one that is given SentencePiece's text, and what writes a word as that.

    Args:
        data: The bytes of a `tokenizer.json` whose normalizer has one `Precompiled`, and `Lowercase` before it if words
            are to be lower-cased.
        modified_utf8: See `PieceText`.

    Raises:
        ModelError: It has no such normalizer.
    """
    try:
        settings: dict[str, Any] = json.loads(data)
        steps = settings["normalizer"]["normalizers"]
        (charsmap,) = (step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled")
        lower_case = any(step["type"] == "Lowercase" for step in steps)
        text = PieceText(base64.b64decode(charsmap), lower_case=lower_case, modified_utf8=modified_utf8)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "tokenizer.json: the piece rule spark-nlp needs a normalizer with one Precompiled, found none that can be "
            f"read ({error!r}); export the package again"
        ) from None
    return json.dumps(settings | {"normalizer": None}).encode(), text


# --- Chunks -----------------------------------------------------------------------------------------------------------


def chunks(tags: Sequence[str], *, has_no_schema: bool = False, white_list: Sequence[str] | None = None) -> list[Span]:
    """Reads the spans that tags mark as Spark NLP's NerConverter does.

    `O` and `B-X` close a span. Any other tag continues it, whatever its label: the first one's is kept. So `spans` of
    `schemes`, which conlleval agrees with, differs where labels change without a `B-`.

    Args:
        tags: One tag a word, `O` for words that have none.
        has_no_schema: Its `nerHasNoSchema`. The label is the whole tag then, and not what is left without its first
            two characters.
        white_list: The labels to keep; `None` for all.
    """
    found: list[Span] = []
    start = None  # of the open span
    for index, tag in enumerate((*tags, "O")):
        if start is not None and (tag == "O" or tag.startswith("B-")):
            found.append(Span(tags[start] if has_no_schema else tags[start][2:], start, index))
            start = None
        if start is None and tag != "O":
            start = index
    return found if white_list is None else [span for span in found if span.label in white_list]
