import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AlbertTokenizer, AlbertTokenizerFast

from albert_ner_export.sources.tokenizers.sentencepiece import (
    SentencePieceModel,
    plain_tokenizer_from_sentencepiece,
    tokenizer_from_sentencepiece,
)
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.tokenizer import WordTokenizer

FIXTURE = Path(__file__).parents[1] / "fixtures" / "spiece.model"
MODEL = FIXTURE.read_bytes()
TEXTS = Path(__file__).parents[4] / "export" / "albert_ner_export" / "texts"
SETTINGS = [(lower_case, keep_accents) for lower_case in (False, True) for keep_accents in (False, True)]
WORDS = (
    "",
    "Berlin",
    "U.S.",
    "(hello)",
    "a-b",
    "9,000",
    "99,",
    "1999,",
    "2016,9,99,",
    ",",
    "``",
    "''",
    "'''",
    '"Hi"',
    "’s",
    "Zürich",
    "ZÜRICH",
    "Zu\u0308rich",
    "é\u0301\u0301",
    "İstanbul",
    "ΣΑΣ",
    "½",
    "ﬁne",
    "\uff21",
    "™",
    "€5",
    "日本語",
    "서울",
    "🙂",
    "👩\u200d👩\u200d👧",
    "❄\ufe0f",
    "\u00b4",
    " ",
    "  ",
    " x",
    "x ",
    "x  y",
    "x\u3000",
    "\u200b",
    "\ufeff",
    "▁",
    "a▁b",
    "\ud7ff\ue000",
    "a\x00b",
    "x" * 300,
)


def train(text: str = "the cat and the dog. (a-b) " * 20, **options: Any) -> bytes:
    """Lets SentencePiece train a model, with ALBERT's settings unless others are given."""
    model = io.BytesIO()
    settings: dict[str, Any] = {
        "model_type": "unigram",
        "hard_vocab_limit": False,
        "vocab_size": 60,
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": -1,
        "eos_id": -1,
        "control_symbols": ["[CLS]", "[SEP]", "[MASK]"],
        "num_threads": 1,
        "minloglevel": 2,
    }
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines() * 3), model_writer=model, **settings | options
    )
    return model.getvalue()


def write(folder: Path, model: bytes) -> str:
    path = folder / "spiece.model"
    path.write_bytes(model)
    return str(path)


def parse(data: bytes) -> SentencePieceModel:
    return SentencePieceModel.parse(data, Path("spiece.model"))


def ids(tokenizer: bytes, word: str) -> list[int]:
    """Encodes a word as the runtime does."""
    return list(WordTokenizer(tokenizer, 512).encode([word]).ids)


@pytest.mark.parametrize(("lower_case", "keep_accents"), SETTINGS)
def test_it_is_the_tokenizer_that_transformers_makes(lower_case: bool, keep_accents: bool) -> None:
    expected = AlbertTokenizerFast(str(FIXTURE), do_lower_case=lower_case, keep_accents=keep_accents)
    found = tokenizer_from_sentencepiece(parse(MODEL), lower_case=lower_case, keep_accents=keep_accents)
    assert json.loads(found) == json.loads(expected.backend_tokenizer.to_str())


@pytest.mark.parametrize("rules", ["nmt_nfkc", "nmt_nfkc_cf", "identity"])
def test_the_same_with_each_table_of_normalization(tmp_path: Path, rules: str) -> None:
    model = train(normalization_rule_name=rules)
    expected = AlbertTokenizerFast(write(tmp_path, model))
    found = tokenizer_from_sentencepiece(parse(model), lower_case=True, keep_accents=False)
    assert json.loads(found) == json.loads(expected.backend_tokenizer.to_str())


