"""A checkpoint's `tokenizer.json`: what the exporter must know of it, and the file that a model gets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.text.words import split_words

MAX_UNUSED = 127
"""Embeddings without a piece: matrices are padded to a multiple of 8, 64 or 128. Of a small one, an eighth at most."""


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """A tokenizer, described.

    Attributes:
        data: Its `tokenizer.json` without white space, and without truncation and padding, which belong to training.
        cls_id: Piece that opens every sequence.
        sep_id: Piece that closes every sequence.
        lower_case: Whether it ignores case.
        markers: Pieces such as `[USER]` that stand for what a text spells, and that our splitter would part.
    """

    data: bytes
    cls_id: int
    sep_id: int
    lower_case: bool
    markers: tuple[str, ...] = ()


def describe_tokenizer(data: bytes, vocab_size: int, *, trusted: bool = False) -> TokenizerFacts:
    """Reads a `tokenizer.json`.

    Args:
        data: Its bytes.
        vocab_size: Rows of the word embeddings; every piece must be one of them, and nearly every one a piece.
        trusted: Whether the user says that the vocabulary is whole, however small it is.

    Raises:
        ExportError: It can't be read, or doesn't fit the model.
    """
    with tokenizers_errors("tokenizer.json"):
        settings = json.loads(data) | {"truncation": None, "padding": None}
        clean = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
        tokenizer = Tokenizer.from_str(clean)
        ids = set(tokenizer.get_vocab(with_added_tokens=True).values())
        probe = tokenizer.encode("a")
        special = tokenizer.encode("").ids
    _check_size(ids, vocab_size, trusted=trusted)
    around = [index for index, added in enumerate(probe.special_tokens_mask) if added]
    if len(special) != 2 or around != [0, len(probe.ids) - 1]:
        raise ExportError(
            "tokenizer.json: its post_processor must put one piece before a sequence and one after it ([CLS] and "
            f"[SEP]), but it reads 'a' as {' '.join(probe.tokens)}; give the tokenizer of an ALBERT"
        )
    return TokenizerFacts(
        clean.encode(), special[0], special[1], ignores_case(tokenizer), _markers(settings.get("added_tokens") or ())
    )


def _check_size(ids: Collection[int], vocab_size: int, *, trusted: bool) -> None:
    """Refuses pieces without an embedding, and more embeddings without a piece than padding explains."""
    if (largest := max(ids, default=0)) >= vocab_size:
        raise ExportError(
            f"tokenizer.json: piece {largest} is outside of the model's vocab_size of {vocab_size}, as are "
            f"{sum(index >= vocab_size for index in ids)} in all; give the tokenizer that the model was trained with"
        )
    unused = vocab_size - len(ids)
    if unused > min(MAX_UNUSED, vocab_size // 8) and not trusted:
        raise ExportError(
            f"tokenizer.json: {unused} of the model's {vocab_size} embeddings have no piece, more than padding "
            "explains: the vocabulary seems to be cut, or another model's; give the whole one, or, if the model was "
            "trained with this one, --trust-tokenizer ours"
        )


def _markers(added: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns the added tokens, other than special ones, that begin and end like a sign and that aren't one word.

    Letters at their ends would cut other words: a token `cat` is in `concatenate`.
    """
    contents = [str(token["content"]) for token in added if not token.get("special")]
    return tuple(
        content
        for content in contents
        if not content[0].isalnum()
        and not content[-1].isalnum()
        and len(split_words(content)) > 1
        and not any(map(str.isspace, content))
    )


def ignores_case(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer gives `A` and `a` the same pieces."""
    normalizer = tokenizer.normalizer
    return normalizer is not None and bool(normalizer.normalize_str("A") == normalizer.normalize_str("a"))


@contextmanager
def tokenizers_errors(place: str) -> Iterator[None]:
    """Turns whatever the library `tokenizers` raises into an `ExportError`.

    Its errors are bare Exceptions, and the panics of its Rust code are BaseExceptions.

    Args:
        place: What was being read, for the message.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        reason = " ".join(str(error).split())
        raise ExportError(f"{place}: can't be read ({reason}); it is damaged: copy or save it again") from None
