import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from albert_ner_onnx import ModelError, default_model
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


def test_lone_surrogates_are_read_as_replacement_characters() -> None:
    assert OURS.encode(["a\ud800b"]).ids.tolist() == OURS.encode(["a\ufffdb"]).ids.tolist()


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
