"""The normalizer of a `tokenizer.json`: whether it keeps case and accents, and how to change that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.sources.tokenizers.settings import TokenizerSettings
from albert_ner_export.tokenizer import tokenizers_errors
from albert_ner_onnx.errors import ExportError

_LOWERCASE = {"type": "Lowercase"}
_STRIP = ({"type": "NFKD"}, {"type": "StripAccents"})


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
    return data if changed == normalizer else _with_normalizer(content, changed)


def is_case_sensitive(data: bytes, path: Path) -> bool:
    """Whether a tokenizer distinguishes `A` from `a`.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.

    Raises:
        ExportError: It can't be read.
    """
    return _distinguishes(data, path, "A", "a")


def keeps_accents(data: bytes, path: Path) -> bool:
    """Whether a tokenizer distinguishes `é` from `e`. The arguments and errors are those of `is_case_sensitive`."""
    return _distinguishes(data, path, "é", "e")


def set_case(data: bytes, path: Path, *, case_sensitive: bool) -> bytes:
    """Makes a tokenizer distinguish case, or ignore it, as transformers' `do_lower_case` would have done.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.
        case_sensitive: Whether the result distinguishes case.

    Raises:
        ExportError: It can't be read, or its normalizer folds case in a way that can't be removed.
    """
    return _change(
        data,
        path,
        is_case_sensitive,
        case_sensitive,
        _without_lower_case if case_sensitive else _with_lower_case,
        "folds case by a table of its own, so it can't distinguish case; omit --case-sensitive",
    )


def set_accents(data: bytes, path: Path, *, keep: bool) -> bytes:
    """Makes a tokenizer keep accents or drop them, as `AlbertTokenizer`'s `keep_accents` would have done.

    Args:
        data: The bytes of a `tokenizer.json`.
        path: Where it is, for messages.
        keep: Whether the result keeps accents.

    Raises:
        ExportError: It can't be read, or its normalizer is neither ALBERT's nor BERT's.
    """
    return _change(
        data,
        path,
        keeps_accents,
        keep,
        _with_accents if keep else _without_accents,
        "is neither ALBERT's nor BERT's, so its accents can't be changed; omit --keep-accents",
    )


def _distinguishes(data: bytes, path: Path, one: str, other: str) -> bool:
    with tokenizers_errors(str(path)):
        normalizer = Tokenizer.from_str(data.decode()).normalizer
        return normalizer is None or normalizer.normalize_str(one) != normalizer.normalize_str(other)


def _change(
    data: bytes,
    path: Path,
    is_so: Callable[[bytes, Path], bool],
    wanted: bool,
    change: Callable[[Any], Any],
    fault: str,
) -> bytes:
    """Changes a normalizer unless it is as wanted, and checks that it is then. If it isn't, `fault` says why."""
    if is_so(data, path) == wanted:
        return data
    content = json.loads(data)
    changed = _with_normalizer(content, change(content.get("normalizer")))
    if is_so(changed, path) != wanted:
        kind = (content.get("normalizer") or {}).get("type")
        raise ExportError(f"{path}: its normalizer ({kind}) {fault}")
    return changed


def _with_normalizer(content: dict[str, Any], normalizer: Any) -> bytes:
    return json.dumps(content | {"normalizer": normalizer}, ensure_ascii=False).encode()


# --- Case -------------------------------------------------------------------------------------------------------------


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


# --- Accents ----------------------------------------------------------------------------------------------------------


def _with_accents(normalizer: Any) -> Any:
    if normalizer["type"] == "BertNormalizer":
        return normalizer | {"strip_accents": False}
    if normalizer["type"] == "Sequence":
        return normalizer | {"normalizers": [step for step in normalizer["normalizers"] if step not in _STRIP]}
    return normalizer


def _without_accents(normalizer: Any) -> Any:
    if normalizer is None:
        return {"type": "Sequence", "normalizers": list(_STRIP)}
    if normalizer["type"] == "BertNormalizer":
        return normalizer | {"strip_accents": True}
    if normalizer["type"] != "Sequence":
        return normalizer
    # After the quotation marks, where AlbertTokenizerFast has them
    steps = normalizer["normalizers"]
    kinds = [step["type"] for step in steps]
    place = next((index for index, kind in enumerate(kinds) if kind != "Replace"), len(kinds))
    return normalizer | {"normalizers": [*steps[:place], *_STRIP, *steps[place:]]}