@pytest.mark.parametrize(("lower_case", "keep_accents"), SETTINGS)
def test_words_have_the_pieces_that_transformers_gives(lower_case: bool, keep_accents: bool) -> None:
    fast = AlbertTokenizerFast(str(FIXTURE), do_lower_case=lower_case, keep_accents=keep_accents)
    tokenizer = WordTokenizer(
        tokenizer_from_sentencepiece(parse(MODEL), lower_case=lower_case, keep_accents=keep_accents), 512
    )
    words = {*WORDS, *(word for path in TEXTS.glob("*.txt") for word in path.read_text("utf-8").split())}
    assert len(words) > 2000

    def check(word: str) -> None:
        expected = fast([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        assert tokenizer.encode([word]).ids.tolist() == expected, repr(word)

    for word in sorted(words):
        check(word)

    @given(st.text(max_size=12).filter(lambda word: "[" not in word and "<" not in word))
    def check_any(word: str) -> None:
        check(word)

    check_any()


def test_the_special_pieces_of_a_sequence() -> None:
    fast = AlbertTokenizerFast(str(FIXTURE))
    tokenizer = Tokenizer.from_str(
        tokenizer_from_sentencepiece(parse(MODEL), lower_case=True, keep_accents=False).decode()
    )
    assert tokenizer.encode("the city").ids == fast("the city")["input_ids"]
    assert tokenizer.encode("the", "city").ids == fast("the", "city")["input_ids"]
    assert [tokenizer.id_to_token(index) for index in (0, 1, 2, 3, 4)] == fast.convert_ids_to_tokens([0, 1, 2, 3, 4])


def test_a_number_and_a_comma_are_never_one_piece() -> None:
    tokenizer = Tokenizer.from_str(
        tokenizer_from_sentencepiece(parse(MODEL), lower_case=False, keep_accents=False).decode()
    )
    plain = Tokenizer.from_str(plain_tokenizer_from_sentencepiece(parse(MODEL), lower_case=False).decode())
    assert "99," in plain.encode("1999,").tokens  # what the rule is about
    assert tokenizer.encode("1999,").tokens[-2:] == [",", "[SEP]"]


@pytest.mark.parametrize("normalization", ["nmt_nfkc", "identity"])
def test_user_defined_symbols_stay_pieces(tmp_path: Path, normalization: str) -> None:
    # Not as AlbertTokenizerFast: there a symbol splits the text first, and what comes after it begins with a "▁"
    model = train(user_defined_symbols=list('()"-.–£€'), normalization_rule_name=normalization)
    slow = AlbertTokenizer(write(tmp_path, model))
    tokenizer = tokenizer_from_sentencepiece(parse(model), lower_case=True, keep_accents=False)
    assert len(parse(model).user_defined) == 8
    for word in ("U.S.", "(the)", "a-b", "dog.", '"the"', "£5", "5–6", "...", "(a-b).", "the"):
        assert ids(tokenizer, word) == slow.convert_tokens_to_ids(slow.tokenize(word)), word


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize("rules", [None, "nmt_nfkc", "nmt_nfkc_cf", "identity"])
def test_the_plain_tokenizer_gives_the_pieces_of_sentencepiece(rules: str | None, lower_case: bool) -> None:
    model = train(normalization_rule_name=rules) if rules else MODEL
    oracle = sentencepiece.SentencePieceProcessor(model_proto=model)
    tokenizer = WordTokenizer(plain_tokenizer_from_sentencepiece(parse(model), lower_case=lower_case), 512)
    # Except these: the library normalizes graphemes; SentencePiece, code points, and it drops a "▁" at the end
    words = {*WORDS, *(word for path in TEXTS.glob("*.txt") for word in path.read_text("utf-8").split())}
    for word in sorted(words - {"é\u0301\u0301", "▁"}):
        expected = oracle.encode(word.lower() if lower_case else word)
        assert tokenizer.encode([word]).ids.tolist() == expected, repr(word)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model_type": "bpe"},
            "trainer_spec.model_type must be 1, as in ALBERT's SentencePiece model, found 2; if it is BPE",
        ),
        (
            {"byte_fallback": True, "vocab_size": 320},
            "SentencePiece model, found 1; save its tokenizer.json beside it",
        ),
        ({"treat_whitespace_as_suffix": True}, "trainer_spec.treat_whitespace_as_suffix must be 0"),
        (
            {"add_dummy_prefix": False},
            "normalizer_spec.add_dummy_prefix must be 1, as in ALBERT's SentencePiece model, found 0",
        ),
        ({"control_symbols": ["[CLS]", "<sep>"]}, "has no piece [SEP]; expected the SentencePiece model of an ALBERT"),
    ],
)
def test_settings_that_albert_does_not_have_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError) as error:
        tokenizer_from_sentencepiece(parse(train(**options)), lower_case=True, keep_accents=False)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def _piece(name: bytes, score: bytes = b"\0\0\0\0", kind: int = 1) -> bytes:
    entry = b"\x0a" + bytes([len(name)]) + name + b"\x15" + score + b"\x18" + bytes([kind])
    return b"\x0a" + bytes([len(entry)]) + entry


SPECS = b"\x12\0\x1a\0"  # empty trainer_spec and normalizer_spec
SPECIAL = _piece(b"<unk>", kind=2) + _piece(b"[CLS]", kind=3) + _piece(b"[SEP]", kind=3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a SentencePiece model, or a damaged one"),
        (b"\0" * 100, "not a SentencePiece model, or a damaged one"),
        (b"\xff" * 100, "not a SentencePiece model, or a damaged one"),
        (b"PK\3\4" * 100, "not a SentencePiece model, or a damaged one"),
        (json.dumps({"version": "1.0"}).encode(), "not a SentencePiece model, or a damaged one"),
        (MODEL[: len(MODEL) // 2], "not a SentencePiece model, or a damaged one"),
        (MODEL[:-1], "not a SentencePiece model, or a damaged one"),
        (SPECIAL, "not a SentencePiece model, or a damaged one"),
        (SPECIAL + _piece(b"\xff") + SPECS, "not a SentencePiece model, or a damaged one"),
        (SPECIAL + _piece(b"a") + _piece(b"a") + SPECS, "pieces must be unique"),
        (SPECIAL + _piece(b"") + SPECS, "pieces must be unique"),
        (SPECIAL + _piece(b"a", b"\0\0\xc0\x7f") + SPECS, "finite scores"),
        (SPECIAL + b"\x12\3\xc0\2\x01\x1a\0", "unk_id 1 isn't the unknown piece"),
        (SPECIAL + b"\x12\3\xc0\2\x7f\x1a\0", "unk_id 127 isn't the unknown piece"),
        (SPECIAL + b"\x12\0\x1a\6\x12\4abcd", "precompiled_charsmap: can't be read"),
        (SPECIAL + b"\x12\0\x1a\7\x12\5\1\0\0\0\0", "precompiled_charsmap: can't be read"),
    ],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ExportError) as error:
        tokenizer_from_sentencepiece(parse(data), lower_case=True, keep_accents=False)
    with pytest.raises(ExportError, match=re.escape(str(error.value))):
        plain_tokenizer_from_sentencepiece(parse(data), lower_case=True)
    assert str(error.value).startswith("spiece.model: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@given(st.integers(0, len(MODEL)), st.binary(max_size=8))
def test_any_damage_gives_a_tokenizer_or_an_export_error(position: int, other: bytes) -> None:
    data = MODEL[:position] + other + MODEL[position + len(other) :]
    with contextlib.suppress(ExportError):
        WordTokenizer(tokenizer_from_sentencepiece(parse(data), lower_case=True, keep_accents=False), 512).encode(WORDS)
