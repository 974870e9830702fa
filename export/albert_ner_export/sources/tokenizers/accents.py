"""Where the readings of a SentencePiece model differ in accents.

transformers' AlbertTokenizerFast drops every mark (accents, vowel signs) unless `keep_accents` is set. Its slow
AlbertTokenizer and Google's code drop only marks with a combining class, so vowel signs of Hindi or Thai stay.
SentencePiece itself, and Spark NLP, drop none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel

_MANY = 0.05  # of the pieces; those of an English vocabulary hold hardly any


def describe_difference(model: SentencePieceModel, texts: Iterable[str]) -> str | None:
    """Says where dropping accents changes more than it should; returns `None` if the readings hardly differ.

    Args:
        model: A SentencePiece model that is going to be read without accents.
        texts: What the exported model will read, if that is known.
    """
    pieces = [piece.strip("\u2581") for piece, _ in model.pieces]
    lost = [piece for piece in pieces if _drops(piece)]
    if len(lost) > _MANY * len(pieces):
        return f"{len(lost)} of its {len(pieces)} pieces, such as {_longest(lost)!r}, are never read"
    words = {word for text in texts for word in text.split()}
    if odd := [word for word in words if _drops(word, vowels=True)]:
        return f"{len(odd)} of the text's {len(words)} different words, such as {_longest(odd)!r}, lose vowel signs"
    return None


def _drops(text: str, *, vowels: bool = False) -> bool:
    """Whether a text holds marks, or such that only AlbertTokenizerFast drops."""
    if text.isascii():
        return False
    marks = [char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char)[0] == "M"]
    return any(not vowels or not unicodedata.combining(char) for char in marks)


def _longest(texts: Sequence[str]) -> str:
    return max(sorted(texts), key=len)
