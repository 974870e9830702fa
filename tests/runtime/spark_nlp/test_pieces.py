"""Spark NLP's rules against the answers of Spark NLP 5.5.3 (kept with its archives), and SentencePiece's library."""

import base64
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, models

from albert_ner_onnx import ModelError
from albert_ner_onnx.model.tokenizer import ReadPieces
from albert_ner_onnx.spark_nlp.chunks import chunks
from albert_ner_onnx.spark_nlp.pieces import (
    LONE_SPACE,
    PieceText,
    open_exact_tokenizer,
    open_tokenizer,
    take_piece_text,
)
from albert_ner_onnx.spark_nlp.words import split_words
from growth import assert_linear

EXPECTED = Path(__file__).parents[2] / "export/sources/fixtures/spark_nlp/expected"
SETTINGS = ("tensorflow_lower_128", "onnx_cased_512", "onnx_lower_16")
# Java's pattern in the archive's own TokenizerModel
CONTEXT = re.escape(".,;:!?*-()\"'")
RULE = re.compile(rf"\A([{CONTEXT}]*)([^{CONTEXT}](?:.*[^{CONTEXT}])*)([{CONTEXT}]*)\Z", re.DOTALL)


def answers(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(EXPECTED / f"{name}.jsonl.gz", "rt") as lines:
        yield from map(json.loads, lines)


def units(text: str, end: int) -> int:
    """Offset in UTF-16 code units, as Java counts."""
    return len(text[:end].encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize("name", SETTINGS)
def test_words_are_spark_nlps_tokens(name: str) -> None:
    texts = 0
    for answer in answers(name):
        text = answer["text"]
        found = [(word.text, units(text, word.start), units(text, word.end) - 1) for word in split_words(text)]
        assert found == [(token["result"], token["begin"], token["end"]) for token in answer["token"]], text
        texts += 1
    assert texts == 101


@given(st.text(alphabet="aé😀 \t\n\u2028\xa0\u2187.-'(\"") | st.text())
def test_words_follow_the_pattern_in_the_archive(text: str) -> None:
    expected = []
    for candidate in re.finditer("[^ \t\n\x0b\f\r\u2187]+", text):
        match = RULE.match(candidate.group())
        spans = [match.span(group) for group in (1, 2, 3)] if match else [(0, len(candidate.group()))]
        expected += [(candidate.start() + start, candidate.start() + end) for start, end in spans if start < end]
    words = split_words(text)
    assert [(word.start, word.end) for word in words] == expected
    assert all(text[word.start : word.end] == word.text for word in words)


@pytest.mark.parametrize(
    ("text", "count"),
    [("x" * 99_999, 1), ("x" * 100_000, 0), ("😀" * 49_999, 1), ("😀" * 50_000, 0), ("." * 100_000, 0)],
)
def test_longer_tokens_than_its_maximum_are_dropped(text: str, count: int) -> None:
    assert len(split_words(text)) == count
    assert [word.text for word in split_words(f"{text} Paris")][count:] == ["Paris"]


@pytest.mark.parametrize("text", ["x", ".", ".x", "x.", "-x- ", "\u2187", "😀 "])
def test_time_is_linear(text: str) -> None:
    assert_linear(split_words, lambda size: text * size, 16_000)


def train(rule: str) -> bytes:
    """A small SentencePiece model with one of its normalization rules."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog", "Paris, London and Berlin"]),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        normalization_rule_name=rule,
        minloglevel=2,
    )
    return model.getvalue()


class Oracle:
    """SentencePiece, and what it is compared with."""

    def __init__(self, rule: str) -> None:
        data = train(rule)
        self.library = sentencepiece.SentencePieceProcessor(model_proto=data)
        generated: Any = sentencepiece_model_pb2  # its classes are made when it is imported
        proto = generated.ModelProto.FromString(data)
        self.charsmap = proto.normalizer_spec.precompiled_charsmap
        self.text = PieceText(self.charsmap, lower_case=False, modified_utf8=False)

    def check(self, word: str) -> None:
        assert self.text(word) == self.library.normalize(word)


ORACLES = {rule: Oracle(rule) for rule in ("nmt_nfkc", "nmt_nfkc_cf", "identity")}
MARKS = "aXéÉ ﬁﷺ…½ßΣ\u0301\u0308\u0323\u3099\u05b8かﾊﾟ\u1100\u1161\u11a8\uff46①㌔\u200b\u2581\xa0\ufffd\0\x01😀"


@pytest.mark.parametrize("rule", ORACLES)
@given(word=st.text(alphabet=MARKS, max_size=8) | st.text(max_size=8))
def test_text_is_sentencepieces(rule: str, word: str) -> None:
    ORACLES[rule].check(word)


@pytest.mark.parametrize("rule", ORACLES)
def test_every_character_of_the_basic_plane_alone_and_before_a_mark(rule: str) -> None:
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        ORACLES[rule].check(chr(code))
    for code in range(0xD800):
        ORACLES[rule].check(f"{chr(code)}\u0301")


@pytest.mark.parametrize(
    ("word", "lower"), [("ΟΔΟΣ", "οδος"), ("İstanbul", "i̇stanbul"), ("ẞ", "ß"), ("𐐀", "𐐨"), ("ǅ", "ǆ")]
)
def test_lower_case_is_javas(word: str, lower: str) -> None:
    """String.toLowerCase: full mappings, and a sigma at the end of a word is a final one."""
    assert PieceText(b"\0" * 4, lower_case=True, modified_utf8=False)(word) == LONE_SPACE + lower


def test_lone_surrogates_are_read_as_the_replacement_character() -> None:
    assert ORACLES["identity"].text("a\ud800b") == "\u2581a\ufffdb"


@given(st.text(alphabet="aé\0😀\ud83d\u0301 ", max_size=8))
def test_modified_utf8_is_what_sentencepiece_makes_of_javas_bytes(word: str) -> None:
    oracle = ORACLES["nmt_nfkc"]
    text = PieceText(oracle.charsmap, lower_case=False, modified_utf8=True)
    utf16 = np.frombuffer(word.encode("utf-16-le", "surrogatepass"), "<u2").tolist()
    java = b"".join(b"\xc0\x80" if unit == 0 else chr(unit).encode("utf-8", "surrogatepass") for unit in utf16)
    unknown = oracle.library.unk_id()

    def known(pieces: list[int]) -> list[int]:  # a run of unknown characters is one piece
        return [
            piece for index, piece in enumerate(pieces) if not index or (piece, pieces[index - 1]) != (unknown, unknown)
        ]

    # Its own text is given back to it: the second normalization changes nothing in this alphabet
    assert known(oracle.library.encode(text(word))) == known(oracle.library.encode(java))


def tokenizer_json(*steps: Any) -> bytes:
    return json.dumps({"normalizer": {"type": "Sequence", "normalizers": steps}, "model": {}}).encode()


PRECOMPILED = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(ORACLES["nmt_nfkc"].charsmap).decode()}


@pytest.mark.parametrize(("steps", "text"), [((PRECOMPILED,), "▁Fi"), (({"type": "Lowercase"}, PRECOMPILED), "▁fi")])
def test_the_normalizer_is_taken_out_of_the_tokenizer(steps: tuple[Any, ...], text: str) -> None:
    rest, piece_text = take_piece_text(tokenizer_json(*steps), modified_utf8=False)
    assert json.loads(rest) == {"normalizer": None, "model": {}}
    assert piece_text("Fi") == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"normalizer": null}',
        b'{"normalizer": {"normalizers": 1}}',
        tokenizer_json(),
        tokenizer_json({}),
        tokenizer_json(PRECOMPILED, PRECOMPILED),
        tokenizer_json(PRECOMPILED | {"precompiled_charsmap": 1}),
        tokenizer_json(PRECOMPILED | {"precompiled_charsmap": "x"}),
        tokenizer_json(PRECOMPILED | {"precompiled_charsmap": base64.b64encode(b"\xff" * 12).decode()}),
    ],
)
def test_a_tokenizer_without_its_normalizer_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="the piece rule spark-nlp needs a normalizer with exactly one Precompiled"):
        take_piece_text(data, modified_utf8=False)


@pytest.mark.parametrize("open_one", [open_tokenizer, open_exact_tokenizer])
def test_unknown_words_are_not_read_in_plain_characters(open_one: Callable[[bytes, int], ReadPieces]) -> None:
    """Spark NLP doesn't either. Its normalization knows full-width letters, but no low quotation mark."""
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("\u2581'", -1.0), ("\u2581j", -1.0)], 0))
    data = json.loads(tokenizer.to_str()) | {"normalizer": {"type": "Sequence", "normalizers": [PRECOMPILED]}}
    pieces = open_one(json.dumps(data).encode(), 9)(["\u201b", "\uff4a", "'"])
    assert pieces.ids.tolist()[-3:] == [0, 2, 1]


