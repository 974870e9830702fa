"""Words -> pieces. Nothing else in the runtime imports the library tokenizers.

The tokenizer only ever gets single words and is never asked for an offset, so no normalization can shift one.

A word that holds the unknown piece tells the model nothing. So it may be read in plain characters instead, if they are
known, such as full-width letters as those of ASCII. A word without unknown pieces always has the pieces of the
checkpoint's own tokenizer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.text.plain import plain

_SURROGATES = re.compile("[\ud800-\udfff]")
_CACHED_WORDS = 50_000  # about 10 MB; a year of a newspaper has about as many different words
_CACHED_CHARACTERS = 64  # longer words are rare, and hostile input made of them would fill the memory
_READ_CHARACTERS = 8192  # of a word; the rest is cut: this is enough for 512 pieces of 16 characters


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a list of words, without special pieces.

    Attributes:
        ids: int64 [piece].
        bounds: int64 [word + 1]. Word w has the pieces `ids[bounds[w]:bounds[w + 1]]`; its tag is read from the first.
            A word that holds nothing the model knows, such as zero-width characters, has no pieces.
    """

    ids: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]


ReadPieces = Callable[[Sequence[str]], Pieces]
"""Turns the words of one text into pieces."""


def replace_surrogates(word: str) -> str:
    """Replaces lone surrogates, which UTF-8 can't hold, by U+FFFD."""
    return _SURROGATES.sub("\ufffd", word)


def unknown_piece(tokenizer: Tokenizer) -> int | None:
    """Returns the piece that a tokenizer gives for what it doesn't know; `None` if it knows everything."""
    model = tokenizer.model
    if hasattr(model, "unk_token"):  # WordPiece, WordLevel, BPE
        found = None if model.unk_token is None else tokenizer.token_to_id(model.unk_token)
    else:  # Unigram doesn't tell
        found = json.loads(tokenizer.to_str())["model"].get("unk_id")
    return None if found is None else int(found)


class WordTokenizer:
    """Turns words into pieces, one word at a time, and remembers the words that it has seen."""

    def __init__(
        self,
        data: bytes,
        max_word_pieces: int,
        prepare: Callable[[str], str] = replace_surrogates,
        dropped: str | None = None,
        *,
        reads_plain: bool = False,
    ) -> None:
        """Loads a tokenizer.

        Args:
            data: The bytes of a `tokenizer.json`.
            max_word_pieces: How many pieces to keep of one word.
            prepare: Turns a word into the text that the tokenizer gets.
            dropped: A piece to leave out wherever it occurs; by default none.
            reads_plain: Whether a word that would hold the unknown piece is read in plain characters (`text.plain`) if
                it holds fewer of them then. If nothing of the word is left then, it has no pieces.

        Raises:
            ModelError: The bytes are not a tokenizer.
        """
        try:
            self._tokenizer = Tokenizer.from_str(data.decode())
        except BaseException as error:  # the library raises bare Exceptions, and its panics are BaseExceptions
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ModelError(f"tokenizer.json: can't be loaded ({error})") from None
        # A tokenizer.json often carries truncation and padding from its training: both would change the pieces.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
        self._structure = frozenset(
            index for index, token in self._tokenizer.get_added_tokens_decoder().items() if token.special
        )
        self._prepare = prepare
        self._dropped = None if dropped is None else self._tokenizer.token_to_id(dropped)
        self._max_word_pieces = max_word_pieces
        self._reads_plain = reads_plain
        self._cache: dict[str, tuple[int, ...]] = {}

    def encode(self, words: Sequence[str]) -> Pieces:
        """Tokenizes the words of one text."""
        cached = self._cache.get
        pieces = [found if (found := cached(word)) is not None else self._encode_word(word) for word in words]
        bounds = np.array([*accumulate(map(len, pieces), initial=0)], np.int64)
        return Pieces(np.fromiter(chain.from_iterable(pieces), np.int64, int(bounds[-1])), bounds)

    def _encode_word(self, word: str) -> tuple[int, ...]:
        text = self._prepare(word[:_READ_CHARACTERS])
        ids = self._read(text)
        if len(word) <= _CACHED_CHARACTERS:
            # Printable ASCII is plain. Longer words aren't names.
            if self._reads_plain and not (word.isascii() and word.isprintable()) and self._unknown in ids:
                ids = self._read_plain(text, ids)
            if len(self._cache) >= _CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids

    def _read(self, text: str) -> tuple[int, ...]:
        encoding = self._tokenizer.encode([text], is_pretokenized=True, add_special_tokens=False)
        if not self._structure.isdisjoint(encoding.ids) and self._spells_structure(text, encoding.ids):
            encoding = self._nameless.encode([text], is_pretokenized=True, add_special_tokens=False)
        return tuple([piece for piece in encoding.ids if piece != self._dropped][: self._max_word_pieces])

    def _read_plain(self, text: str, ids: tuple[int, ...]) -> tuple[int, ...]:
        """Reads a text in plain characters. Returns its pieces if fewer of them are unknown than of `ids`."""
        plain_text = plain(text)
        if not plain_text:
            return ()
        plain_ids = self._read(plain_text)
        return plain_ids if plain_ids.count(self._unknown) < ids.count(self._unknown) else ids

    def _spells_structure(self, text: str, ids: Sequence[int]) -> bool:
        """Whether a text itself spells a special piece, rather than just holds something unknown."""
        return any(index != self._unknown for index in self._structure.intersection(ids)) or any(
            token.content in text for token in self._tokenizer.get_added_tokens_decoder().values() if token.special
        )

    @cached_property
    def _nameless(self) -> Tokenizer:
        """The same tokenizer, whose special pieces have names that no text spells.

        Special tokens aren't looked for in texts, but the model still has their names in its vocabulary: Unigram knows
        `<pad>` as a piece like any other, and WordPiece a `[SEP]` that nothing splits.
        """
        settings = json.loads(self._tokenizer.to_str())
        model, added = settings["model"], settings["added_tokens"]
        names = {token["content"]: f"\0{token['content']}" for token in added if token["special"]}
        vocabulary = model["vocab"]
        if isinstance(vocabulary, list):
            model["vocab"] = [[names.get(piece, piece), score] for piece, score in vocabulary]
        else:
            model["vocab"] = {names.get(piece, piece): index for piece, index in vocabulary.items()}
        if model.get("unk_token") is not None:
            model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
        for token in added:
            token["content"] = names.get(token["content"], token["content"])
        result = Tokenizer.from_str(json.dumps(settings | {"post_processor": None}))
        result.encode_special_tokens = True
        return result

    @cached_property
    def _unknown(self) -> int | None:
        return unknown_piece(self._tokenizer)  # most texts never ask for it
