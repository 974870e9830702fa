"""The normalizer of a `tokenizer.json`, changed as the settings of its class or a user's word on accents say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.sources.tokenizers.settings import TokenizerSettings
from albert_ner_export.tokenizer import tokenizers_errors
from albert_ner_onnx.errors import ExportError

_STRIP = ({"type": "NFKD"}, {"type": "StripAccents"})
_PROBE, _PLAIN = "é", "e"


def apply_bert_settings(data: bytes, settings: TokenizerSettings) -> bytes:
    """Does what `BertTokenizerFast.__init__` does: the settings replace those of a BERT normalizer.

    A setting that isn't there counts as its default. Other normalizers stay as they are.

    Args:
        data: The bytes of a `tokenizer.json`.
        settings: What the files beside it say.
    """
    content = json.loads(data)
    normalizer = content.get("normalizer") or {}
    if normalizer.get("type") != "BertNormalizer":
        return data
    changed = normalizer | {
        "lowercase": settings.lower_case,
        "strip_accents": settings.strip_accents,
        "handle_chinese_chars": settings.chinese_characters,
    }
    if changed == normalizer:
        return data
    return json.dumps(content | {"normalizer": changed}, ensure_ascii=False).encode()


def keeps_accents(data: bytes, path: Path) -> bool:
    """Whether a tokenizer distinguishes `e` from `é`.

    Raises:
        ExportError: It can't be read.
    """
    with tokenizers_errors(str(path)):
        normalizer = Tokenizer.from_str(data.decode()).normalizer
        return normalizer is None or normalizer.normalize_str(_PROBE) != normalizer.normalize_str(_PLAIN)


def set_accents(data: bytes, path: Path, *, keep: bool) -> bytes:
    """Makes a tokenizer keep accents or drop them, as `AlbertTokenizer`'s `keep_accents` would have done.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.
        keep: Whether the result keeps accents.

    Raises:
        ExportError: It can't be read, or its normalizer is neither ALBERT's nor BERT's.
    """
    if keeps_accents(data, path) == keep:
        return data
    content = json.loads(data)
    changed = json.dumps(content | {"normalizer": _changed(content.get("normalizer"), keep)}, ensure_ascii=False)
    if keeps_accents(changed.encode(), path) != keep:
        kind = (content.get("normalizer") or {}).get("type")
        raise ExportError(
            f"{path}: its normalizer ({kind}) is neither ALBERT's nor BERT's, so its accents can't be changed; omit "
            "--keep-accents"
        )
    return changed.encode()


def _changed(normalizer: Any, keep: bool) -> Any:
    if normalizer is None:
        return normalizer if keep else {"type": "Sequence", "normalizers": list(_STRIP)}
    if normalizer["type"] == "BertNormalizer":
        return normalizer | {"strip_accents": not keep}
    if normalizer["type"] != "Sequence":
        return normalizer
    steps = normalizer["normalizers"]
    if keep:
        return normalizer | {"normalizers": [step for step in steps if step not in _STRIP]}
    # After the quotation marks, where AlbertTokenizerFast has them
    kinds = [step["type"] for step in steps]
    place = next((index for index, kind in enumerate(kinds) if kind != "Replace"), len(kinds))
    return normalizer | {"normalizers": [*steps[:place], *_STRIP, *steps[place:]]}
