"""A Spark NLP archive's SentencePiece model -> the `tokenizer.json` that Spark NLP's rules for pieces take.

There SentencePiece alone decides about pieces, without the rules that transformers adds.
"""

from __future__ import annotations

import json
from typing import Any

from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel, plain_tokenizer_from_sentencepiece
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.spark_nlp.pieces import LONE_SPACE, PieceText

# SentencePiece's normalization, after its table of replacements
_SPACES = (
    {"type": "Replace", "pattern": {"Regex": "^ +"}, "content": ""},
    {"type": "Replace", "pattern": {"Regex": " +"}, "content": LONE_SPACE},
    {"type": "Replace", "pattern": {"Regex": f"{LONE_SPACE}+$"}, "content": ""},
    {"type": "Prepend", "prepend": LONE_SPACE},
)


def spark_nlp_tokenizer(model: SentencePieceModel, *, lower_case: bool) -> bytes:
    """Builds a `tokenizer.json` that gives a word the pieces of SentencePiece itself.

    Args:
        model: The archive's `albert_spp`.
        lower_case: Whether words are lower-cased first.

    Raises:
        ExportError: The model's normalization differs from ALBERT's, or is damaged.
    """
    settings: dict[str, Any] = json.loads(plain_tokenizer_from_sentencepiece(model, lower_case=lower_case))
    replacements = [step for step in settings["normalizer"]["normalizers"] if step["type"] == "Precompiled"]
    if not model.strips_spaces or not replacements:
        raise ExportError(
            f"{model.path}: its normalizer_spec must have remove_extra_whitespaces and a precompiled_charsmap, as "
            "ALBERT's SentencePiece model has; other models can't be exported"
        )
    _check_user_defined(model)
    settings["normalizer"]["normalizers"] = [*([{"type": "Lowercase"}] * lower_case), *replacements, *_SPACES]
    settings["model"]["vocab"] = _vocabulary(model)
    return json.dumps(settings | {"added_tokens": [], "pre_tokenizer": None}, ensure_ascii=False).encode()


def masked_piece(model: SentencePieceModel) -> int:
    """Returns the piece that Spark NLP's TensorFlow engine masks, as if it were padding.

    It looks up `[pad]`. ALBERT's vocabularies lack that piece, so it gets the unknown piece.
    """
    return next((index for index, (piece, _) in enumerate(model.pieces) if piece == "[pad]"), model.unknown)


def _vocabulary(model: SentencePieceModel) -> list[tuple[str, float]]:
    """Returns the pieces and scores that make the library `tokenizers` find what SentencePiece finds.

    SentencePiece never finds special pieces in a text. Here their names begin with a space, which no normalized text
    contains. It prefers user-defined symbols by a score of their own: the best score for each byte, less 0.1.
    """
    others = {*model.special, *model.user_defined}
    best = max((score for index, (_, score) in enumerate(model.pieces) if index not in others), default=0.0)
    vocabulary = list(model.pieces)
    for index in model.special:
        vocabulary[index] = (f" {model.pieces[index][0]}", model.pieces[index][1])
    for index in model.user_defined:
        piece = model.pieces[index][0]
        vocabulary[index] = (piece, len(piece.encode()) * best - 0.1)
    return vocabulary


def _check_user_defined(model: SentencePieceModel) -> None:
    """Refuses user-defined symbols that the table of replacements changes, as SentencePiece exempts them from it."""
    text = PieceText(model.charsmap, lower_case=False, modified_utf8=False)
    for index in model.user_defined:
        symbol = model.pieces[index][0]
        if text(symbol) != LONE_SPACE + symbol:
            raise ExportError(
                f"{model.path}: its normalization replaces its own user-defined symbol {symbol!r}; such a model can't "
                "be exported"
            )
