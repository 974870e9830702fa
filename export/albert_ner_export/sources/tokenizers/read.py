"""The tokenizer of a folder, in whichever of three forms it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.letter_case import is_case_sensitive, set_case
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel, tokenizer_from_sentencepiece
from albert_ner_export.sources.tokenizers.word_piece import SPECIAL, tokenizer_from_vocabulary
from albert_ner_onnx.errors import ExportError

TOKENIZER, SENTENCEPIECE, VOCABULARY = "tokenizer.json", "spiece.model", "vocab.txt"
SETTINGS, ADDED = "tokenizer_config.json", "added_tokens.json"
TOKENIZER_FILES = (TOKENIZER, SENTENCEPIECE, VOCABULARY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What `tokenizer_config.json` says, or transformers' defaults.

    Attributes:
        lower_case: `do_lower_case`.
        keep_accents: Of `AlbertTokenizer`.
        strip_accents: Of `BertTokenizer`; `None` for as `lower_case`.
        chinese_characters: Its `tokenize_chinese_chars`.
        special: The special pieces that it names, by uses such as `cls_token`.
        added: The tokens of its `added_tokens_decoder`.
    """

    lower_case: bool
    keep_accents: bool
    strip_accents: bool | None
    chinese_characters: bool
    special: Mapping[str, str]
    added: frozenset[str]


def read_tokenizer(folder: Folder, options: SourceOptions) -> bytes:
    """Reads `tokenizer.json`, or builds one from `spiece.model` or `vocab.txt` and `tokenizer_config.json`.

    `model_max_length` is ignored: it is often a placeholder, and the model's configuration knows the positions.

    Raises:
        ExportError: There is no tokenizer, or it can't be read.
    """
    if folder.has(TOKENIZER):
        data = folder.read(TOKENIZER)
        if options.case_sensitive is None:
            return data
        return set_case(data, folder.locate(TOKENIZER), case_sensitive=options.case_sensitive)
    if not folder.has(SENTENCEPIECE) and not folder.has(VOCABULARY):
        raise ExportError(
            f"{folder.path}: no tokenizer in it; expected one of {', '.join(TOKENIZER_FILES)} "
            "(AutoTokenizer.from_pretrained(…).save_pretrained(…) writes them)"
        )
    settings = _read_settings(folder, options)
    build = _from_sentencepiece if folder.has(SENTENCEPIECE) else _from_vocabulary
    tokenizer = build(folder, settings, options)
    _check_added(folder, settings, tokenizer)
    return tokenizer


def _from_sentencepiece(folder: Folder, settings: _Settings, options: SourceOptions) -> bytes:
    path = folder.locate(SENTENCEPIECE)
    model = SentencePieceModel.parse(folder.read(SENTENCEPIECE), path)
    tokenizer = tokenizer_from_sentencepiece(model, lower_case=settings.lower_case, keep_accents=settings.keep_accents)
    if not settings.lower_case and not is_case_sensitive(tokenizer, path):
        options.warn(f"{path}: its own normalization lower-cases, so the tokenizer ignores case all the same")
    if model.user_defined:
        symbols = " ".join(model.pieces[index][0] for index in model.user_defined)
        options.warn(
            f"{path}: its user-defined symbols ({symbols}) are read as SentencePiece does; transformers without a "
            "tokenizer.json splits texts at them first, which gives other pieces after them"
        )
    return tokenizer


def _from_vocabulary(folder: Folder, settings: _Settings, options: SourceOptions) -> bytes:
    return tokenizer_from_vocabulary(
        folder.read(VOCABULARY),
        folder.locate(VOCABULARY),
        lower_case=settings.lower_case,
        strip_accents=settings.strip_accents,
        chinese_characters=settings.chinese_characters,
        special=settings.special,
    )


def _read_settings(folder: Folder, options: SourceOptions) -> _Settings:
    """Reads the settings of a tokenizer that is built; a user's word on case overrides them."""
    path, data = folder.locate(SETTINGS), folder.read_json(SETTINGS) if folder.has(SETTINGS) else {}
    for name in ("do_lower_case", "keep_accents", "tokenize_chinese_chars"):
        if not isinstance(data.get(name, False), bool):
            raise ExportError(f"{path}: {name} must be true or false, found {data[name]!r}")
    if not isinstance(data.get("strip_accents"), bool | None):
        raise ExportError(f"{path}: strip_accents must be true, false or null, found {data['strip_accents']!r}")
    special = {use: _text(data[use]) for use in SPECIAL if data.get(use) is not None}
    for use, piece in special.items():
        if not isinstance(piece, str) or not piece:
            raise ExportError(f"{path}: {use} must be a piece, found {data[use]!r}")
    added = data.get("added_tokens_decoder")
    case_sensitive = not data.get("do_lower_case", True) if options.case_sensitive is None else options.case_sensitive
    return _Settings(
        lower_case=not case_sensitive,
        keep_accents=data.get("keep_accents", False),
        strip_accents=data.get("strip_accents"),
        chinese_characters=data.get("tokenize_chinese_chars", True),
        special=special,
        added=frozenset(str(_text(token)) for token in added.values()) if isinstance(added, dict) else frozenset(),
    )


def _text(token: Any) -> Any:
    """Returns the text of a token, which may be written as an object that also says how to match it."""
    return token.get("content") if isinstance(token, dict) else token


def _check_added(folder: Folder, settings: _Settings, tokenizer: bytes) -> None:
    """Refuses tokens that were added to the vocabulary: texts are split at them before anything else."""
    added = settings.added | set(folder.read_json(ADDED) if folder.has(ADDED) else ())
    # Special pieces don't matter: where a text spells one, it is text
    special = {*{**SPECIAL, **settings.special}.values(), "<pad>", "<unk>"}
    if new := sorted(added - special - set(Tokenizer.from_str(tokenizer.decode()).get_vocab())):
        raise ExportError(
            f"{folder.path}: the token {json.dumps(new[0])} was added to the tokenizer's vocabulary, which only a "
            "tokenizer.json can say; save one: AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…)"
        )
