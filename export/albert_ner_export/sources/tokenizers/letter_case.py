"""Whether a `tokenizer.json` distinguishes upper from lower case, and how to change that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.tokenizer import ignores_case, tokenizers_errors
from albert_ner_onnx.errors import ExportError

_LOWERCASE = {"type": "Lowercase"}


def is_case_sensitive(data: bytes, path: Path) -> bool:
    """Whether a tokenizer distinguishes `A` from `a`.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.

    Raises:
        ExportError: It can't be read.
    """
    with tokenizers_errors(str(path)):
        return not ignores_case(Tokenizer.from_str(data.decode()))


def set_case(data: bytes, path: Path, *, case_sensitive: bool) -> bytes:
    """Makes a tokenizer distinguish case, or ignore it, as transformers' `do_lower_case` would have done.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.
        case_sensitive: Whether the result distinguishes case.

    Raises:
        ExportError: It can't be read, or its normalizer folds case in a way that can't be removed.
    """
    if is_case_sensitive(data, path) == case_sensitive:
        return data
    settings = json.loads(data)
    change = _without_lower_case if case_sensitive else _with_lower_case
    changed = json.dumps(settings | {"normalizer": change(settings.get("normalizer"))}, ensure_ascii=False).encode()
    if is_case_sensitive(changed, path) != case_sensitive:
        kind = (settings.get("normalizer") or {}).get("type")
        raise ExportError(
            f"{path}: its normalizer ({kind}) folds case by a table of its own, so it can't distinguish case; "
            "omit --case-sensitive"
        )
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
    else:  # before SentencePiece's own table, where AlbertTokenizerFast has it
        place = kinds.index("Precompiled") if "Precompiled" in kinds else len(kinds)
        steps = [*steps[:place], _LOWERCASE, *steps[place:]]
    return {"type": "Sequence", "normalizers": steps}
