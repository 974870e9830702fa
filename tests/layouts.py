"""The tokenizers of checkpoints in the layouts that there are, one row a layout, each with a text in its script.

Everything is made here: vocabularies hold the characters of the row's own text. `python tests/layouts.py FOLDER`
writes a folder for each row, with the configuration and the weights of a tiny model, to open with any transformers.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A row.

    Attributes:
        name: What is special about it.
        files: The files of its tokenizer, and of its configuration, if it says more than a toy's.
        text: What it must read as transformers' AutoTokenizer does, word by word.
        transformers: The major versions of transformers that read it so. The others can't open it, or read it
            differently: the reason is in `why`.
        why: That reason.
        options: What the user says: arguments of `SourceOptions`.
        settings: The same for AutoTokenizer.
        spare: Rows of the embedding matrix that have no token.
    """

    name: str
    files: Callable[[], Files]
    text: str
    transformers: Sequence[int] = (4, 5)
    why: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    spare: int = 0

    def write(self, folder: Path) -> Path:
        """Writes the files, and a config.json."""
        write_files(folder, {"config.json": {"model_type": "albert"}} | dict(self.files()))
        return folder


def write_files(folder: Path, files: Files) -> None:
    """Writes files; what isn't bytes becomes JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        (folder / name).write_bytes(data)


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


# --- Rows -------------------------------------------------------------------------------------------------------------

_LOWER_MARKERS = "transformers 5 doesn't read additional_special_tokens there, and takes [user] for [USER]"
_NOT_IN_5 = "transformers 5 builds the tokenizer anew from its settings"


def _saved_bert(tokenizer: Any, **config: Any) -> Files:
    """What save_pretrained of transformers 4 writes for a BertTokenizerFast, with `config` on top."""
    settings = {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": decoder(tokenizer)} | BERT | config
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": settings, "special_tokens_map.json": BERT}


def _saved_albert(tokenizer: Any, **config: Any) -> Files:
    """The same for an AlbertTokenizerFast."""
    settings = {"tokenizer_class": "AlbertTokenizer", "added_tokens_decoder": decoder(tokenizer)} | ALBERT | config
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": settings, "special_tokens_map.json": ALBERT}


def _saved_by_5(tokenizer: Any, kind: str, **config: Any) -> Files:
    """What save_pretrained of transformers 5 writes."""
    named = ALBERT if kind == "AlbertTokenizer" else BERT
    return {
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {"tokenizer_class": kind, "backend": "tokenizers", "is_local": True} | named | config,
    }


def _of_2020(tokenizer: Any, *, sequence: bool) -> Any:
    """An AlbertTokenizerFast as the library wrote it before its version 0.15."""
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "str_rep": "\u2581", "add_prefix_space": True}
    steps = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    return tokenizer | {"pre_tokenizer": steps if sequence else metaspace}


def _other_names() -> Files:
    names = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")
    used = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), names, strict=True))
    return {
        "tokenizer.json": word_piece(GERMAN, special=names),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"} | used,
    }


def _sequence_normalizer() -> Any:
    tokenizer = word_piece(GERMAN)
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}
    return tokenizer


_FLAGGED = (
    AddedToken("[USER]", special=True, normalized=False, lstrip=True),
    AddedToken("[BOT]", special=True, normalized=True, rstrip=True),
    AddedToken("<e1>", special=True, normalized=False, single_word=True),
    AddedToken("</e1>", special=False, normalized=True),
)
_PLAIN = tuple(AddedToken(name, special=True, normalized=False) for name in MARKERS)


def _legacy_markers(vocabulary_files: Files, pieces: int, **special: Any) -> Files:
    """Markers as transformers 3, and 4 before 4.34, save them for a tokenizer that isn't fast."""
    return {
        **vocabulary_files,
        "added_tokens.json": {name: pieces + index for index, name in enumerate(MARKERS)},
        "special_tokens_map.json": special | {"additional_special_tokens": list(MARKERS)},
    }


