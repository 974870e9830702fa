"""The tokenizer of a folder, in whichever of its three forms it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.folder import Folder
from albert_ner_export.sources.tokenizers.letter_case import heeds_case, set_case
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel, tokenizer_from_sentencepiece
from albert_ner_export.sources.tokenizers.word_piece import SPECIAL, tokenizer_from_vocabulary
from albert_ner_onnx.errors import ExportError

TOKENIZER, SENTENCEPIECE, VOCABULARY = "tokenizer.json", "spiece.model", "vocab.txt"
SETTINGS, ADDED = "tokenizer_config.json", "added_tokens.json"
TOKENIZER_FILES = (TOKENIZER, SENTENCEPIECE, VOCABULARY)


def read_tokenizer(folder: Folder, options: SourceOptions) -> bytes:
    """Reads `tokenizer.json`, or makes one of `spiece.model` or `vocab.txt` as `tokenizer_config.json` says.

    The latter's `model_max_length` isn't heeded: it is often a placeholder, and the config has the positions.

    Raises:
        ExportError: There is none, or it can't be read.
    """
    name = next((name for name in TOKENIZER_FILES if folder.has(name)), None)
    if name is None:
        raise ExportError(
            f"{folder.path}: no tokenizer in it; expected one of {', '.join(TOKENIZER_FILES)} "
            "(AutoTokenizer.from_pretrained(…).save_pretrained(…) writes them)"
        )
    data = folder.read(name)
    if name == TOKENIZER:
        settings = {}
    else:
        settings = folder.read_json(SETTINGS) if folder.has(SETTINGS) else {}
        _check_settings(folder, settings)
    try:
        tokenizer = _READERS[name](data, settings, options)
    except ExportError as error:
        raise ExportError(f"{folder.path / name}: {error}") from None
    if name != TOKENIZER:
        _check_added(folder, settings, tokenizer)
    return tokenizer


def _read_tokenizer_json(data: bytes, settings: Mapping[str, Any], options: SourceOptions) -> bytes:
    return data if options.case_sensitive is None else set_case(data, case_sensitive=options.case_sensitive)


def _read_sentencepiece(data: bytes, settings: Mapping[str, Any], options: SourceOptions) -> bytes:
    lower_case = _lower_case(settings, options)
    tokenizer = tokenizer_from_sentencepiece(
        data, lower_case=lower_case, keep_accents=bool(settings.get("keep_accents", False))
    )
    if not lower_case and not heeds_case(tokenizer):
        options.warn(f"{SENTENCEPIECE}: its own normalization folds case, so the tokenizer ignores it all the same")
    parsed = SentencePieceModel.parse(data)
    if parsed.user_defined:
        symbols = " ".join(parsed.pieces[index][0] for index in parsed.user_defined)
        options.warn(
            f"{SENTENCEPIECE}: its user-defined symbols ({symbols}) are read as SentencePiece does; transformers "
            "without a tokenizer.json splits texts at them first, and so gives other pieces behind them"
        )
    return tokenizer


def _read_vocabulary(data: bytes, settings: Mapping[str, Any], options: SourceOptions) -> bytes:
    return tokenizer_from_vocabulary(
        data,
        lower_case=_lower_case(settings, options),
        strip_accents=settings.get("strip_accents"),
        chinese_characters=settings.get("tokenize_chinese_chars", True),
        special={name: _content(settings[name]) for name in SPECIAL if settings.get(name) is not None},
    )


_READERS = {TOKENIZER: _read_tokenizer_json, SENTENCEPIECE: _read_sentencepiece, VOCABULARY: _read_vocabulary}


def _lower_case(settings: Mapping[str, Any], options: SourceOptions) -> bool:
    """As the user says, else as the settings do, else as AlbertTokenizer and BertTokenizer do."""
    if options.case_sensitive is not None:
        return not options.case_sensitive
    return bool(settings.get("do_lower_case", True))


def _content(token: Any) -> str:
    """The text of a special piece, which may be written with how it is to be matched."""
    return str(token.get("content") if isinstance(token, dict) else token)


def _check_settings(folder: Folder, settings: Mapping[str, Any]) -> None:
    """Refuses settings of a type that they don't have."""
    path = folder.path / SETTINGS
    for name in ("do_lower_case", "keep_accents", "tokenize_chinese_chars"):
        if not isinstance(settings.get(name, False), bool):
            raise ExportError(f"{path}: {name} must be true or false, found {settings[name]!r}")
    if not isinstance(settings.get("strip_accents"), bool | None):
        raise ExportError(f"{path}: strip_accents must be true, false or null, found {settings['strip_accents']!r}")
    for name in SPECIAL:
        token = settings.get(name)
        text = token.get("content") if isinstance(token, dict) else token
        if not (token is None or (isinstance(text, str) and text)):
            raise ExportError(f"{path}: {name} must be a piece, found {token!r}")


def _check_added(folder: Folder, settings: Mapping[str, Any], tokenizer: bytes) -> None:
    """Refuses tokens that were added beside the vocabulary; texts are split at them before anything else."""
    added = set(folder.read_json(ADDED)) if folder.has(ADDED) else set()
    decoder = settings.get("added_tokens_decoder")
    if isinstance(decoder, dict):
        added |= {_content(token) for token in decoder.values()}
    # Special ones don't matter: in a text they are text
    special = {_content(settings.get(name, default)) for name, default in SPECIAL.items()} | {"<pad>", "<unk>"}
    if new := sorted(added - special - set(Tokenizer.from_str(tokenizer.decode()).get_vocab())):
        raise ExportError(
            f"{folder.path}: the token {json.dumps(new[0])} was added beside the vocabulary; save a tokenizer.json, "
            "which holds such tokens: AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…)"
        )
