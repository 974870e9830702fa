from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from albert_ner_onnx import ModelError, default_model, load
from albert_ner_onnx.model.tokenizer import WordTokenizer
from toy_models import FP32

DATA = (default_model() / "tokenizer.json").read_bytes()
OURS = WordTokenizer(DATA, 510)
ORACLE = Tokenizer.from_str(DATA.decode())
characters = st.characters(exclude_categories=["Cs"])


@given(st.lists(st.text(characters, max_size=12) | st.sampled_from(["Berlin", "U.N.-backed", "n't", "", "\u200b"])))
def test_pieces_are_the_librarys_for_the_whole_sentence(words: list[str]) -> None:
    """Words one by one, and remembered ones, give what the library gives for all at once."""
    encoding = ORACLE.encode(words, is_pretokenized=True, add_special_tokens=False)
    for _ in range(2):
        pieces = OURS.encode(words)
        assert pieces.ids.tolist() == encoding.ids
        owners = np.repeat(np.arange(len(words)), np.diff(pieces.bounds))
        assert owners.tolist() == encoding.word_ids
        assert pieces.ids.dtype == pieces.bounds.dtype == np.int64


@pytest.mark.parametrize("piece", ["[SEP]", "[CLS]", "[PAD]", "[MASK]"])
def test_special_pieces_in_a_text_are_text(piece: str) -> None:
    special = ORACLE.token_to_id(piece)
    assert special not in OURS.encode([piece]).ids


def structured(kind: str) -> bytes:
    """A tokenizer whose vocabulary holds its special pieces, so that a word may spell one; `<e1>` isn't special."""
    pieces = ["<pad>", "<unk>", "[CLS]", "[SEP]", *"[]<>CLSEPpadunk", "a", "▁", "##a", "<e1>", "##[SEP]"]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    model = {
        "WordPiece": lambda: models.WordPiece(vocabulary, unk_token="<unk>"),
        "WordLevel": lambda: models.WordLevel(vocabulary, unk_token="<unk>"),
        "BPE": lambda: models.BPE(vocabulary, [], unk_token="<unk>"),
        "Unigram": lambda: models.Unigram([(piece, -float(len(piece) == 1)) for piece in vocabulary], 1),
    }[kind]()
    tokenizer = Tokenizer(model)
    tokenizer.add_special_tokens(["<pad>", "<unk>", "[CLS]", "[SEP]"])
    tokenizer.add_tokens([AddedToken("<e1>", normalized=False)])
    if kind == "Unigram":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return str(tokenizer.to_str()).encode()


@pytest.mark.parametrize("kind", ["WordPiece", "WordLevel", "BPE", "Unigram"])
def test_no_word_spells_a_special_piece_of_the_vocabulary(kind: str) -> None:
    data = structured(kind)
    own, library = WordTokenizer(data, 99), Tokenizer.from_str(data.decode())
    library.encode_special_tokens = True
    unknown = library.token_to_id("<unk>")
    spelled = library.encode(["[SEP]"], is_pretokenized=True).tokens
    assert ("[SEP]" in spelled) == (kind != "BPE")  # what the rule is about
    for word in ("[CLS]", "[SEP]", "<pad>", "<unk>", "a[SEP]a", "[[SEP]", "<pad>[CLS]", "<e1>[SEP]"):
        ids = own.encode([word]).ids.tolist()
        assert not {library.token_to_id(name) for name in ("[CLS]", "[SEP]", "<pad>")} & set(ids), word
        assert ids
    if kind == "Unigram":
        assert unknown not in own.encode(["<unk>"]).ids
    for word in ("a", "aa", "[a]", "é", "éa", "<e1>", "a<e1>a", "<e1", "SEP"):
        expected = library.encode([word], is_pretokenized=True, add_special_tokens=False).ids
        assert own.encode([word]).ids.tolist() == expected, word


def test_lone_surrogates_are_read_as_replacement_characters() -> None:
    assert OURS.encode(["a\ud800b"]).ids.tolist() == OURS.encode(["a\ufffdb"]).ids.tolist()


# --- Unknown pieces ---------------------------------------------------------------------------------------------------

PLAIN = WordTokenizer(DATA, 510, reads_plain=True)
UNKNOWN = ORACLE.token_to_id("[UNK]")
FULL_WIDTH = "\uff2a\uff4f\uff48\uff4e"
MATHEMATICAL = "\U0001d409\U0001d428\U0001d421\U0001d427"
CIRCLED = "\u24bf\u24de\u24d7\u24dd"


@pytest.mark.parametrize(
    ("word", "same"),
    [
        *[(word, "John") for word in (FULL_WIDTH, MATHEMATICAL, CIRCLED, "\uff2aohn\ufffd", "\uff2ao\u00adhn")],
        ("Gra\ufb00enberg", "Graffenberg"),
        ("Suf\ufb01eld\u2039", "Suffield<"),
        ("\uff21\uff34\uff06\uff34", "AT&T"),
        ("O\u201bBrien", "O'Brien"),
        ("\u33a7", "m/s"),
        ("\u3164\ufe0f", ""),
    ],
)
def test_a_word_with_unknown_pieces_is_read_in_plain_characters(word: str, same: str) -> None:
    assert UNKNOWN in OURS.encode([word]).ids or not same
    assert PLAIN.encode([word]).ids.tolist() == OURS.encode([same]).ids.tolist()
    bounds = PLAIN.encode(["in", word, "in"]).bounds.tolist()
    assert bounds == [0, 1, bounds[2], bounds[2] + 1]


