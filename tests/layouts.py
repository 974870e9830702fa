"""The tokenizers of checkpoints in the layouts that there are, one row a layout, each with a text in its script.

Everything is made here. `python tests/layouts.py FOLDER` writes a folder for each row, to open with any transformers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layout_files import (
    ALBERT,
    BERT,
    CHINESE,
    ENGLISH,
    FLAGGED,
    GERMAN,
    HINDI,
    JAPANESE,
    MARKED,
    MARKERS,
    PERSIAN,
    PLAIN,
    Files,
    legacy_markers,
    of_2020,
    other_names,
    pieces_of,
    saved_albert,
    saved_bert,
    saved_by_5,
    sequence_normalizer,
    spiece,
    token,
    unigram,
    vocab_txt,
    vocabulary,
    word_piece,
)

_LOWER_MARKERS = "transformers 5 doesn't read additional_special_tokens there, and takes [user] for [USER]"
_NOT_IN_5 = "transformers 5 builds the tokenizer anew from its settings"


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
        files=lambda: saved_bert(word_piece(JAPANESE), do_lower_case=True, strip_accents=None),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast cased, German",
        text=GERMAN,
        files=lambda: saved_bert(word_piece(GERMAN, lowercase=True), do_lower_case=False),
    ),
    Layout(
        name="a cased BertTokenizerFast whose tokenizer_config.json doesn't say so, German",
        text=GERMAN,
        files=lambda: saved_bert(word_piece(GERMAN, lowercase=False)),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast keep accents, Hindi",
        text=HINDI,
        files=lambda: saved_bert(word_piece(HINDI), do_lower_case=True, strip_accents=False),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast drop accents, Hindi",
        text=HINDI,
        files=lambda: saved_bert(
            word_piece(HINDI, lowercase=False, strip_accents=False), do_lower_case=False, strip_accents=True
        ),
    ),
    Layout(
        name="tokenizer_config.json makes a BertTokenizerFast keep words of Chinese characters, Chinese",
        text=CHINESE,
        files=lambda: saved_bert(word_piece(CHINESE), do_lower_case=True, tokenize_chinese_chars=False),
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
        files=lambda: saved_bert(sequence_normalizer(), do_lower_case=False),
        transformers=(4,),
        why=_NOT_IN_5,
    ),
    Layout(
        name="PreTrainedTokenizerFast, which ignores its settings, German",
        text=GERMAN,
        files=lambda: saved_bert(
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
    Layout(name="special pieces of other names, German", text=GERMAN, files=other_names),
    Layout(
        name="BertTokenizer as transformers 5 saves it, Chinese",
        text=CHINESE,
        files=lambda: saved_by_5(word_piece(CHINESE, lowercase=False), "BertTokenizer", do_lower_case=False),
    ),
    Layout(
        name="TokenizersBackend of transformers 5, Persian",
        text=PERSIAN,
        files=lambda: saved_by_5(word_piece(PERSIAN), "TokenizersBackend"),
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
        files=lambda: saved_albert(unigram(PERSIAN), do_lower_case=True, keep_accents=False),
    ),
    Layout(
        name="tokenizer.json of 2020 and nothing else, English",
        text=ENGLISH,
        files=lambda: {"tokenizer.json": of_2020(unigram(ENGLISH), sequence=False)},
    ),
    Layout(
        name="tokenizer.json of 2020 that splits at spaces first, cased, English",
        text=ENGLISH,
        files=lambda: saved_albert(of_2020(unigram(ENGLISH, lower=False), sequence=True), do_lower_case=False),
    ),
    Layout(
        name="AlbertTokenizerFast, which ignores its settings, German",
        text=GERMAN,
        files=lambda: saved_albert(unigram(GERMAN), do_lower_case=False, keep_accents=True),
        transformers=(4,),
        why=_NOT_IN_5,
    ),
    Layout(
        name="AlbertTokenizer as transformers 5 saves it, cased, with accents, German",
        text=GERMAN,
        files=lambda: saved_by_5(
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
        files=lambda: saved_bert(
            word_piece(MARKED, added=PLAIN), do_lower_case=True, additional_special_tokens=list(MARKERS)
        ),
    ),
    Layout(
        name="markers in the vocabulary, named in tokenizer_config.json alone",
        text=MARKED,
        files=lambda: saved_bert(word_piece(MARKED, *MARKERS), additional_special_tokens=list(MARKERS)),
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
        files=lambda: legacy_markers(
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
        files=lambda: legacy_markers({"spiece.model": spiece(MARKED)}, pieces_of(spiece(MARKED)), **ALBERT),
        transformers=(4,),
        why=_LOWER_MARKERS,
    ),
    Layout(
        name="markers with flags in a PreTrainedTokenizerFast",
        text=MARKED,
        files=lambda: saved_bert(word_piece(MARKED, added=FLAGGED), tokenizer_class="PreTrainedTokenizerFast"),
    ),
    Layout(
        name="markers with flags in an AlbertTokenizerFast",
        text=MARKED,
        files=lambda: saved_albert(unigram(MARKED, added=FLAGGED)),
    ),
    Layout(
        name="flags of markers that tokenizer_config.json changes",
        text=MARKED,
        files=lambda: saved_bert(
            word_piece(MARKED, *MARKERS, added=PLAIN),
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
        files=lambda: saved_by_5(word_piece(MARKED, added=PLAIN), "BertTokenizer", extra_special_tokens=list(MARKERS)),
        transformers=(5,),
        why="transformers 4 can't open it",
    ),
)

ROWS = (*WORD_PIECE_ROWS, *ALBERT_ROWS, *MARKER_ROWS)


def main() -> None:
    """Writes a folder for each row."""
    for index, layout in enumerate(ROWS):
        layout.write(Path(sys.argv[1]) / str(index))


if __name__ == "__main__":
    main()
