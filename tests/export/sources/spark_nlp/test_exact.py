"""Exact exports give the answers of the real Spark NLP 5.5.3: every tag, offset and chunk, and the scores."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toy
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_onnx import EntityRecognizer, ExportError, InputError, load
from spark_nlp_archives import FIXTURES, PIPELINE, TENSORFLOW

SETTINGS = {
    "tensorflow_lower_128": (TENSORFLOW, False, 128),
    "onnx_cased_512": (PIPELINE, True, 512),
    "onnx_lower_16": (PIPELINE, False, 16),
}


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.fixture(scope="module", params=SETTINGS)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EntityRecognizer, list[dict[str, Any]]]:
    archive, case_sensitive, length = SETTINGS[request.param]
    out = tmp_path_factory.mktemp("exact") / "out"
    options = ExportOptions(
        precision="fp32", case_sensitive=case_sensitive, max_sentence_length=length, exact_spark_nlp=True
    )
    export_model(archive, out, options)
    with gzip.open(FIXTURES / "expected" / f"{request.param}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return load(out), [json.loads(line) for line in lines]


def test_every_tag_is_spark_nlps(case: tuple[EntityRecognizer, list[dict[str, Any]]]) -> None:
    recognizer, records = case
    sentences = [[token["result"] for token in record["token"]] for record in records]
    for record, tags in zip(records, recognizer.tag(sentences), strict=True):
        by_begin = {annotation["begin"]: annotation["result"] for annotation in record["ner"]}
        assert tags == [by_begin.get(token["begin"], "O") for token in record["token"]], record["id"]


def test_every_chunk_is_spark_nlps(case: tuple[EntityRecognizer, list[dict[str, Any]]]) -> None:
    recognizer, records = case
    texts = [record["text"] for record in records]
    for record, entities in zip(records, recognizer.recognize_batch(texts), strict=True):
        text = record["text"]
        found = [(utf16(text[: e.start]), utf16(text[: e.end]) - 1, e.text, e.label) for e in entities]
        assert found == [
            (chunk["begin"], chunk["end"], chunk["result"], chunk["metadata"]["entity"]) for chunk in record["entities"]
        ], record["id"]
        scores = [float(chunk["metadata"]["confidence"]) for chunk in record["entities"]]
        np.testing.assert_allclose([entity.tag_score for entity in entities], scores, atol=1e-5)


def without_probabilities(annotation: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: annotation["metadata"].get(key) for key in ("word", "entity", "sentence", "chunk")}
    return annotation | {"metadata": metadata, "embeddings": []}


def test_every_annotation_is_spark_nlps(case: tuple[EntityRecognizer, list[dict[str, Any]]]) -> None:
    recognizer, records = case
    for record, document in zip(
        records, recognizer.analyze_stream([record["text"] for record in records]), strict=True
    ):
        found = document.as_spark_nlp()
        for kind, key in (("token", "token"), ("named_entity", "ner"), ("chunk", "entities")):
            assert [*map(without_probabilities, found[kind])] == [*map(without_probabilities, record[key])], record[
                "id"
            ]
        for annotation, theirs in zip(found["named_entity"], record["ner"], strict=True):
            assert annotation["metadata"].keys() == theirs["metadata"].keys()
            for tag in document.tag_set:
                assert float(annotation["metadata"][tag]) == pytest.approx(float(theirs["metadata"][tag]), abs=1e-5)


def test_it_refuses_what_spark_nlp_does_not_do(case: tuple[EntityRecognizer, list[dict[str, Any]]]) -> None:
    recognizer, _ = case
    for argument in ({"decoder": "viterbi"}, {"context": "sentence"}):
        with pytest.raises(InputError, match="for another choice export it without --exact-spark-nlp"):
            load(recognizer.folder.path, **argument)  # type: ignore[arg-type]


def test_another_source_has_no_such_rules(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"not a Spark NLP archive, .*; omit --exact-spark-nlp"):
        export_model(toy.write_checkpoint(tmp_path / "toy"), tmp_path / "out", ExportOptions(exact_spark_nlp=True))
