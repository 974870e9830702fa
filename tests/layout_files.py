"""The files of tiny tokenizers, for `layouts`. Their vocabularies spell a text."""

from __future__ import annotations

import functools
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from albert_ner_export.sources.protobuf import Message

Files = Mapping[str, Any]
"""The content of each file: bytes, or an object to write as JSON."""

ENGLISH = 'Angela Merkel met Barack Obama in Washington, D.C., on 3 May; the café naïve owner ("Bo") paid $5.'
GERMAN = "Jürgen Müller wohnt in München-Süd; Ångström, İstanbul und ÉCOLE auch."
CHINESE = "马云在杭州创立了阿里巴巴，Jack Ma 出生于1964年。"  # noqa: RUF001 (Chinese has its own comma)
JAPANESE = "東京都の山田太郎さんがソニーに入社した。ガギグげご Tokyo"
HINDI = "नरेंद्र मोदी दिल्ली में रहते हैं। वे Delhi गए।"
PERSIAN = "محمّد در تهران زندگی می‌کند و به «دانشگاه» رفت؛ Teheran."
MARKED = "[USER] Angela lives in Berlin [BOT] <e1>Obama</e1> met <e1> Merkel </e1> x[USER]y [user] USER"

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BERT = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
}
ALBERT = BERT | {"bos_token": "[CLS]", "eos_token": "[SEP]", "pad_token": "<pad>", "unk_token": "<unk>"}
MARKERS = ("[USER]", "[BOT]", "<e1>", "</e1>")


# --- WordPiece --------------------------------------------------------------------------------------------------------


def spellings(text: str) -> list[str]:
    """The characters of a text, as each reading of case and accents spells them, so that any change is seen."""
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    forms = (text, text.lower(), plain, plain.lower(), unicodedata.normalize("NFD", text.lower()))
    return sorted({char for form in forms for char in form if not char.isspace()})


@functools.cache
def vocabulary(text: str, *more: str, special: Sequence[str] = SPECIAL) -> tuple[str, ...]:
    """The pieces of a WordPiece vocabulary that spells a text, by id."""
    chars = spellings(text)
    words = [word for line in (text.lower(), text) for word in line.split() if word.isalpha()]
    return tuple(dict.fromkeys([*special, *chars, *(f"##{char}" for char in chars), *words, *more]))


def vocab_txt(text: str, *more: str) -> bytes:
    """The same as a file."""
    return ("\n".join(vocabulary(text, *more)) + "\n").encode()


def word_piece(
    text: str, *more: str, special: Sequence[str] = SPECIAL, added: Sequence[AddedToken] = (), **normalizer: Any
) -> Any:
    """A WordPiece `tokenizer.json` as BertTokenizerFast saves it."""
    ids = {piece: index for index, piece in enumerate(vocabulary(text, *more, special=tuple(special)))}
    unknown, cls, sep = special[1], special[2], special[3]
    result = Tokenizer(models.WordPiece(ids, unk_token=unknown, max_input_chars_per_word=100))
    result.add_special_tokens([AddedToken(name, normalized=False) for name in special])
    _add(result, added)
    result.normalizer = normalizers.BertNormalizer(**normalizer)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(cls, ids[cls]), (sep, ids[sep])],
    )
    return json.loads(result.to_str())


def _add(tokenizer: Tokenizer, added: Sequence[AddedToken]) -> None:
    for each in added:
        (tokenizer.add_special_tokens if each.special else tokenizer.add_tokens)([each])


def token(content: str, **flags: bool) -> dict[str, Any]:
    """A token as an entry of `added_tokens_decoder`."""
    usual = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    return {"content": content} | usual | flags


def decoder(tokenizer: Any) -> dict[str, Any]:
    """The `added_tokens_decoder` that transformers 4.34 and later save beside a `tokenizer.json`."""
    return {
        str(entry["id"]): {name: value for name, value in entry.items() if name != "id"}
        for entry in tokenizer["added_tokens"]
    }


# --- SentencePiece ----------------------------------------------------------------------------------------------------


@functools.cache
def spiece(text: str, **settings: Any) -> bytes:
    """A SentencePiece model with ALBERT's settings that was trained on a text and on other spellings of it."""
    model = io.BytesIO()
    lines = [text, text.lower(), " ".join(spellings(text)), *text.split(), *text.lower().split()] * 20
    usual: dict[str, Any] = {
        "model_type": "unigram",
        "hard_vocab_limit": False,
        "vocab_size": 150,
        "character_coverage": 1.0,
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": -1,
        "eos_id": -1,
        "control_symbols": "[CLS],[SEP],[MASK]",
        "num_threads": 1,
        "minloglevel": 2,
    }
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, **usual | settings)
    return model.getvalue()


