"""Words -> pieces as Spark NLP makes them: by SentencePiece alone, truncated if the model is exact."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.tokenizer import Pieces, ReadPieces, WordTokenizer
from albert_ner_onnx.model.windows import Window

LONE_SPACE: Final = "\u2581"
"""The piece that is a space and nothing else. Spark NLP drops it, so the piece after it carries the word's tag."""

# --- Reading ----------------------------------------------------------------------------------------------------------


def open_tokenizer(data: bytes, capacity: int) -> ReadPieces:
    """Opens a `tokenizer.json` and gives it each word as SentencePiece normalizes it.

    Args:
        data: Its bytes; see `take_piece_text`.
        capacity: Pieces that fit into a window; longer words are cut.

    Raises:
        ModelError: It can't be read.
    """
    settings, text = take_piece_text(data, modified_utf8=False)
    return WordTokenizer(settings, capacity, text, LONE_SPACE).encode


def open_exact_tokenizer(data: bytes, capacity: int) -> ReadPieces:
    """Opens the same, and truncates a text as Spark NLP does.

    Spark NLP truncates to `capacity` words, then to `capacity` pieces, even in the middle of a word. A word whose first
    piece would be the very next one is still tagged, with the scores of `[SEP]`. Later words get no tag.
    """
    settings, text = take_piece_text(data, modified_utf8=True)
    # One piece more than fits. Otherwise the word after a long one would begin exactly where the window ends.
    tokenizer = WordTokenizer(settings, capacity + 1, text, LONE_SPACE)

    def read(words: Sequence[str]) -> Pieces:
        pieces = tokenizer.encode(words[:capacity])
        return Pieces(pieces.ids[:capacity], np.minimum(pieces.bounds, capacity + 1))

    return read


def one_window(bounds: npt.NDArray[np.int64], capacity: int, starts: Sequence[int]) -> list[Window]:
    """Plans the windows of an exact model: a truncated text is read at once, an empty one not at all.

    The arguments are those of `windows.pack_windows`.
    """
    words = len(bounds) - 1
    return [Window(0, words, 0, words)] if bounds[-1] else []


# --- SentencePiece's normalization ------------------------------------------------------------------------------------

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
# Spark NLP hands SentencePiece Java's modified UTF-8, in which SentencePiece can't read these characters. It takes each
# of them for a character that it doesn't know, just as it does with this one of private use.
_UNREADABLE: Final = re.compile("[\0\ud800-\udfff\U00010000-\U0010ffff]")
_UNKNOWN: Final = "\ue000"


class PieceText:
    """Normalizes a word as SentencePiece does before it looks for pieces.

    The library tokenizers has the same table of replacements as `Precompiled`, but applies it to graphemes. There it
    loses or keeps marks differently from SentencePiece, which takes the longest match at each code point.
    """

    def __init__(self, charsmap: bytes, *, lower_case: bool, modified_utf8: bool) -> None:
        """Reads a table of replacements.

        Args:
            charsmap: SentencePiece's `precompiled_charsmap`: the size of a trie, the trie itself (darts-clone's double
                array of uint32), and the replacements, each closed by NUL.
            lower_case: Whether to lower-case words first. Python and Java follow the same rules, final sigma included.
            modified_utf8: Whether NUL and everything above U+FFFF are unknown characters, as they are to Spark NLP.
        """
        size = int.from_bytes(charsmap[:4], "little")
        self._units: list[int] = np.frombuffer(charsmap, "<u4", size // 4, 4).tolist() if size else [0]
        self._replacements = charsmap[4 + size :]
        self._lower_case = lower_case
        self._modified_utf8 = modified_utf8

    def __call__(self, word: str) -> str:
        """Returns the text whose pieces are those of the word, with U+2581 for spaces; empty if it has no pieces."""
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
            else:  # copy a code point; its first byte tells its length
                length = 1 + (data[position] >= 0xC0) + (data[position] >= 0xE0) + (data[position] >= 0xF0)
                parts.append(data[position : position + length])
            position += length
        return b"".join(parts)

    def _longest_match(self, data: bytes, start: int) -> tuple[int, int]:
        """Finds the longest key at a position: its length in bytes, 0 for none, and the place of its replacement."""
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
    """Returns the distance to a node's children. It is packed into 22 bits, and shifted by 8 more if bit 9 is set."""
    return (unit >> 10) << ((unit & 0x200) >> 6)


def take_piece_text(data: bytes, *, modified_utf8: bool) -> tuple[bytes, PieceText]:
    """Takes the normalization out of a `tokenizer.json`.

    Args:
        data: The bytes of a `tokenizer.json` whose normalizer has exactly one `Precompiled`, preceded by `Lowercase`
            if words are to be lower-cased.
        modified_utf8: See `PieceText`.

    Returns:
        The `tokenizer.json` without normalizer, and the normalization.

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
            f"tokenizer.json: the piece rule spark-nlp needs a normalizer with exactly one Precompiled ({error!r})"
        ) from None
    return json.dumps(settings | {"normalizer": None}).encode(), text
