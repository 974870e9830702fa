import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AlbertTokenizer, AlbertTokenizerFast, BertTokenizerFast

import layout_files
import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.normalizers import is_case_sensitive
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError
from tokenizer_folders import (
    BYTE_LEVEL,
    DEFAULTS,
    PATH,
    added,
    backend,
    changed_tokenizer,
    configured,
    marked,
    our_ids,
    refusal,
    spiece,
    their_ids,
    vocabulary,
)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"keep_accents": True, "do_lower_case": True},
        {"model_max_length": 8, "cls_token": {"content": "[CLS]", "__type": "AddedToken"}},
        {"added_tokens_decoder": {"2": {"content": "[CLS]", "special": True}}},
    ],
)
def test_spiece_model_is_read_as_transformers_opens_the_folder(tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = spiece(tmp_path, **settings)
    found = read_tokenizer(folder, DEFAULTS)
    assert json.loads(found) == backend(AlbertTokenizerFast.from_pretrained(tmp_path))
    assert "spiece.model" in folder.sha256
    assert ("tokenizer_config.json" in folder.sha256) == bool(settings)
    describe_tokenizer(found, 900)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
        {"model_max_length": 8, "unk_token": "[UNK]", "cls_token": "[CLS]", "mask_token": None},
    ],
)
def test_vocab_txt_is_read_as_transformers_opens_the_folder(tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = vocabulary(tmp_path, **settings)
    found = read_tokenizer(folder, DEFAULTS)
    oracle = {name: value for name, value in settings.items() if value is not None}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(oracle))
    assert json.loads(found) == backend(BertTokenizerFast.from_pretrained(tmp_path))
    describe_tokenizer(found, len(toy.vocabulary()) + 2)


def test_tokenizer_json_is_preferred_and_kept_as_it_is(tmp_path: Path) -> None:
    spiece(tmp_path)
    vocabulary(tmp_path, tokenizer_class="PreTrainedTokenizerFast", do_lower_case=False)
    (tmp_path / "tokenizer.json").write_text(toy.tokenizer())
    folder = Folder(tmp_path)
    assert read_tokenizer(folder, DEFAULTS) == toy.tokenizer().encode()
    assert sorted(folder.sha256) == ["tokenizer.json", "tokenizer_config.json"]


def test_what_transformers_reads_differently_is_said(tmp_path: Path) -> None:
    from sentencepiece import SentencePieceTrainer

    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat (and) the dog."] * 9),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=40,
        hard_vocab_limit=False,
        control_symbols=["[CLS]", "[SEP]"],
        user_defined_symbols=["(", ")"],
        normalization_rule_name="nmt_nfkc_cf",
        minloglevel=2,
    )
    lines: list[str] = []
    found = read_tokenizer(Folder(tmp_path), SourceOptions(case_sensitive=True, warn=lines.append))
    assert not is_case_sensitive(found, PATH)
    assert len(lines) == 2
    assert "spiece.model: its own normalization lower-cases" in lines[0]
    assert "spiece.model: its user-defined symbols (( )) are read as SentencePiece does" in lines[1]


def with_file(name: str, data: bytes, write: Callable[..., Folder] = spiece) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        write(folder)
        (folder / name).write_bytes(data)

    return change


CASED = SourceOptions(case_sensitive=True)


