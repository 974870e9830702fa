"""What the package has to know of a checkpoint's tokenizer, and the file as the package holds it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tokenizers import Tokenizer

from albert_ner_onnx.errors import ExportError


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """A tokenizer, described.

    Attributes:
        data: Its `tokenizer.json` without white space, truncation and padding, which are settings of its training.
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
        vocab_size: Rows of the word embeddings, which every piece must be one of.

    Raises:
        ExportError: It can't be read, or doesn't fit the model.
    """
    try:
        settings = json.loads(data) | {"truncation": None, "padding": None}
        clean = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
        tokenizer = Tokenizer.from_str(clean)
    except BaseException as error:  # the library's own errors are bare Exceptions, its panics BaseExceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ExportError(f"tokenizer.json: can't be read ({error})") from None
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    if largest >= vocab_size:
        raise ExportError(f"tokenizer.json: has a piece {largest}, the model's vocab_size is {vocab_size}")
    special = tokenizer.encode("").ids
    if len(special) != 2:
        raise ExportError(
            f"tokenizer.json: its post_processor must put one piece before and one behind a sequence ([CLS] and "
            f"[SEP]), found {len(special)}"
        )
    normalizer = tokenizer.normalizer
    lower_case = normalizer is not None and normalizer.normalize_str("A") == normalizer.normalize_str("a")
    return TokenizerFacts(clean.encode(), special[0], special[1], lower_case)
