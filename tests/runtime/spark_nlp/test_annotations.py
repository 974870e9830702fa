"""Annotations against the real NerConverter's, and those of Spark NLP's own tags."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx import Word
from albert_ner_onnx.document import Document
from albert_ner_onnx.model.manifest import SparkNlpSettings

EXPECTED = Path(__file__).parents[2] / "export/sources/fixtures/spark_nlp/expected"
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "white_list": {"white_list": ["PER", "LOC"]},
    "preserve_position_false": {"preserve_position": False},
    "no_schema": {"no_schema": True},
}


def code_points(text: str) -> list[int]:
    """Offset in code points of each UTF-16 unit of a text, and of its end."""
    return [index for index, char in enumerate(text) for _ in range(1 + (ord(char) > 0xFFFF))] + [len(text)]


def document_of(
    text: str, tokens: list[dict[str, Any]], ner: list[dict[str, Any]], carried: SparkNlpSettings | None = None
) -> Document:
    """The document that Spark NLP's own tokens, tags and probabilities make."""
    by_begin = {annotation["begin"]: annotation for annotation in ner}
    tag_set = tuple(dict.fromkeys(["O", *(tag for found in ner for tag in found["scores"])]))
    offsets = code_points(text)
    scores = np.zeros((len(tokens), len(tag_set)), np.float32)
    tags = []
    for index, token in enumerate(tokens):
        found = by_begin.get(token["begin"], {"result": "O", "scores": {"O": 1}})
        tags.append(found["result"])
        for tag, score in found["scores"].items():
            scores[index, tag_set.index(tag)] = score
    words = [Word(token["result"], offsets[token["begin"]], offsets[token["end"] + 1]) for token in tokens]
    return Document(text, words, tags, scores, [], tag_set, [range(len(words))], carried)


def cases() -> list[dict[str, Any]]:
    with gzip.open(EXPECTED / "ner_converter.json.gz", "rt", encoding="utf-8") as file:
        found: list[dict[str, Any]] = json.load(file)
    assert len(found) == 240
    return found


def document_of_case(case: dict[str, Any], carried: SparkNlpSettings | None = None) -> Document:
    tokens = [dict(zip(("begin", "end", "result"), token, strict=True)) for token in case["token"]]
    ner = [
        {"begin": begin, "result": tag, "scores": {tag: score, "another": 1 - float(score)}}
        for begin, _, tag, _, score in case["ner"]
    ]
    return document_of(case["text"], tokens, ner, carried)


@pytest.mark.parametrize("setting", SETTINGS)
def test_chunks_are_the_real_nerconverters(setting: str) -> None:
    for case in cases():
        assert document_of_case(case).as_spark_nlp(**SETTINGS[setting])["chunk"] == [
            {
                "annotatorType": "chunk",
                "begin": begin,
                "end": end,
                "result": result,
                "metadata": metadata,
                "embeddings": [],
            }
            for begin, end, result, metadata in case[setting]
        ], case["text"]


def test_what_the_model_keeps_is_the_default() -> None:
    for case in cases():
        carried = document_of_case(
            case, SparkNlpSettings(exact=False, masked_piece=None, white_list=("PER", "LOC"), has_no_schema=False)
        )
        assert carried.as_spark_nlp() == document_of_case(case).as_spark_nlp(white_list=["LOC", "PER"])
        assert carried.as_spark_nlp(white_list=[]) == document_of_case(case).as_spark_nlp()
        carried = document_of_case(
            case, SparkNlpSettings(exact=False, masked_piece=None, white_list=None, has_no_schema=True)
        )
        assert carried.as_spark_nlp() == document_of_case(case).as_spark_nlp(no_schema=True)
        assert carried.as_spark_nlp(no_schema=False) == document_of_case(case).as_spark_nlp()
        carried = document_of_case(
            case,
            SparkNlpSettings(
                exact=False, masked_piece=None, white_list=None, has_no_schema=False, preserve_position=False
            ),
        )
        assert carried.as_spark_nlp() == document_of_case(case).as_spark_nlp(preserve_position=False)
        assert carried.as_spark_nlp(preserve_position=True) == document_of_case(case).as_spark_nlp()


@pytest.mark.parametrize("name", ["tensorflow_lower_128", "onnx_cased_512", "onnx_lower_16"])
def test_all_annotations_are_spark_nlps(name: str) -> None:
    """Offsets, metadata and the digits of every probability; only its tokens, tags and probabilities go in."""
    with gzip.open(EXPECTED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert len(records) == 101
    for record in records:
        for tagged in record["ner"]:
            tagged["scores"] = {tag: p for tag, p in tagged["metadata"].items() if tag not in ("word", "sentence")}
        found = document_of(record["text"], record["token"], record["ner"]).as_spark_nlp()
        for tagged in record["ner"]:
            del tagged["scores"]
        for kind, key in (("token", "token"), ("named_entity", "ner"), ("chunk", "entities")):
            assert found[kind] == [annotation | {"embeddings": []} for annotation in record[key]], record["text"]


def test_sentences_are_numbered_and_end_chunks() -> None:
    words = [Word("Paris", 0, 5), Word("😀", 6, 7), Word("Rome", 8, 12)]
    scores = np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], np.float32)
    document = Document(
        "Paris 😀 Rome", words, ["I-LOC", "O", "I-LOC"], scores, [], ("O", "I-LOC"), [range(2), range(2, 3)]
    )
    found = document.as_spark_nlp()
    assert [(a["begin"], a["end"], a["metadata"]["sentence"]) for a in found["token"]] == [
        (0, 4, "0"),
        (6, 7, "0"),
        (9, 12, "1"),
    ]
    assert [a["result"] for a in found["named_entity"]] == ["I-LOC", "I-LOC"]  # none for what the model didn't read
    assert found["named_entity"][0]["metadata"] == {"word": "Paris", "sentence": "0", "O": "0.25", "I-LOC": "0.75"}
    joined = Document("Paris 😀 Rome", words, ["I-LOC"] * 3, scores, [], ("O", "I-LOC"), [range(2), range(2, 3)])
    assert [
        (a["result"], a["metadata"]["sentence"], a["metadata"]["chunk"]) for a in joined.as_spark_nlp()["chunk"]
    ] == [
        ("Paris 😀", "0", "0"),
        ("Rome", "1", "1"),
    ]
