"""Tokens that were added to a vocabulary, at which a text is split before anything else -> those of a tokenizer.json.

There are two sorts. A model is trained to read markers such as `[USER]` or `<e1>`: wherever a text spells one, it is
that piece. The pieces that make the structure of a sequence (`[CLS]`, `[SEP]`, `[PAD]`, `[MASK]` and `[UNK]`, whatever
a checkpoint calls them) are none of the text's business: there they are text. In the result these are `special`, as the
runtime never reads special tokens in texts, and the markers aren't.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

from albert_ner_export.sources.tokenizers.settings import TokenizerSettings
from albert_ner_export.tokenizer import tokenizers_errors
from albert_ner_onnx.errors import ExportError

# What BERT and ALBERT call them, if no file says
_STRUCTURE = ("[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]", "<pad>", "<unk>")


def add_tokens(data: bytes, settings: TokenizerSettings, path: Path) -> bytes:
    """Adds the tokens that the files beside a tokenizer name, and tells markers from structure.

    Args:
        data: The bytes of a `tokenizer.json`.
        settings: What the other files say.
        path: Where it is, for messages.

    Raises:
        ExportError: It can't be read, or the files contradict each other in a way that no two versions of transformers
            understand alike.
    """
    with tokenizers_errors(str(path)):
        tokenizer = Tokenizer.from_str(data.decode())
        content = json.loads(data)
        structure = {*_STRUCTURE, *settings.special.values(), *_structure(tokenizer, content)}
    _check_normalized(tokenizer, settings, structure, path)
    with tokenizers_errors(str(path)):
        _add_as_transformers(tokenizer, settings)
        size = tokenizer.get_vocab_size(with_added_tokens=False)
        entries = [
            _entry(index, token, special=token.content in structure)
            for index, token in sorted(tokenizer.get_added_tokens_decoder().items())
        ]
        # Structure that the vocabulary lacks, such as a [MASK], can't occur. It may take a marker's place, though.
        while entries and entries[-1]["special"] and entries[-1]["id"] >= size:
            del entries[-1]
        if entries == content.get("added_tokens"):
            return data
        result = json.dumps(content | {"added_tokens": entries}, ensure_ascii=False).encode()
        Tokenizer.from_str(result.decode())
    return result


def _check_normalized(
    tokenizer: Tokenizer, settings: TokenizerSettings, structure: Collection[str], path: Path
) -> None:
    """Refuses a marker whose `normalized` changes: until its version 0.23, the library goes on matching as before."""
    known = {
        token.content: token.normalized
        for token in tokenizer.get_added_tokens_decoder().values()
        if token.content not in structure
    }
    for token in (*settings.added.values(), *settings.special_tokens):
        if isinstance(token, AddedToken) and known.get(token.content, token.normalized) != token.normalized:
            raise ExportError(
                f"{path}: normalized of the added token {json.dumps(token.content)} is {known[token.content]} there, "
                f"but {token.normalized} in the files beside it, and versions of transformers differ in which counts; "
                "write the one that the model was trained with in all of them"
            )


def _add_as_transformers(tokenizer: Tokenizer, settings: TokenizerSettings) -> None:
    """Does what `PreTrainedTokenizerFast.__init__` of transformers 4 does, in its order, on which the ids depend."""
    known = tokenizer.get_added_tokens_decoder().values()
    same = {repr(token) for token in known}
    new: list[AddedToken | str] = [token for _, token in sorted(settings.added.items()) if repr(token) not in same]
    names = {token.content for token in (*known, *settings.added.values())}
    # One that is written as an object is added again, as its flags may differ
    new += [token for token in settings.special_tokens if isinstance(token, AddedToken) or token not in names]
    special = {_name(token) for token in settings.special_tokens}
    if tokens := [_as_added(token, special) for token in new]:
        tokenizer.add_tokens(tokens)


def _as_added(token: AddedToken | str, special: Collection[str]) -> AddedToken:
    if isinstance(token, str):
        return AddedToken(token, special=token in special)
    token.special = token.special or token.content in special
    return token


def _name(token: AddedToken | str) -> str:
    return token if isinstance(token, str) else str(token.content)


def _structure(tokenizer: Tokenizer, content: Any) -> set[str]:
    """Returns the pieces that the tokenizer itself puts around a sequence, and its unknown piece."""
    model = content["model"]
    unknown = model.get("unk_token")
    if unknown is None and model.get("unk_id") is not None:
        unknown = tokenizer.id_to_token(model["unk_id"])
    return {*tokenizer.encode("").tokens, *([] if unknown is None else [unknown])}


def _entry(index: int, token: AddedToken, *, special: bool) -> dict[str, Any]:
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    return (
        {"id": index, "content": token.content} | {flag: getattr(token, flag) for flag in flags} | {"special": special}
    )