@pytest.mark.parametrize("word", ["\u0167", "\U0001f44d", "\u0167est", "\u0167\ufb00", "\u0167\u24bf", FULL_WIDTH * 17])
def test_a_word_that_stays_unknown_is_read_as_it_is(word: str) -> None:
    assert PLAIN.encode([word]).ids.tolist() == OURS.encode([word]).ids.tolist()


@given(st.lists(st.text(characters, max_size=5)))
def test_known_pieces_never_change(words: list[str]) -> None:
    own, found = OURS.encode(words), PLAIN.encode(words)
    for word in range(len(words)):
        before = own.ids[own.bounds[word] : own.bounds[word + 1]].tolist()
        after = found.ids[found.bounds[word] : found.bounds[word + 1]].tolist()
        assert before == after or after.count(UNKNOWN) < before.count(UNKNOWN)


def tokenizer_of(kind: str) -> bytes:
    """A tokenizer with the pieces `<unk>`, `J`, `o` and `.`; a full stop is a word of its own."""
    vocabulary = {"<unk>": 0, "J": 1, "o": 2, ".": 3, "##o": 4}
    model = {
        "WordPiece": lambda: models.WordPiece(vocabulary, unk_token="<unk>"),
        "WordLevel": lambda: models.WordLevel(vocabulary, unk_token="<unk>"),
        "BPE": lambda: models.BPE(vocabulary, [], unk_token="<unk>"),
        "BPE without unk_token": lambda: models.BPE(vocabulary, []),
        "Unigram": lambda: models.Unigram([(piece, -1.0) for piece in vocabulary], 0),
        "Unigram without unk_id": lambda: models.Unigram([(piece, -1.0) for piece in vocabulary]),
    }[kind]()
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Punctuation()
    tokenizer.normalizer = normalizers.Replace("\ufffd", "")
    return str(tokenizer.to_str()).encode()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("WordPiece", [1, 4, 3]), ("WordLevel", [0, 3]), ("BPE", [1, 2, 3]), ("Unigram", [1, 2, 3])],
)
def test_every_kind_of_tokenizer_tells_its_unknown_piece(kind: str, expected: list[int]) -> None:
    own, found = (WordTokenizer(tokenizer_of(kind), 9, reads_plain=plain) for plain in (False, True))
    assert 0 in own.encode(["\uff2a\uff4f\uff0e"]).ids
    assert found.encode(["\uff2a\uff4f\uff0e"]).ids.tolist() == expected
    assert found.encode(["Jo."]).ids.tolist() == own.encode(["Jo."]).ids.tolist() == expected
    assert found.encode(["\u200e", "\u3164\x1b", "\ufffd"]).ids.tolist() == []


def test_a_tokenizer_without_an_unknown_piece_reads_words_as_they_are() -> None:
    data = tokenizer_of("BPE without unk_token")
    words = ["\uff2a\uff4f", "Jo", "\u200e"]
    own, found = (WordTokenizer(data, 9, reads_plain=plain).encode(words).ids.tolist() for plain in (False, True))
    assert own == found == [1, 2]


def test_names_in_compatibility_characters_are_found() -> None:
    text = "\uff2a\uff4f\uff48\uff4e \uff33\uff4d\uff49\uff54\uff48 lives in Gra\ufb00enberg."
    found = load().recognize(text)
    assert [(entity.text, entity.label) for entity in found] == [(text[:10], "PER"), (text[20:30], "LOC")]


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_a_long_word_keeps_its_first_pieces(limit: int) -> None:
    toy = (FP32 / "tokenizer.json").read_bytes()
    whole = WordTokenizer(toy, 510).encode(["xyzxyz"]).ids.tolist()
    assert len(whole) == 6
    pieces = WordTokenizer(toy, limit).encode(["xyzxyz", "in"])
    assert pieces.ids[: pieces.bounds[1]].tolist() == whole[:limit]


def test_a_word_of_megabytes_is_quick_and_not_remembered() -> None:
    tokenizer = WordTokenizer(DATA, 510)
    assert len(tokenizer.encode(["." * 10_000_000]).ids) == 510
    assert tokenizer._cache == {}


def test_the_memory_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albert_ner_onnx.model.tokenizer._CACHED_WORDS", 10)
    tokenizer = WordTokenizer(DATA, 510)
    words = [f"word{number}" for number in range(100)]
    assert tokenizer.encode(words).ids.tolist() == OURS.encode(words).ids.tolist()
    assert len(tokenizer._cache) <= 10


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", DATA[:1000], b'{"model": {"type": "BPE"}}'])
def test_what_is_no_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json: can't be loaded"):
        WordTokenizer(data, 510)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_taken_for_a_damaged_file(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    class Interrupted:
        @staticmethod
        def from_str(text: str) -> Tokenizer:
            raise error

    monkeypatch.setattr("albert_ner_onnx.model.tokenizer.Tokenizer", Interrupted)
    with pytest.raises(error):
        WordTokenizer(DATA, 510)
