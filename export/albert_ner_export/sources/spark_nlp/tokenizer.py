"""A Spark NLP archive's SentencePiece model -> the `tokenizer.json` that the piece rule `spark-nlp` takes.

SentencePiece alone decides about pieces there, without the rules that transformers adds.
"""

from __future__ import annotations

import json
from typing import Any

from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel, plain_tokenizer_from_sentencepiece
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.spark_nlp.pieces import LONE_SPACE, PieceText

# What is left of SentencePiece's normalization when its table of replacements has been applied
_SPACES = (
    {"type": "Replace", "pattern": {"Regex": "^ +"}, "content": ""},
    {"type": "Replace", "pattern": {"Regex": " +"}, "content": LONE_SPACE},
    {"type": "Replace", "pattern": {"Regex": f"{LONE_SPACE}+$"}, "content": ""},
    {"type": "Prepend", "prepend": LONE_SPACE},
)


def spark_nlp_tokenizer(model: bytes, *, lower_case: bool) -> bytes:
    """Builds a `tokenizer.json` that gives a word the pieces of SentencePiece itself.

    Args:
        model: The bytes of `albert_spp`.
        lower_case: Whether words are lower-cased first.

    Raises:
        ExportError: The bytes are no SentencePiece model of an ALBERT.
    """
    parsed = SentencePieceModel.parse(model)
    settings: dict[str, Any] = json.loads(plain_tokenizer_from_sentencepiece(model, lower_case=lower_case))
    replacements = [step for step in settings["normalizer"]["normalizers"] if step["type"] == "Precompiled"]
    if not parsed.strips_spaces or not replacements:
        raise ExportError(
            "SentencePiece model: normalizer_spec must have remove_extra_whitespaces and a precompiled_charsmap, "
            "as in ALBERT's; such a model can't be exported"
        )
    _check_user_defined(parsed)
    settings["normalizer"]["normalizers"] = [*([{"type": "Lowercase"}] * lower_case), *replacements, *_SPACES]
    settings["model"]["vocab"] = _vocabulary(parsed)
    return json.dumps(settings | {"added_tokens": [], "pre_tokenizer": None}, ensure_ascii=False).encode()


def masked_piece(model: bytes) -> int:
    """The piece that Spark NLP's TensorFlow engine takes for padding: `[pad]`, which ALBERT's lack, so the unknown one.

    Args:
        model: See `spark_nlp_tokenizer`.

    Raises:
        ExportError: See `spark_nlp_tokenizer`.
    """
    parsed = SentencePieceModel.parse(model)
    return next((index for index, (piece, _) in enumerate(parsed.pieces) if piece == "[pad]"), parsed.unknown)


def _vocabulary(parsed: SentencePieceModel) -> list[tuple[str, float]]:
    """Pieces and scores that make `tokenizers` find what SentencePiece finds.

    SentencePiece never finds special pieces in a text: here they get a name with a space, which no text has left.
    It prefers user-defined symbols by a score of their own: the best one for each byte, less 0.1.
    """
    others = {*parsed.special, *parsed.user_defined}
    best = max((score for index, (_, score) in enumerate(parsed.pieces) if index not in others), default=0.0)
    vocabulary = list(parsed.pieces)
    for index in parsed.special:
        vocabulary[index] = (f" {parsed.pieces[index][0]}", parsed.pieces[index][1])
    for index in parsed.user_defined:
        piece = parsed.pieces[index][0]
        vocabulary[index] = (piece, len(piece.encode()) * best - 0.1)
    return vocabulary


def _check_user_defined(parsed: SentencePieceModel) -> None:
    """Refuses user-defined symbols that the table of replacements changes, as SentencePiece exempts them from it."""
    text = PieceText(parsed.charsmap, lower_case=False, modified_utf8=False)
    for index in parsed.user_defined:
        symbol = parsed.pieces[index][0]
        if text(symbol) != LONE_SPACE + symbol:
            raise ExportError(
                f"SentencePiece model: its user-defined symbol {symbol!r} is replaced by its own normalization; "
                "such a model can't be exported"
            )