def unigram(
    text: str, *, lower: bool = True, accents: bool = False, version: int = 4, added: Sequence[AddedToken] = ()
) -> Any:
    """A Unigram `tokenizer.json` as AlbertTokenizerFast of transformers 4, or AlbertTokenizer of 5, saves it."""
    proto = sentencepiece.SentencePieceProcessor(model_proto=spiece(text))
    pieces = [(proto.id_to_piece(index), proto.get_score(index)) for index in range(len(proto))]
    result = Tokenizer(models.Unigram(pieces, 1, False))
    result.add_special_tokens([AddedToken(name, normalized=False) for name in ("<pad>", "<unk>", "[CLS]", "[SEP]")])
    result.add_special_tokens([AddedToken("[MASK]", lstrip=True, normalized=False)])
    _add(result, added)
    steps: list[Any] = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    steps += [] if accents else [normalizers.NFKD(), normalizers.StripAccents()]
    steps += [normalizers.Lowercase()] if lower else []
    steps.append(normalizers.Precompiled(Message(spiece(text)).message(3).content(2)))
    steps += [normalizers.Replace(Regex(" {2,}"), " ")] if version == 4 else []
    result.normalizer = normalizers.Sequence(steps)
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    result.pre_tokenizer = metaspace if version == 4 else split
    result.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return json.loads(result.to_str())


def pieces_of(model: bytes) -> int:
    """The number of pieces of a SentencePiece model."""
    return len(sentencepiece.SentencePieceProcessor(model_proto=model))


# --- Folders ----------------------------------------------------------------------------------------------------------


def saved_bert(tokenizer: Any, **config: Any) -> Files:
    """What save_pretrained of transformers 4 writes for a BertTokenizerFast, with `config` on top."""
    settings = {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": decoder(tokenizer)} | BERT | config
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": settings, "special_tokens_map.json": BERT}


def saved_albert(tokenizer: Any, **config: Any) -> Files:
    """The same for an AlbertTokenizerFast."""
    settings = {"tokenizer_class": "AlbertTokenizer", "added_tokens_decoder": decoder(tokenizer)} | ALBERT | config
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": settings, "special_tokens_map.json": ALBERT}


def saved_by_5(tokenizer: Any, kind: str, **config: Any) -> Files:
    """What save_pretrained of transformers 5 writes."""
    named = ALBERT if kind == "AlbertTokenizer" else BERT
    return {
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {"tokenizer_class": kind, "backend": "tokenizers", "is_local": True} | named | config,
    }


def of_2020(tokenizer: Any, *, sequence: bool) -> Any:
    """An AlbertTokenizerFast as the library wrote it before its version 0.15."""
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "str_rep": "\u2581", "add_prefix_space": True}
    steps = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    return tokenizer | {"pre_tokenizer": steps if sequence else metaspace}


def other_names() -> Files:
    """A tokenizer whose special pieces have the names of RoBERTa's."""
    names = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")
    used = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), names, strict=True))
    return {
        "tokenizer.json": word_piece(GERMAN, special=names),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"} | used,
    }


def sequence_normalizer() -> Any:
    """A WordPiece tokenizer whose normalizer isn't BERT's."""
    tokenizer = word_piece(GERMAN)
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}
    return tokenizer


FLAGGED = (
    AddedToken("[USER]", special=True, normalized=False, lstrip=True),
    AddedToken("[BOT]", special=True, normalized=True, rstrip=True),
    AddedToken("<e1>", special=True, normalized=False, single_word=True),
    AddedToken("</e1>", special=False, normalized=True),
)
PLAIN = tuple(AddedToken(name, special=True, normalized=False) for name in MARKERS)


def legacy_markers(vocabulary_files: Files, pieces: int, **special: Any) -> Files:
    """Markers as transformers 3, and 4 before 4.34, save them for a tokenizer that isn't fast."""
    return {
        **vocabulary_files,
        "added_tokens.json": {name: pieces + index for index, name in enumerate(MARKERS)},
        "special_tokens_map.json": special | {"additional_special_tokens": list(MARKERS)},
    }