@pytest.mark.parametrize("setting", ["default", "white_list", "no_schema"])
def test_chunks_are_nerconverters(setting: str) -> None:
    with gzip.open(EXPECTED / "ner_converter.json.gz", "rt") as file:
        cases = json.load(file)
    assert len(cases) == 240
    for case in cases:
        ner = {begin: (tag, np.float32(score)) for begin, _, tag, _, score in case["ner"]}
        tags = [ner[begin][0] if begin in ner else "O" for begin, _, _ in case["token"]]
        spans = chunks(tags, has_no_schema=setting == "no_schema")
        if setting == "white_list":
            spans = [span for span in spans if span.label in ("PER", "LOC")]
        words = [case["token"][span.start : span.end] for span in spans]
        found = [(span.label, inside[0][0], inside[-1][1]) for span, inside in zip(spans, words, strict=True)]
        assert found == [(about["entity"], begin, end) for begin, end, _, about in case[setting]]
        for inside, (_, _, _, about) in zip(words, case[setting], strict=True):
            scores = np.array([ner[begin][1] for begin, _, _ in inside])
            assert scores.mean() == pytest.approx(float(about["confidence"]), abs=1e-6)


@pytest.mark.parametrize("name", SETTINGS)
def test_chunks_of_its_own_tags(name: str) -> None:
    for answer in answers(name):
        ner = {tagged["begin"]: tagged["result"] for tagged in answer["ner"]}
        tokens = answer["token"]
        spans = chunks([ner.get(token["begin"], "O") for token in tokens])
        found = [(span.label, tokens[span.start]["begin"], tokens[span.end - 1]["end"]) for span in spans]
        assert found == [(chunk["metadata"]["entity"], chunk["begin"], chunk["end"]) for chunk in answer["entities"]]