WORD_PIECE_ROWS = (
    Layout(
        name="vocab.txt of transformers 3, lower-casing, Chinese",
        text=CHINESE,
        files=lambda: {
            "vocab.txt": vocab_txt(CHINESE),
            "tokenizer_config.json": {"do_lower_case": True, "model_max_length": 512},
            "special_tokens_map.json": BERT,
            "config.json": {"model_type": "albert", "tokenizer_class": "BertTokenizer"},
        },
    ),
    Layout(
        name="vocab.txt, cased, German",
        text=GERMAN,
        files=lambda: {
            "vocab.txt": vocab_txt(GERMAN),
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False},
        },
    ),
    Layout(
        name="vocab.txt that keeps accents, Persian",
        text=PERSIAN,
        files=lambda: {
            "vocab.txt": vocab_txt(PERSIAN),
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizerFast", "strip_accents": False},
        },
    ),
    Layout(
        name="vocab.txt, words of Chinese characters stay whole, Japanese",
        text=JAPANESE,
        files=lambda: {
            "vocab.txt": vocab_txt(JAPANESE),
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "tokenize_chinese_chars": False},
        },
    ),
    Layout(
        name="vocab.txt and nothing else, Chinese",
        text=CHINESE,
        files=lambda: {"vocab.txt": vocab_txt(CHINESE)},
        transformers=(),
        why="AutoTokenizer looks for spiece.model, as it takes every ALBERT's tokenizer for an AlbertTokenizer",
    ),
    Layout(
        name="BertTokenizerFast as transformers 4 saves it, Japanese",
        text=JAPANESE,
        files=lambda: _saved_bert(word_piece(JAPANESE), do_lower_case=True, strip_accents=None),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast cased, German",
        text=GERMAN,
        files=lambda: _saved_bert(word_piece(GERMAN, lowercase=True), do_lower_case=False),
    ),
    Layout(
        name="a cased BertTokenizerFast whose tokenizer_config.json doesn't say so, German",
        text=GERMAN,
        files=lambda: _saved_bert(word_piece(GERMAN, lowercase=False)),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast keep accents, Hindi",
        text=HINDI,
        files=lambda: _saved_bert(word_piece(HINDI), do_lower_case=True, strip_accents=False),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast drop accents, Hindi",
        text=HINDI,
        files=lambda: _saved_bert(
            word_piece(HINDI, lowercase=False, strip_accents=False), do_lower_case=False, strip_accents=True
        ),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast keep words of Chinese characters, Chinese",
        text=CHINESE,
        files=lambda: _saved_bert(word_piece(CHINESE), do_lower_case=True, tokenize_chinese_chars=False),
    ),
    Layout(
        name="BertTokenizerFast named in config.json alone, German",
        text=GERMAN,
        files=lambda: {
            "tokenizer.json": word_piece(GERMAN, lowercase=True),
            "tokenizer_config.json": {"do_lower_case": False},
            "config.json": {"model_type": "albert", "tokenizer_class": "BertTokenizerFast"},
        },
    ),
    Layout(
        name="BertTokenizerFast with another normalizer, German",
        text=GERMAN,
        files=lambda: _saved_bert(_sequence_normalizer(), do_lower_case=False),
        transformers=(4,),
        why=_NOT_IN_5,
    ),
    Layout(
        name="PreTrainedTokenizerFast, which ignores its settings, German",
        text=GERMAN,
        files=lambda: _saved_bert(
            word_piece(GERMAN), tokenizer_class="PreTrainedTokenizerFast", do_lower_case=False, strip_accents=False
        ),
    ),
    Layout(
        name="WordPiece of no class, which is AlbertTokenizerFast to transformers, German",
        text=GERMAN,
        files=lambda: {"tokenizer.json": word_piece(GERMAN), "tokenizer_config.json": {"do_lower_case": False}},
        transformers=(4,),
        why="transformers 5 can't open it: its AlbertTokenizer wants a Unigram vocabulary",
    ),
    Layout(name="special pieces of other names, German", text=GERMAN, files=_other_names),
    Layout(
        name="BertTokenizer as transformers 5 saves it, Chinese",
        text=CHINESE,
        files=lambda: _saved_by_5(word_piece(CHINESE, lowercase=False), "BertTokenizer", do_lower_case=False),
    ),
    Layout(
        name="TokenizersBackend of transformers 5, Persian",
        text=PERSIAN,
        files=lambda: _saved_by_5(word_piece(PERSIAN), "TokenizersBackend"),
        transformers=(5,),
        why="transformers 4 doesn't know the class",
    ),
)

ALBERT_ROWS = (
    Layout(name="spiece.model alone, German", text=GERMAN, files=lambda: {"spiece.model": spiece(GERMAN)}),
    Layout(
        name="spiece.model of transformers 3, cased, English",
        text=ENGLISH,
        files=lambda: {
            "spiece.model": spiece(ENGLISH),
            "tokenizer_config.json": {"do_lower_case": False, "model_max_length": 512},
            "special_tokens_map.json": ALBERT,
        },
    ),
    Layout(
        name="spiece.model that keeps accents, Hindi",
        text=HINDI,
        files=lambda: {
            "spiece.model": spiece(HINDI),
            "tokenizer_config.json": {"tokenizer_class": "AlbertTokenizer", "keep_accents": True},
        },
    ),
    Layout(
        name="spiece.model whose user keeps accents, Hindi",
        text=HINDI,
        files=lambda: {"spiece.model": spiece(HINDI)},
        options={"keep_accents": True},
        settings={"keep_accents": True},
    ),
    Layout(name="spiece.model, Japanese", text=JAPANESE, files=lambda: {"spiece.model": spiece(JAPANESE)}),
    Layout(
        name="AlbertTokenizerFast as transformers 4 saves it, Persian",
        text=PERSIAN,
        files=lambda: _saved_albert(unigram(PERSIAN), do_lower_case=True, keep_accents=False),
    ),
    Layout(
        name="tokenizer.json of 2020 and nothing else, English",
        text=ENGLISH,
        files=lambda: {"tokenizer.json": _of_2020(unigram(ENGLISH), sequence=False)},
    ),
    Layout(
        name="tokenizer.json of 2020 that splits at spaces first, cased, English",
        text=ENGLISH,
        files=lambda: _saved_albert(_of_2020(unigram(ENGLISH, lower=False), sequence=True), do_lower_case=False),
    ),
    Layout(
        name="AlbertTokenizerFast, which ignores its settings, German",
        text=GERMAN,
        files=lambda: _saved_albert(unigram(GERMAN), do_lower_case=False, keep_accents=True),
        transformers=(4,),
        why=_NOT_IN_5,
    ),
    Layout(
        name="AlbertTokenizer as transformers 5 saves it, cased, with accents, German",
        text=GERMAN,
        files=lambda: _saved_by_5(
            unigram(GERMAN, lower=False, accents=True, version=5),
            "AlbertTokenizer",
            do_lower_case=False,
            keep_accents=True,
        ),
    ),
)

