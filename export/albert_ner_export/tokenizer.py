"""A checkpoint's `tokenizer.json`: what the exporter must know of it, and the file that a model gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tokenizers import Tokenizer

from albert_ner_onnx.errors import ExportError


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """A tokenizer, described.

    Attributes:
        data: Its `tokenizer.json` without white space, and without truncation and padding, which belong to training.
        cls_id: Piece that opens every sequence.
        sep_id: Piece that closes every sequence.
        lower_case: Whether it ignores case.
    """

    data: bytes
    cls_id: int
    sep_id: int
    lower_case: bool


def describe_tokenizer(data: bytes, vocab_size: int) -> TokenizerFacts:
    """Reads a `tokenizer.json`.

    Args:
        data: Its bytes.
        vocab_size: Rows of the word embeddings; every piece must be one of them.

    Raises:
        ExportError: It can't be read, or doesn't fit the model.
    """
    with tokenizers_errors("tokenizer.json"):
        settings = json.loads(data) | {"truncation": None, "padding": None}
        clean = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
        tokenizer = Tokenizer.from_str(clean)
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    if largest >= vocab_size:
        raise ExportError(
            f"tokenizer.json: piece {largest} is outside of the model's vocab_size of {vocab_size}; give the tokenizer "
            "that the model was trained with"
        )
    special = tokenizer.encode("").ids
    if len(special) != 2:
        raise ExportError(
            "tokenizer.json: its post_processor must put one piece before a sequence and one after it ([CLS] and "
            f"[SEP]), found {len(special)} pieces; give the tokenizer of an ALBERT"
        )
    return TokenizerFacts(clean.encode(), special[0], special[1], ignores_case(tokenizer))


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
