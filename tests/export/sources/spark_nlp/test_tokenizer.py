"""Pieces are compared with SentencePiece's, and answers with those of Spark NLP 5.5.3."""

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from albert_ner_export.sources.spark_nlp.tokenizer import masked_piece, spark_nlp_tokenizer
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.session import open_session
from albert_ner_onnx.spark_nlp.pieces import LONE_SPACE, take_piece_text
from albert_ner_onnx.spark_nlp.words import split_words
from albert_ner_onnx.tags.decoding import softmax
from spark_nlp_archives import CLASSIFIER, FIXTURES, PIPELINE, TENSORFLOW, checkpoint, members, read_archive, unzip


class Pieces:
    """The pieces of a word by Spark NLP's rules."""

    def __init__(self, tokenizer: bytes, *, modified_utf8: bool) -> None:
        data, self._text = take_piece_text(tokenizer, modified_utf8=modified_utf8)
        self._tokenizer = Tokenizer.from_str(data.decode())
        self._lone = self._tokenizer.token_to_id(LONE_SPACE)

    def all(self, word: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode([self._text(word)], is_pretokenized=True, add_special_tokens=False).ids
        return ids

    def __call__(self, word: str) -> list[int]:
        return [piece for piece in self.all(word) if piece != self._lone]


def parse(model: bytes) -> SentencePieceModel:
    return SentencePieceModel.parse(model, PurePath("albert_spp"))


SYMBOLS = ("(", ")", '"', "-", ".", "–", "£", "€")


def train(symbols: Sequence[str] = SYMBOLS, rules: str = "nmt_nfkc") -> bytes:
    """Trains a SentencePiece model with the special pieces and user-defined symbols of the original ALBERTs."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(
            ["the quick brown fox (jumps) over a lazy dog.", "Paris - London, £9 and a half-mile"] * 3
        ),
        model_writer=model,
        vocab_size=90,
        hard_vocab_limit=False,
        control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=list(symbols),
        normalization_rule_name=rules,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


MODELS = {"tiny": members(TENSORFLOW)["albert_spp"], "with user-defined symbols": train()}
LIBRARY = {name: sentencepiece.SentencePieceProcessor(model_proto=model) for name, model in MODELS.items()}
CASED, LOWER = (
    {
        name: Pieces(spark_nlp_tokenizer(parse(model), lower_case=lower_case), modified_utf8=False)
        for name, model in MODELS.items()
    }
    for lower_case in (False, True)
)
WORDS = st.text(alphabet='aexPpis-.(–£€"9,\u2581\u0301\u0308éﬁ½東😀 [CLSEP]<unk>', max_size=12) | st.text(max_size=12)


@pytest.mark.parametrize("model", MODELS)
@given(word=WORDS)
def test_pieces_are_sentencepieces(model: str, word: str) -> None:
    assert CASED[model].all(word) == LIBRARY[model].encode(word)
    assert LOWER[model].all(word) == LIBRARY[model].encode(word.lower())


@pytest.mark.parametrize("model", MODELS)
def test_pieces_of_every_word_that_spark_nlp_answered(model: str) -> None:
    words = {word.text for name in ANSWERS for answer in answers(name) for word in split_words(answer["text"])}
    assert len(words) > 200
    for word in words | {"[CLS]", "[SEP]", "<unk>", "<pad>", "[MASK]", "a[SEP]b", "▁", "U.S.", "(half-mile)", "£9.50"}:
        assert CASED[model].all(word) == LIBRARY[model].encode(word), word


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (train(rules="identity"), "must have remove_extra_whitespaces and a precompiled_charsmap"),
        (train(symbols=["ﬁ"]), "its normalization replaces its own user-defined symbol 'ﬁ'"),
    ],
)
def test_models_that_normalize_differently_are_refused(model: bytes, message: str) -> None:
    with pytest.raises(ExportError, match=message) as error:
        spark_nlp_tokenizer(parse(model), lower_case=False)
    assert str(error.value).startswith("albert_spp: ")


def test_the_piece_that_is_masked_as_padding() -> None:
    """For a piece that it lacks, SentencePiece returns the id of the unknown piece."""
    for model, library in zip(MODELS.values(), LIBRARY.values(), strict=True):
        assert masked_piece(parse(model)) == library.piece_to_id("[pad]")
    padded = MODELS["tiny"].replace(b"\x05<pad>", b"\x05[pad]")
    library = sentencepiece.SentencePieceProcessor(model_proto=padded)
    assert masked_piece(parse(padded)) == library.piece_to_id("[pad]") == 0


def test_the_exporter_can_describe_the_tokenizer() -> None:
    data = checkpoint(TENSORFLOW).tokenizer
    facts = describe_tokenizer(data, checkpoint(TENSORFLOW).config.vocab_size)
    assert (facts.cls_id, facts.sep_id) == (2, 3)
    assert Pieces(facts.data, modified_utf8=False)("Paris") == LIBRARY["tiny"].encode("paris")


# --- Answers ----------------------------------------------------------------------------------------------------------

ANSWERS = {
    "tensorflow_lower_128": (TENSORFLOW, False, 128),
    "onnx_cased_512": (PIPELINE, True, 512),
    "onnx_lower_16": (PIPELINE, False, 16),
}


def answers(name: str) -> list[dict[str, Any]]:
    with gzip.open(FIXTURES / f"expected/{name}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def probabilities(session: Any, pieces: list[int], masked: int | None) -> npt.NDArray[np.float32]:
    """float32 [piece, tag] of one sequence, special pieces included."""
    ids = np.array([[2, *pieces, 3]])
    mask = (ids != masked).astype(np.int64)
    logits = session.run(["logits"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
    return softmax(logits[0][0])


@pytest.mark.parametrize("name", ANSWERS)
def test_the_exact_rules_give_spark_nlps_answers(name: str) -> None:
    """A slow reference: Spark NLP's tags and scores follow from what is read of an archive, by its engine's rules."""
    path, case_sensitive, length = ANSWERS[name]
    found = read_archive(path, case_sensitive=case_sensitive, max_sentence_length=length, exact_spark_nlp=True)
    assert found.spark_nlp is not None
    pieces_of, tags = Pieces(found.tokenizer, modified_utf8=True), found.config.tags
    # The archive's own graph, with the weights that both archives have (test_both_engines_give_the_same_model)
    session = open_session(unzip(members(PIPELINE)[f"{CLASSIFIER}albert_classification_onnx"])["model.onnx"])
    capacity = length - 2
    compared = 0
    for answer in answers(name):
        pieces: list[int] = []
        firsts = []  # of words with pieces: where they begin
        for word in split_words(answer["text"])[:capacity]:
            own = pieces_of(word.text)
            if own and len(pieces) <= capacity:  # the word at the very next piece has the scores of [SEP]
                firsts.append((len(pieces), word))
            pieces += own
        rows = probabilities(session, pieces[:capacity], found.spark_nlp.masked_piece)
        tagged = answer["ner"]
        assert [(word.text, tags[rows[first + 1].argmax()]) for first, word in firsts] == [
            (one["metadata"]["word"], one["result"]) for one in tagged
        ]
        for (first, _), one in zip(firsts, tagged, strict=True):
            scores = [float(one["metadata"][tag]) for tag in tags]
            np.testing.assert_allclose(rows[first + 1], scores, rtol=0, atol=1e-5)
            compared += 1
    assert compared > 250
