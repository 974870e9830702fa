"""Every layout of a checkpoint that we read must give the pieces that transformers' AutoTokenizer gives."""

from pathlib import Path

import pytest
import transformers
from transformers import AutoTokenizer

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.text.words import split_words
from layouts import ROWS, Layout

VERSION = int(transformers.__version__.partition(".")[0])


def name(layout: Layout) -> str:
    return layout.name.replace(" ", "-")


def words(layout: Layout) -> list[str]:
    return [*layout.text.split(), *(word.text for word in split_words(layout.text))]


def our_pieces(folder: Path, layout: Layout) -> list[list[int]]:
    tokenizer = WordTokenizer(read_tokenizer(Folder(folder), SourceOptions(**layout.options)), 512)
    return [tokenizer.encode([word]).ids.tolist() for word in words(layout)]


def their_pieces(folder: Path, layout: Layout) -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(folder, **layout.settings)
    return [
        tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"] for word in words(layout)
    ]


@pytest.mark.parametrize("layout", [row for row in ROWS if VERSION in row.transformers], ids=name)
def test_each_word_has_the_pieces_that_transformers_gives(tmp_path: Path, layout: Layout) -> None:
    folder = layout.write(tmp_path)
    found, expected = our_pieces(folder, layout), their_pieces(folder, layout)
    assert dict(zip(words(layout), found, strict=True)) == dict(zip(words(layout), expected, strict=True))
    assert len({piece for pieces in found for piece in pieces}) > 10


@pytest.mark.parametrize("layout", [row for row in ROWS if VERSION not in row.transformers], ids=name)
def test_the_others_differ_for_a_reason(tmp_path: Path, layout: Layout) -> None:
    assert layout.why
    folder = layout.write(tmp_path)
    found = our_pieces(folder, layout)
    try:
        expected = their_pieces(folder, layout)
    except Exception:  # transformers has an error of its own for each
        return
    assert found != expected
