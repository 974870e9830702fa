import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AlbertTokenizer, AlbertTokenizerFast, BertTokenizerFast, PreTrainedTokenizerFast

import layout_files
import toy
from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.letter_case import is_case_sensitive, set_case
from albert_ner_export.sources.tokenizers.normalizers import keeps_accents
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.tokenizer import WordTokenizer

SPIECE = Path(__file__).parents[1] / "fixtures" / "spiece.model"
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


@pytest.mark.parametrize("case_sensitive", [False, True])
@pytest.mark.parametrize("do_lower_case", [None, False, True])
@pytest.mark.parametrize(
    ("write", "oracle"), [(spiece, AlbertTokenizerFast), (vocabulary, BertTokenizerFast)], ids=["spiece", "vocab"]
)
def test_the_user_overrides_the_case(
    tmp_path: Path,
    write: Callable[..., Folder],
    oracle: type[PreTrainedTokenizerFast],
    do_lower_case: bool | None,
    case_sensitive: bool,
) -> None:
    folder = write(tmp_path, **({} if do_lower_case is None else {"do_lower_case": do_lower_case}))
    options = SourceOptions(case_sensitive=case_sensitive, warn=pytest.fail)
    found = read_tokenizer(folder, options)
    assert json.loads(found) == backend(oracle.from_pretrained(tmp_path, do_lower_case=not case_sensitive))
    # The same from a tokenizer.json
    path = tmp_path / "tokenizer.json"
    path.write_text(oracle.from_pretrained(tmp_path).backend_tokenizer.to_str())
    assert json.loads(read_tokenizer(folder, options)) == json.loads(found)


LOWER = normalizers.Lowercase()
KEEP, TABLE = normalizers.NFC(), normalizers.Replace("A", "a")
TABLE_NAME = "its normalizer (Sequence) folds case by a table of its own"


@pytest.mark.parametrize(
    ("before", "case_sensitive", "after"),
    [
        (None, True, None),
        (None, False, LOWER),
        (LOWER, True, None),
        (LOWER, False, LOWER),
        (KEEP, True, KEEP),
        (KEEP, False, normalizers.Sequence([KEEP, LOWER])),
        (normalizers.Sequence([KEEP, LOWER]), True, normalizers.Sequence([KEEP])),
        (normalizers.Sequence([LOWER, KEEP, LOWER]), True, normalizers.Sequence([KEEP])),
        (
            normalizers.Sequence([normalizers.Sequence([LOWER, KEEP]), KEEP]),
            True,
            normalizers.Sequence([normalizers.Sequence([KEEP]), KEEP]),
        ),
        (
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=False)]),
            False,
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=True)]),
        ),
        (
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=True)]),
            True,
            normalizers.Sequence([KEEP, normalizers.BertNormalizer(lowercase=False)]),
        ),
        (normalizers.Sequence([LOWER, TABLE]), True, TABLE_NAME),
    ],
)
def test_the_case_of_each_normalizer(before: Any, case_sensitive: bool, after: Any) -> None:
    def tokenizer(normalizer: Any) -> bytes:
        result = Tokenizer(models.WordLevel({"[UNK]": 0}, "[UNK]"))
        if normalizer is not None:
            result.normalizer = normalizer
        return str(result.to_str()).encode()

    if isinstance(after, str):
        with pytest.raises(ExportError) as error:
            set_case(tokenizer(before), PATH, case_sensitive=case_sensitive)
        assert after in str(error.value)
        return
    found = set_case(tokenizer(before), PATH, case_sensitive=case_sensitive)
    assert json.loads(found) == json.loads(tokenizer(after))
    assert is_case_sensitive(found, PATH) == case_sensitive


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


def changed_tokenizer(added_token: dict[str, Any] | None = None, **changes: Any) -> bytes:
    settings = json.loads(toy.tokenizer()) | changes
    settings["added_tokens"] += [] if added_token is None else [added_token | {"id": len(toy.vocabulary())}]
    return json.dumps(settings).encode()


def added(content: str, **flags: bool) -> dict[str, Any]:
    usual = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"content": content, "special": True} | usual | flags


def marked(folder: Path) -> Folder:
    return configured(folder, {"additional_special_tokens": [{"content": "[USER]", "__type": "AddedToken"}]})


BYTE_LEVEL = {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
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


# --- Ways out ---------------------------------------------------------------------------------------------------------


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


# --- Accents ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("saved", [False, True])
def test_the_user_decides_on_accents(tmp_path: Path, saved: bool, keep: bool) -> None:
    folder = spiece(tmp_path)
    expected = backend(AlbertTokenizerFast.from_pretrained(tmp_path, keep_accents=keep))
    if saved:
        other = AlbertTokenizerFast.from_pretrained(tmp_path, keep_accents=not keep)
        (tmp_path / "tokenizer.json").write_text(other.backend_tokenizer.to_str())
    assert json.loads(read_tokenizer(folder, SourceOptions(keep_accents=keep, warn=pytest.fail))) == expected


@pytest.mark.parametrize("keep", [False, True])
def test_the_user_decides_on_berts_accents(tmp_path: Path, keep: bool) -> None:
    folder = vocabulary(tmp_path)
    found = json.loads(read_tokenizer(folder, SourceOptions(keep_accents=keep)))
    assert found["normalizer"]["strip_accents"] is not keep


def test_accents_of_an_unknown_normalizer_are_refused(tmp_path: Path) -> None:
    data = changed_tokenizer(normalizer={"type": "Replace", "pattern": {"String": "é"}, "content": "e"})
    (tmp_path / "tokenizer.json").write_bytes(data)
    message = refusal(tmp_path, SourceOptions(keep_accents=True))
    assert "its normalizer (Replace) is neither ALBERT's nor BERT's" in message
    (tmp_path / "tokenizer.json").write_bytes(changed_tokenizer(normalizer=None))
    for keep in (False, True):
        assert keeps_accents(read_tokenizer(Folder(tmp_path), SourceOptions(keep_accents=keep)), PATH) == keep


@pytest.mark.parametrize(
    ("text", "texts", "expected"),
    [
        ("the cat and the dog", [], None),
        ("the cat and the dog", ["the naïve café"], None),  # all of transformers' and Google's code drops these
        ("the cat and the dog", ["in दिल्ली"], "1 of the text's 2 different words, such as 'दिल्ली', lose vowel signs"),
        (
            layout_files.HINDI,
            [],
            " pieces, such as 'नरेंद्र', are never read, as AlbertTokenizerFast drops accents and vowel",
        ),
    ],
)
def test_readings_that_differ_in_accents_are_said(
    tmp_path: Path, text: str, texts: list[str], expected: str | None
) -> None:
    (tmp_path / "spiece.model").write_bytes(
        layout_files.spiece(text if text != layout_files.ENGLISH else "the cat and the dog")
    )
    lines: list[str] = []
    read_tokenizer(Folder(tmp_path), SourceOptions(texts=texts, warn=lines.append))
    assert len(lines) == (expected is not None)
    assert (expected or "") in "".join(lines)
    for keep in (False, True):  # as the message advises
        read_tokenizer(Folder(tmp_path), SourceOptions(texts=texts, keep_accents=keep, warn=pytest.fail))


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
