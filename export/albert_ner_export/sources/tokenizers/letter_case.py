"""Whether a `tokenizer.json` heeds case, and changing that."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from albert_ner_onnx.errors import ExportError

_LOWERCASE = {"type": "Lowercase"}


def heeds_case(data: bytes) -> bool:
    """Whether a tokenizer tells `A` from `a`.

    Raises:
        ExportError: The bytes are no `tokenizer.json`.
    """
    try:
        normalizer = Tokenizer.from_str(data.decode()).normalizer
        return normalizer is None or bool(normalizer.normalize_str("A") != normalizer.normalize_str("a"))
    except BaseException as error:  # the library's errors are bare Exceptions, its panics BaseExceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ExportError(f"can't be read as a tokenizer.json ({error})") from None


def set_case(data: bytes, *, case_sensitive: bool) -> bytes:
    """Lets a tokenizer heed case, or ignore it, as transformers' `do_lower_case` would have done.

    Raises:
        ExportError: The bytes are no `tokenizer.json`, or one whose normalizer folds case in another way.
    """
    if heeds_case(data) == case_sensitive:
        return data
    settings = json.loads(data)
    change = _without_lower_case if case_sensitive else _with_lower_case
    changed = json.dumps(settings | {"normalizer": change(settings.get("normalizer"))}, ensure_ascii=False).encode()
    if heeds_case(changed) != case_sensitive:
        kind = (settings.get("normalizer") or {}).get("type")
        raise ExportError(f"its normalizer ({kind}) folds case by a table of its own, so it can't be made to heed case")
    return changed


def _without_lower_case(normalizer: Any) -> Any:
    if normalizer == _LOWERCASE:
        return None
    if normalizer["type"] == "BertNormalizer":
        return normalizer | {"lowercase": False}
    if normalizer["type"] == "Sequence":
        steps = [step for step in normalizer["normalizers"] if step != _LOWERCASE]
        return normalizer | {"normalizers": [_without_lower_case(step) for step in steps]}
    return normalizer


def _with_lower_case(normalizer: Any) -> Any:
    if normalizer is None:
        return _LOWERCASE
    if normalizer["type"] == "BertNormalizer":
        return normalizer | {"lowercase": True}
    steps = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    kinds = [step["type"] for step in steps]
    if "BertNormalizer" in kinds:
        steps = [_with_lower_case(step) if step["type"] == "BertNormalizer" else step for step in steps]
    else:  # before SentencePiece's own table, which is where AlbertTokenizerFast has it
        place = kinds.index("Precompiled") if "Precompiled" in kinds else len(kinds)
        steps = [*steps[:place], _LOWERCASE, *steps[place:]]
    return {"type": "Sequence", "normalizers": steps}
