"""Folders with the tokenizer of a checkpoint, and what is read from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.tokenizer import WordTokenizer

SPIECE = Path(__file__).parent / "export" / "sources" / "fixtures" / "spiece.model"
DEFAULTS = SourceOptions(warn=pytest.fail)
PATH = Path("tokenizer.json")


def spiece(folder: Path, **settings: Any) -> Folder:
    shutil.copy(SPIECE, folder)
    return configured(folder, settings)


def vocabulary(folder: Path, **settings: Any) -> Folder:
    (folder / "vocab.txt").write_text("\n".join([*toy.vocabulary(), "Paris", "é"]), "utf-8")
    return configured(folder, settings)


def configured(folder: Path, settings: dict[str, Any]) -> Folder:
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return Folder(folder)


def backend(tokenizer: PreTrainedTokenizerFast) -> Any:
    return json.loads(tokenizer.backend_tokenizer.to_str())


def changed_tokenizer(added_token: dict[str, Any] | None = None, **changes: Any) -> bytes:
    settings = json.loads(toy.tokenizer()) | changes
    settings["added_tokens"] += [] if added_token is None else [added_token | {"id": len(toy.vocabulary())}]
    return json.dumps(settings).encode()


def added(content: str, **flags: bool) -> dict[str, Any]:
    usual = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"content": content, "special": True} | usual | flags


def marked(folder: Path) -> Folder:
    return configured(folder, {"additional_special_tokens": [{"content": "[USER]", "__type": "AddedToken"}]})


def refusal(folder: Path, options: SourceOptions = DEFAULTS) -> str:
    with pytest.raises(ExportError) as error:
        read_tokenizer(Folder(folder), options)
    assert "\n" not in str(error.value)
    return str(error.value)


def our_ids(folder: Path, words: Sequence[str]) -> list[list[int]]:
    read = WordTokenizer(read_tokenizer(Folder(folder), DEFAULTS), 512)
    return [read.encode([word]).ids.tolist() for word in words]


def their_ids(tokenizer: Any, words: Sequence[str]) -> list[list[int]]:
    return [tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"] for word in words]


BYTE_LEVEL = {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
