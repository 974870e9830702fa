"""Words -> pieces. The only module that knows the library tokenizers.

The tokenizer is only ever given words and never asked for an offset, so no normalisation can shift one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.spark_nlp.pieces import LONE_SPACE, take_piece_text

PIECE_RULES = ("word", "spark-nlp")
"""How a word becomes pieces: as the tokenizer does it, or by SentencePiece alone, without lone spaces."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_CACHED_WORDS = 50_000  # some 10 MB; a newspaper's year has about as many different words
_CACHED_CHARACTERS = 64  # longer words are rare, and would let hostile input fill the memory
_READ_CHARACTERS = 8192  # enough for 512 pieces of 16 characters, whatever is given as one word


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one sequence of words, without special ones.

    Attributes:
        ids: int64 [piece].
        bounds: int64 [word + 1]; the pieces of word w are `ids[bounds[w]:bounds[w + 1]]`, and the first of them
            carries its tag. A word of nothing that the model knows (zero-width characters, say) has none.
    """

    ids: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]


class WordTokenizer:
    """Turns words into pieces, each word on its own, remembering those it has seen."""

    def __init__(self, data: bytes, max_word_pieces: int, rule: str = "word", *, modified_utf8: bool = False) -> None:
        """Loads a tokenizer.

        Args:
            data: The bytes of a `tokenizer.json`.
            max_word_pieces: How many pieces of one word are kept; the first one carries the tag.
            rule: One of `PIECE_RULES`.
            modified_utf8: For the rule `spark-nlp`; see `spark_nlp.PieceText`.

        Raises:
            ModelError: The bytes are no tokenizer.
        """
        self._text: Callable[[str], str] = _readable
        if rule == "spark-nlp":
            data, self._text = take_piece_text(data, modified_utf8=modified_utf8)
        try:
            self._tokenizer = Tokenizer.from_str(data.decode())
        except BaseException as error:  # the library's own errors are bare Exceptions, its panics BaseExceptions
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ModelError(f"tokenizer.json: can't be loaded ({error}); export the package again") from None
        # A tokenizer.json often carries the settings of its training; both would change or cut what it is given.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
        self._dropped = self._tokenizer.token_to_id(LONE_SPACE) if rule == "spark-nlp" else None
        self._max_word_pieces = max_word_pieces
        self._cache: dict[str, tuple[int, ...]] = {}

    def encode(self, words: Sequence[str]) -> Pieces:
        """Tokenizes the words of one sequence. Lone surrogates, which UTF-8 can't hold, are read as U+FFFD."""
        cached = self._cache.get
        pieces = [found if (found := cached(word)) is not None else self._encode_word(word) for word in words]
        bounds = np.array([*accumulate(map(len, pieces), initial=0)], np.int64)
        return Pieces(np.fromiter(chain.from_iterable(pieces), np.int64, int(bounds[-1])), bounds)

    def _encode_word(self, word: str) -> tuple[int, ...]:
        text = self._text(word[:_READ_CHARACTERS])
        encoding = self._tokenizer.encode([text], is_pretokenized=True, add_special_tokens=False)
        ids = tuple([piece for piece in encoding.ids if piece != self._dropped][: self._max_word_pieces])
        if len(word) <= _CACHED_CHARACTERS:
            if len(self._cache) >= _CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids


def _readable(word: str) -> str:
    return _SURROGATES.sub("\ufffd", word)
