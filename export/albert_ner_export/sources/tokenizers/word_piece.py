"""A WordPiece vocabulary (`vocab.txt`) -> the `tokenizer.json` of transformers' `BertTokenizerFast`."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import PurePath

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from albert_ner_onnx.errors import ExportError

# BertTokenizer's special pieces, by their uses
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
    path: PurePath,
    *,
    lower_case: bool = True,
    strip_accents: bool | None = None,
    chinese_characters: bool = True,
    special: Mapping[str, str] = SPECIAL,
) -> bytes:
    """Builds a `tokenizer.json`.

    Args:
        vocabulary: One piece per line, in the order of their ids.
        path: Where it is, for messages.
        lower_case: `BertTokenizer`'s `do_lower_case`.
        strip_accents: Its own; by default as `lower_case`.
        chinese_characters: Its `tokenize_chinese_chars`: whether each Chinese character is a word.
        special: The special pieces that differ from BERT's, by uses such as `cls_token`.

    Raises:
        ExportError: It isn't a vocabulary, or lacks the special pieces.
    """
    try:
        # As transformers reads it: at every line end of a text file, and of two equal lines the last one counts
        lines = list(io.TextIOWrapper(io.BytesIO(vocabulary), "utf-8"))
    except UnicodeDecodeError as error:
        raise ExportError(f"{path}: not UTF-8 at byte {error.start}; expected one piece per line") from None
    ids = {line.removesuffix("\n"): index for index, line in enumerate(lines)}
    names = {**SPECIAL, **special}
    if missing := [names[use] for use in _REQUIRED if names[use] not in ids]:
        raise ExportError(
            f"{path}: has no piece {missing[0]}; if it has another name, say so in tokenizer_config.json "
            f"({', '.join(_REQUIRED)})"
        )
    cls, sep = names["cls_token"], names["sep_token"]
    if unfit := re.findall(r"[:$\s]", cls + sep):
        raise ExportError(f"{path}: {cls} and {sep} must not contain {unfit[0]!r}; rename the pieces")
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
