"""What the files beside a tokenizer say about it: `tokenizer_config.json`, `special_tokens_map.json` and two more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_onnx.errors import ExportError

SETTINGS, SPECIAL_MAP, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
TOKENIZER = "tokenizer.json"
_CONFIG = "config.json"

BERT, ALBERT, GENERIC = "Bert", "Albert", "generic"
"""How a tokenizer's class reads its files: as BertTokenizerFast, AlbertTokenizerFast or PreTrainedTokenizerFast."""
_KINDS = {
    "BertTokenizer": BERT,
    "AlbertTokenizer": ALBERT,
    "PreTrainedTokenizer": GENERIC,
    "TokenizersBackend": GENERIC,  # the name of PreTrainedTokenizerFast in transformers 5
}
# The uses that special pieces have, in the order in which transformers adds the pieces that a vocabulary lacks
_USES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_ADDITIONAL, _EXTRA = "additional_special_tokens", "extra_special_tokens"
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    BERT: {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    | {"mask_token": "[MASK]"},
    ALBERT: {"bos_token": "[CLS]", "eos_token": "[SEP]", "unk_token": "<unk>", "sep_token": "[SEP]"}
    | {"pad_token": "<pad>", "cls_token": "[CLS]", "mask_token": "[MASK]"},
    GENERIC: {},
}
_WAY_OUT = {
    "BertJapaneseTokenizer": "it splits words by MeCab, which no tokenizer.json can do: train on a tokenizer that has "
    "one, such as a BertTokenizer on words that are already split",
}
_SAVE_FAST = (
    "if a tokenizer.json gives the same pieces (AutoTokenizer.from_pretrained(…).save_pretrained(…) writes it), put it "
    "there and set tokenizer_class to PreTrainedTokenizerFast"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerSettings:
    """What the files say, or transformers' defaults.

    Attributes:
        name: The `tokenizer_class`; `None` if no file has one.
        kind: How that class reads its files.
        config: All that `tokenizer_config.json` says.
        lower_case: `do_lower_case`.
        keep_accents: Of `AlbertTokenizer`.
        strip_accents: Of `BertTokenizer`; `None` for as `lower_case`.
        chinese_characters: Its `tokenize_chinese_chars`.
        special: The special pieces that the files name, by uses such as `cls_token`.
        added: The tokens of `added_tokens_decoder` or `added_tokens.json`, by id.
        special_tokens: The special pieces of the class, and then the trained ones (`additional_special_tokens`), as
            transformers adds them to the vocabulary.
    """

    name: str | None
    kind: str
    config: Mapping[str, Any]
    lower_case: bool
    keep_accents: bool
    strip_accents: bool | None
    chinese_characters: bool
    special: Mapping[str, str]
    added: Mapping[int, AddedToken]
    special_tokens: tuple[AddedToken | str, ...]


def read_settings(folder: Folder, options: SourceOptions) -> TokenizerSettings:
    """Reads the settings; what the user says about case and accents overrides them.

    Raises:
        ExportError: A file can't be read, or the tokenizer's class isn't one that this exporter knows.
    """
    path, data = folder.locate(SETTINGS), folder.read_json(SETTINGS) if folder.has(SETTINGS) else {}
    name = _class_name(folder, data)
    kind = _kind(name, data, path)
    if kind != GENERIC:  # which ignores them
        _check_types(data, path)
    named = dict(data)
    if "added_tokens_decoder" not in data and folder.has(SPECIAL_MAP):  # transformers 4.34 and later don't need it
        _merge(named, folder.read_json(SPECIAL_MAP))
    special = {use: _content(named[use], use, path) for use in _USES if named.get(use) is not None}
    pieces = {**_DEFAULTS[kind], **special}
    keep = options.keep_accents
    lower_case = data.get("do_lower_case", True) if options.case_sensitive is None else not options.case_sensitive
    return TokenizerSettings(
        name=name,
        kind=kind,
        config=data,
        lower_case=lower_case,
        keep_accents=data.get("keep_accents", False) if keep is None else keep,
        strip_accents=data.get("strip_accents") if keep is None else not keep,
        chinese_characters=data.get("tokenize_chinese_chars", True),
        special=special,
        added=_added(folder, data, named, path),
        special_tokens=(
            *dict.fromkeys(pieces[use] for use in _USES if use in pieces),
            *_additional(named, path),
        ),
    )


def _check_types(data: Mapping[str, Any], path: Path) -> None:
    for name in ("do_lower_case", "keep_accents", "tokenize_chinese_chars"):
        if not isinstance(data.get(name, False), bool):
            raise ExportError(f"{path}: {name} must be true or false, found {data[name]!r}")
    if not isinstance(data.get("strip_accents"), bool | None):
        raise ExportError(f"{path}: strip_accents must be true, false or null, found {data['strip_accents']!r}")


def _class_name(folder: Folder, data: Mapping[str, Any]) -> str | None:
    """Returns the class that transformers' AutoTokenizer takes: of the tokenizer's settings, or of the model's."""
    config = folder.read_json(_CONFIG) if folder.has(_CONFIG) else {}
    name = data.get("tokenizer_class") or config.get("tokenizer_class")
    return None if name is None else str(name)


def _kind(name: str | None, data: Mapping[str, Any], path: Path) -> str:
    if data.get("auto_map"):
        raise ExportError(
            f"{path}: auto_map says that its tokenizer is code of its own, which isn't run; {_SAVE_FAST}, without "
            "auto_map"
        )
    if name is None:
        return ALBERT
    kind = _KINDS.get(name.removesuffix("Fast"))
    if kind is None:
        known = ", ".join(_KINDS)
        raise ExportError(
            f"{path}: tokenizer_class {name} isn't read exactly (expected one of {known}, with Fast or without); "
            f"{_WAY_OUT.get(name, _SAVE_FAST)}"
        )
    return kind


def _merge(named: dict[str, Any], special_map: Mapping[str, Any]) -> None:
    """Adds what `special_tokens_map.json` says: it wins, and its lists continue the others."""
    for key, value in special_map.items():
        if key in (_ADDITIONAL, _EXTRA) and isinstance(value, list) and isinstance(named.get(key) or [], list):
            known = named.get(key) or []
            value = [*known, *(token for token in value if token not in known)]
        named[key] = value


def _content(token: Any, use: str, path: Path) -> str:
    """Returns the text of a token, which may be written as an object that also says how to match it."""
    text = token.get("content") if isinstance(token, dict) else token
    if not isinstance(text, str) or not text:
        raise ExportError(f"{path}: {use} must be a piece, found {token!r}")
    return text


def _token(token: Any, use: str, path: Path, **defaults: bool) -> AddedToken:
    """Reads a token that is written as an object."""
    content = _content(token, use, path)
    flags = {
        name: token[name] for name in ("single_word", "lstrip", "rstrip", "normalized", "special") if name in token
    }
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise ExportError(f"{path}: the flags of the token {content!r} must be true or false, found {flags}")
    return AddedToken(content, **(flags | defaults))


def _additional(named: Mapping[str, Any], path: Path) -> list[AddedToken | str]:
    """Returns the trained special tokens; transformers 5 calls them `extra_special_tokens`."""
    tokens: list[AddedToken | str] = []
    for key in (_ADDITIONAL, _EXTRA):
        listed = named.get(key) or []
        if isinstance(listed, dict):  # transformers 4: by a name
            listed = list(listed.values())
        if not isinstance(listed, list):
            raise ExportError(f"{path}: {key} must be a list of pieces, found {listed!r}")
        tokens += [
            _token(token, key, path, special=True) if isinstance(token, dict) else _content(token, key, path)
            for token in listed
        ]
    return tokens


def _added(folder: Folder, data: Mapping[str, Any], named: Mapping[str, Any], path: Path) -> dict[int, AddedToken]:
    """Returns the tokens that were added to the vocabulary, by id, as transformers 4 understands each file."""
    if "added_tokens_decoder" in data:
        entries = data["added_tokens_decoder"]
        if not isinstance(entries, dict) or not all(str(index).isdecimal() for index in entries):
            raise ExportError(f"{path}: added_tokens_decoder must map ids to tokens; save the tokenizer again")
        if odd := [token for token in entries.values() if not isinstance(token, dict)]:
            raise ExportError(f"{path}: added_tokens_decoder must map ids to tokens, found {odd[0]!r}")
        return {int(index): _token(token, "added_tokens_decoder", path) for index, token in entries.items()}
    if not folder.has(ADDED):
        return {}
    place, entries = folder.locate(ADDED), folder.read_json(ADDED)
    special = {_content(named[use], use, path) for use in _USES if named.get(use) is not None}
    special |= {str(token) if isinstance(token, str) else token.content for token in _additional(named, path)}
    if odd := [name for name, index in entries.items() if type(index) is not int or index < 0 or not name]:
        raise ExportError(f"{place}: must map tokens to ids, found {entries[odd[0]]!r} for {odd[0]!r}; copy it again")
    return {
        index: AddedToken(name, rstrip=False, lstrip=False, normalized=name not in special, special=name in special)
        for name, index in entries.items()
    }