MARKER_ROWS = (
    Layout(
        name="markers in tokenizer.json and tokenizer_config.json of a BertTokenizerFast",
        text=MARKED,
        files=lambda: _saved_bert(
            word_piece(MARKED, added=_PLAIN), do_lower_case=True, additional_special_tokens=list(MARKERS)
        ),
    ),
    Layout(
        name="markers in the vocabulary, named in tokenizer_config.json alone",
        text=MARKED,
        files=lambda: _saved_bert(word_piece(MARKED, *MARKERS), additional_special_tokens=list(MARKERS)),
    ),
    Layout(
        name="markers in the vocabulary, named in special_tokens_map.json alone",
        text=MARKED,
        files=lambda: {
            "vocab.txt": vocab_txt(MARKED, *MARKERS),
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
            "special_tokens_map.json": {"additional_special_tokens": list(MARKERS)},
        },
    ),
    Layout(
        name="markers in added_tokens.json of a BertTokenizer",
        text=MARKED,
        files=lambda: _legacy_markers(
            {"vocab.txt": vocab_txt(MARKED), "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"}},
            len(vocabulary(MARKED)),
        ),
        transformers=(4,),
        why=_LOWER_MARKERS,
    ),
    Layout(
        name="words in added_tokens.json that aren't special",
        text=MARKED,
        files=lambda: {
            "vocab.txt": vocab_txt(MARKED),
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
            "added_tokens.json": {"Angela": len(vocabulary(MARKED)), "[USER]": len(vocabulary(MARKED)) + 1},
        },
    ),
    Layout(
        name="markers in added_tokens.json of an AlbertTokenizer",
        text=MARKED,
        files=lambda: _legacy_markers({"spiece.model": spiece(MARKED)}, _size(spiece(MARKED)), **ALBERT),
        transformers=(4,),
        why=_LOWER_MARKERS,
    ),
    Layout(
        name="markers with flags in a PreTrainedTokenizerFast",
        text=MARKED,
        files=lambda: _saved_bert(word_piece(MARKED, added=_FLAGGED), tokenizer_class="PreTrainedTokenizerFast"),
    ),
    Layout(
        name="markers with flags in an AlbertTokenizerFast",
        text=MARKED,
        files=lambda: _saved_albert(unigram(MARKED, added=_FLAGGED)),
    ),
    Layout(
        name="flags of markers that tokenizer_config.json changes",
        text=MARKED,
        files=lambda: _saved_bert(
            word_piece(MARKED, *MARKERS, added=_PLAIN),
            added_tokens_decoder={
                str(len(vocabulary(MARKED)) + index): token(name, lstrip=True, single_word=name == "[USER]")
                for index, name in enumerate(MARKERS)
            },
        ),
    ),
    Layout(
        name="markers in a cased AlbertTokenizerFast, named in special_tokens_map.json with flags",
        text=MARKED,
        files=lambda: {
            "tokenizer.json": unigram(MARKED, lower=False),
            "special_tokens_map.json": ALBERT
            | {"additional_special_tokens": [{"content": name, "lstrip": True} for name in MARKERS]},
        },
        transformers=(4,),
        why="transformers 5 can't open it",
    ),
    Layout(
        name="markers as transformers 5 saves them",
        text=MARKED,
        files=lambda: _saved_by_5(
            word_piece(MARKED, added=_PLAIN), "BertTokenizer", extra_special_tokens=list(MARKERS)
        ),
        transformers=(5,),
        why="transformers 4 can't open it",
    ),
)

ROWS = (*WORD_PIECE_ROWS, *ALBERT_ROWS, *MARKER_ROWS)


def _size(model: bytes) -> int:
    return len(sentencepiece.SentencePieceProcessor(model_proto=model))


def main() -> None:
    """Writes a folder for each row."""
    for index, layout in enumerate(ROWS):
        layout.write(Path(sys.argv[1]) / str(index))


if __name__ == "__main__":
    main()
