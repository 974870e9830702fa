"""Which class a tokenizer has, and what that means for its files."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import toy
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_export.tokenizer import describe_tokenizer
from tokenizer_folders import (
    BYTE_LEVEL,
    DEFAULTS,
    changed_tokenizer,
    configured,
    our_ids,
    refusal,
    spiece,
    their_ids,
    vocabulary,
)


@pytest.mark.parametrize(
    "name", ["BertJapaneseTokenizer", "T5Tokenizer", "T5TokenizerFast", "XLNetTokenizer", "LlamaTokenizer", "NoSuch"]
)
def test_other_classes_are_refused_by_name(tmp_path: Path, name: str) -> None:
    vocabulary(tmp_path, tokenizer_class=name)
    assert f"tokenizer_class {name} isn't read exactly (expected one of BertTokenizer, AlbertTok" in refusal(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps({"tokenizer_class": name}))
    assert f"tokenizer_class {name} isn't read exactly" in refusal(tmp_path)
    way_out = "it splits words by MeCab" if "Japanese" in name else "put it there and set tokenizer_class to PreTrained"
    assert way_out in refusal(tmp_path)


def test_a_class_that_ignores_settings_does_not_check_them(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(toy.tokenizer())
    configured(tmp_path, {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": None})
    assert read_tokenizer(Folder(tmp_path), DEFAULTS) == toy.tokenizer().encode()
    byte_level = {"type": "ByteLevel"} | BYTE_LEVEL
    (tmp_path / "tokenizer.json").write_bytes(changed_tokenizer(pre_tokenizer=byte_level))
    configured(tmp_path, {"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": True})
    assert json.loads(read_tokenizer(Folder(tmp_path), DEFAULTS))["pre_tokenizer"] == byte_level


def test_code_in_a_checkpoint_is_refused(tmp_path: Path) -> None:
    spiece(tmp_path, auto_map={"AutoTokenizer": ["tokenization.Mine", None]})
    assert "auto_map says that its tokenizer is code of its own, which isn't run" in refusal(tmp_path)


def test_a_tokenizer_of_another_class_is_read_from_its_tokenizer_json(tmp_path: Path) -> None:
    from transformers import XLMRobertaTokenizerFast

    names = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    pieces = [
        *((name, 0.0) for name in names),
        *((f"{mark}{char}", -2.0) for mark in ("", "\u2581") for char in "abcE"),
    ]
    saved = Tokenizer(models.Unigram([*pieces, ("\u2581", -3.0)], 3, False))
    saved.add_special_tokens(list(names))
    saved.pre_tokenizer = pre_tokenizers.Metaspace()
    saved.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    own = XLMRobertaTokenizerFast(tokenizer_object=saved)
    own.save_pretrained(tmp_path)
    assert "tokenizer_class XLMRobertaTokenizer" in refusal(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps(settings | {"tokenizer_class": "PreTrainedTokenizerFast"})
    )
    words = ["abc", "cab", "E", "x"]
    assert our_ids(tmp_path, words) == their_ids(own, words)
    facts = describe_tokenizer(read_tokenizer(Folder(tmp_path), DEFAULTS), 14)
    assert (facts.cls_id, facts.sep_id) == (0, 2)


def test_the_file_that_a_class_reads_must_be_there(tmp_path: Path) -> None:
    vocabulary(tmp_path, tokenizer_class="AlbertTokenizer")
    assert "AlbertTokenizer reads tokenizer.json or spiece.model, but only vocab.txt is there; add" in refusal(tmp_path)
    vocabulary(tmp_path, tokenizer_class="PreTrainedTokenizerFast")
    assert "PreTrainedTokenizerFast reads tokenizer.json, but only vocab.txt is there" in refusal(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    assert our_ids(tmp_path, ["Paris"])


def test_a_class_chooses_among_the_files(tmp_path: Path) -> None:
    spiece(tmp_path)
    vocabulary(tmp_path, tokenizer_class="BertTokenizer")
    folder = Folder(tmp_path)
    read_tokenizer(folder, DEFAULTS)
    assert "vocab.txt" in folder.sha256
    assert "spiece.model" not in folder.sha256
