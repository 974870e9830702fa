import json
from pathlib import Path, PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertTokenizerFast

import toy
from albert_ner_export.sources.tokenizers.word_piece import tokenizer_from_vocabulary
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.tokenizer import WordTokenizer

PIECES = [*toy.vocabulary(), "Paris", "é", "日", "本", "日本", "##!", "z\u0308", "’"]
TEXT = "\n".join(PIECES) + "\n"
WORDS = (
    "",
    "Paris",
    "PARIS",
    "paris",
    "é",
    "É",
    "e\u0301",
    "日本",
    "日本x",
    "😀",
    "John's",
    "’s",
    "x" * 101,
    "\t",
    "\ufffd",
)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"do_lower_case": False},
    {"do_lower_case": False, "strip_accents": True},
    {"strip_accents": False},
    {"tokenize_chinese_chars": False},
]


def build(data: bytes, settings: dict[str, Any]) -> bytes:
    return tokenizer_from_vocabulary(
        data,
        PurePath("vocab.txt"),
        lower_case=settings.get("do_lower_case", True),
        strip_accents=settings.get("strip_accents"),
        chinese_characters=settings.get("tokenize_chinese_chars", True),
        special={name: piece for name, piece in settings.items() if name.endswith("_token")},
    )


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT.rstrip(), TEXT + "the\n"])
def test_it_is_the_tokenizer_that_transformers_makes(tmp_path: Path, settings: dict[str, Any], text: str) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes(text.encode())
    expected = BertTokenizerFast(str(path), **settings)
    found = build(path.read_bytes(), settings)
    assert json.loads(found) == json.loads(expected.backend_tokenizer.to_str())


def test_special_pieces_of_other_names(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("<pad>\n<unk>\n<s>\n</s>\n<mask>\nthe\n")
    settings = {
        "unk_token": "<unk>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "mask_token": "<mask>",
    }
    expected = BertTokenizerFast(str(path), **settings)
    found = json.loads(build(path.read_bytes(), settings))
    assert found == json.loads(expected.backend_tokenizer.to_str())


@pytest.mark.parametrize("settings", SETTINGS)
def test_words_have_the_pieces_that_transformers_gives(tmp_path: Path, settings: dict[str, Any]) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text(TEXT, "utf-8")
    fast = BertTokenizerFast(str(path), **settings)
    tokenizer = WordTokenizer(build(path.read_bytes(), settings), 512)

    def check(word: str) -> None:
        expected = fast([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        assert tokenizer.encode([word]).ids.tolist() == expected, repr(word)

    for word in WORDS:
        check(word)

    @given(st.text(max_size=12).filter(lambda word: "[" not in word))
    def check_any(word: str) -> None:
        check(word)

    check_any()


@pytest.mark.parametrize(
    ("data", "special", "message"),
    [
        (b"", {}, "has no piece [UNK]; if it has another name, say so in tokenizer_config.json"),
        (b"[UNK]\n[CLS]\nthe\n", {}, "has no piece [SEP]"),
        (b"[UNK]\n[CLS]\n[SEP]\n", {"cls_token": "<s>"}, "has no piece <s>"),
        (b"[UNK]\na b\n[SEP]\n", {"cls_token": "a b"}, "a b and [SEP] must not contain ' '"),
        (b"[UNK]\na:b\n[SEP]\n", {"cls_token": "a:b"}, "a:b and [SEP] must not contain ':'"),
        (b"[UNK]\n\xff\n", {}, "not UTF-8 at byte 6"),
    ],
)
def test_damage_is_named(data: bytes, special: dict[str, str], message: str) -> None:
    with pytest.raises(ExportError) as error:
        tokenizer_from_vocabulary(data, PurePath("vocab.txt"), special=special)
    assert str(error.value).startswith("vocab.txt: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