@pytest.mark.parametrize(
    ("prepare", "options", "message"),
    [
        (lambda folder: None, DEFAULTS, "no tokenizer in it; expected one of tokenizer.json, spiece.model, vocab.txt"),
        (with_file("spiece.model", b"x"), DEFAULTS, "spiece.model: not a SentencePiece model, or a damaged one"),
        (with_file("vocab.txt", b"x", vocabulary), DEFAULTS, "vocab.txt: has no piece [UNK]"),
        (with_file("tokenizer_config.json", b"x"), DEFAULTS, "tokenizer_config.json: not JSON"),
        (with_file("tokenizer_config.json", b"[]"), DEFAULTS, "tokenizer_config.json: must be a JSON object"),
        (with_file("added_tokens.json", b"[]"), DEFAULTS, "added_tokens.json: must be a JSON object"),
        (with_file("tokenizer.json", b"x"), CASED, "tokenizer.json: can't be read ("),
        (with_file("tokenizer.json", b"\xff"), CASED, "tokenizer.json: can't be read ("),
        (
            lambda folder: spiece(folder, do_lower_case="no"),
            DEFAULTS,
            "tokenizer_config.json: do_lower_case must be true or false, found 'no'",
        ),
        (lambda folder: spiece(folder, keep_accents=None), DEFAULTS, "keep_accents must be true or false, found None"),
        (lambda folder: vocabulary(folder, strip_accents=1), DEFAULTS, "strip_accents must be true, false or null"),
        (
            lambda folder: vocabulary(folder, cls_token=["[CLS]"]),
            DEFAULTS,
            "cls_token must be a piece, found ['[CLS]']",
        ),
        (lambda folder: vocabulary(folder, cls_token={}), DEFAULTS, "cls_token must be a piece, found {}"),
        (with_file("added_tokens.json", b'{"<n>": "x"}'), DEFAULTS, "must map tokens to ids, found 'x' for '<n>'"),
        (with_file("added_tokens.json", b'{"": 5}'), DEFAULTS, "must map tokens to ids, found 5 for ''"),
        (
            lambda folder: spiece(folder, added_tokens_decoder=["<n>"]),
            DEFAULTS,
            "tokenizer_config.json: added_tokens_decoder must map ids to tokens; save the tokenizer again",
        ),
        (lambda folder: spiece(folder, added_tokens_decoder={"x": {}}), DEFAULTS, "must map ids to tokens"),
        (
            lambda folder: spiece(folder, added_tokens_decoder={"9": "<n>"}),
            DEFAULTS,
            "added_tokens_decoder must map ids to tokens, found '<n>'",
        ),
        (
            lambda folder: spiece(folder, added_tokens_decoder={"9": {"content": "<n>", "lstrip": 1}}),
            DEFAULTS,
            "the flags of the token '<n>' must be true or false, found {'lstrip': 1}",
        ),
        (
            lambda folder: spiece(folder, additional_special_tokens="[USER]"),
            DEFAULTS,
            "additional_special_tokens must be a list of pieces, found '[USER]'",
        ),
        (
            lambda folder: spiece(folder, additional_special_tokens=[7]),
            DEFAULTS,
            "additional_special_tokens must be a piece, found 7",
        ),
        (
            with_file("tokenizer.json", changed_tokenizer(added("[USER]", normalized=True)), marked),
            DEFAULTS,
            'normalized of the added token "[USER]" is True there, but False in the files beside it, and versions of',
        ),
        (
            with_file("tokenizer.json", changed_tokenizer(pre_tokenizer={"type": "ByteLevel"} | BYTE_LEVEL)),
            DEFAULTS,
            "add_prefix_space is True there and False in tokenizer_config.json, and versions of transformers differ",
        ),
    ],
)
def test_damage_is_named(
    tmp_path: Path, prepare: Callable[[Path], object], options: SourceOptions, message: str
) -> None:
    prepare(tmp_path)
    with pytest.raises(ExportError) as error:
        read_tokenizer(Folder(tmp_path), options)
    assert str(error.value).startswith(str(tmp_path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


TEXT = "Jürgen Müller wohnt in München 日本 9, 99,"


@pytest.mark.parametrize("settings", [{"model_type": "bpe"}, {"byte_fallback": True, "vocab_size": 400}])
def test_other_sentencepiece_models_are_read_from_their_tokenizer_json(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    (tmp_path / "spiece.model").write_bytes(layout_files.spiece(layout_files.GERMAN, **settings))
    (tmp_path / "config.json").write_text('{"model_type": "albert"}')
    assert "save its tokenizer.json beside it, which is read first" in refusal(tmp_path)
    slow = AlbertTokenizer.from_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fast one has no byte fallback
        fast = AlbertTokenizerFast.from_pretrained(tmp_path)
    fast.save_pretrained(tmp_path)
    assert our_ids(tmp_path, TEXT.split()) == their_ids(fast, TEXT.split())
    if "byte_fallback" in settings:
        path = tmp_path / "tokenizer.json"
        saved = json.loads(path.read_text())
        saved["model"]["byte_fallback"] = True
        path.write_text(json.dumps(saved))
    assert our_ids(tmp_path, TEXT.split()) == their_ids(slow, TEXT.split())


@pytest.mark.parametrize("normalized", [False, True])
def test_a_marker_that_the_files_agree_on_is_read(tmp_path: Path, normalized: bool) -> None:
    marked(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(changed_tokenizer(added("[USER]", normalized=normalized)))
    if normalized:
        assert 'normalized of the added token "[USER]" is True there' in refusal(tmp_path)
        token = {"content": "[USER]", "normalized": True}
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"additional_special_tokens": [token]}))
    assert our_ids(tmp_path, ["[USER]", "x[USER]"])[0] == [len(toy.vocabulary())]


def test_settings_that_transformers_4_ignores_are_said(tmp_path: Path) -> None:
    folder = spiece(tmp_path)
    saved = AlbertTokenizerFast.from_pretrained(tmp_path).backend_tokenizer.to_str()
    (tmp_path / "tokenizer.json").write_text(saved)
    configured(tmp_path, {"do_lower_case": False, "keep_accents": True})
    lines: list[str] = []
    assert json.loads(read_tokenizer(folder, SourceOptions(warn=lines.append))) == json.loads(saved)
    assert [line.split(": ", 1)[1][:61] for line in lines] == [
        "do_lower_case is false, but tokenizer.json reads as with true",
        "keep_accents is true, but tokenizer.json reads as with false;",
    ]
    decided = SourceOptions(case_sensitive=True, keep_accents=True, warn=pytest.fail)
    assert json.loads(read_tokenizer(folder, decided)) != json.loads(saved)


def test_added_special_pieces_do_not_matter(tmp_path: Path) -> None:
    folder = spiece(tmp_path, added_tokens_decoder={"900": {"content": "[MASK]"}})
    (tmp_path / "added_tokens.json").write_text('{"[PAD]": 900}')
    read_tokenizer(folder, DEFAULTS)
