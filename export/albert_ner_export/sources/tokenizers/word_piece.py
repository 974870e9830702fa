"""A WordPiece vocabulary (`vocab.txt`) -> the `tokenizer.json` of transformers' `BertTokenizerFast`."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from albert_ner_onnx.errors import ExportError

# Of BertTokenizer
SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_REQUIRED = ("unk_token", "cls_token", "sep_token")


def tokenizer_from_vocabulary(
    vocabulary: bytes,
    *,
    lower_case: bool = True,
    strip_accents: bool | None = None,
    chinese_characters: bool = True,
    special: Mapping[str, str] | None = None,
) -> bytes:
    """Builds a `tokenizer.json`.

    Args:
        vocabulary: A piece a line, in the order of their ids.
        lower_case: `do_lower_case` of `BertTokenizer`.
        strip_accents: The same; by default as `lower_case`.
        chinese_characters: Its `tokenize_chinese_chars`: whether each Chinese character is a word.
        special: Those of its special pieces that aren't as BERT's, by names such as `cls_token`.

    Raises:
        ExportError: It is no vocabulary, or has no special pieces.
    """
    try:
        # As transformers reads it: whatever ends a line in a text file does, and of equal lines the last counts
        lines = list(io.TextIOWrapper(io.BytesIO(vocabulary), "utf-8"))
    except UnicodeDecodeError as error:
        raise ExportError(f"WordPiece vocabulary: must be UTF-8, found other bytes at {error.start}") from None
    ids = {line.removesuffix("\n"): index for index, line in enumerate(lines)}
    names = SPECIAL | dict(special or {})
    if missing := [names[name] for name in _REQUIRED if names[name] not in ids]:
        raise ExportError(
            f"WordPiece vocabulary: has no piece {missing[0]}; if it is called otherwise, "
            "tokenizer_config.json must say so (unk_token, cls_token, sep_token)"
        )
    cls, sep = names["cls_token"], names["sep_token"]
    if unfit := re.findall(r"[:$\s]", cls + sep):
        raise ExportError(f"WordPiece vocabulary: {cls} and {sep} may not hold {unfit[0]!r}; call the pieces otherwise")
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=names["unk_token"], max_input_chars_per_word=100))
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in names.values() if name in ids])
    tokenizer.normalizer = normalizers.BertNormalizer(True, chinese_characters, strip_accents, lower_case)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(cls, ids[cls]), (sep, ids[sep])],
    )
    return str(tokenizer.to_str()).encode()
