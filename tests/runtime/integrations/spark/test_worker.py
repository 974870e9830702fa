"""What runs in a worker, without a JVM: parts of batches, rows that fail, and recognizers that are kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import Entity, EntityRecognizer, ModelError

pytest.importorskip("pyspark")
from pyspark import TaskContext

from albert_ner_onnx.integrations.spark import worker
from albert_ner_onnx.integrations.spark.shipping import ModelPlace
from albert_ner_onnx.options import Options, most_threads


def function(**changed: Any) -> worker.RecognizeTexts:
    values: dict[str, Any] = {
        "place": ModelPlace(),
        "options": Options(),
        "max_pieces": None,
        "annotations": False,
        "tokens": False,
        "batch_size": 4,
        "max_characters": 100,
    }
    return worker.RecognizeTexts(**{**values, **changed})


class Failing:
    """Answers each text with nothing, but fails where one says so, whoever else is in the batch."""

    def recognize_batch(self, texts: Sequence[str]) -> list[list[Entity]]:
        if any("fail" in text for text in texts):
            raise RuntimeError("this text fails")
        return [[Entity(text, "X", 0, len(text), 1.0, 1.0)] for text in texts]


@settings(max_examples=50)
@given(
    st.lists(st.one_of(st.none(), st.sampled_from(["fail", "a", "", "bbbbbb"]), st.just(ValueError("unreadable")))),
    st.integers(1, 5),
    st.integers(1, 8),
)
def test_each_row_gets_its_own_answer_or_error(rows: list[Any], chunk: int, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "load_recognizer", lambda *_: Failing())
        patch.setattr(worker, "CHUNK_CHARACTERS", chunk)
        parts = list(function(max_characters=limit)([rows]))
    assert all(len(part) for part in parts)
    answers = [answer for part in parts for answer in part.to_pylist()]
    for row, answer in zip(rows, answers, strict=True):
        found = answer["found"] and [each["text"] for each in answer["found"]]
        if row is None:
            assert (found, answer["error"]) == (None, None)
        elif isinstance(row, ValueError):
            assert (found, answer["error"]) == (None, "unreadable")
        elif len(row) > limit:
            assert found is None
            assert answer["error"].startswith(f"the text must have at most {limit} characters, found {len(row)};")
        elif row == "fail":
            assert (found, answer["error"]) == (None, "this text fails")
        else:
            assert (found, answer["error"]) == ([row], None)


@pytest.mark.parametrize("length", [999_999, 1_000_000, 1_000_001])
def test_long_rows_end_a_part(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "load_recognizer", lambda *_: Failing())
    parts = list(function(max_characters=2_000_000)([["a" * length, "b", "c"]]))
    assert [len(part) for part in parts] == ([2, 1] if length < 1_000_000 else [1, 2])


def test_a_recognizer_is_loaded_once_with_the_cores_of_the_task() -> None:
    recognizer = worker.load_recognizer(ModelPlace(), Options(), None, 2)
    assert worker.load_recognizer(ModelPlace(), Options(), None, 2) is recognizer
    assert recognizer.options.workers == 2
    assert worker.load_recognizer(ModelPlace(), Options(min_score=0.5), None, 2) is not recognizer
    assert worker.load_recognizer(ModelPlace(), Options(), None, 10**6).options.workers == most_threads()
    assert worker.load_recognizer(ModelPlace(), Options(), 40, 1).manifest.max_pieces == 40
    assert worker.load_recognizer(ModelPlace(), Options(), 512, 1).manifest.max_pieces == recognizer.manifest.max_pieces


def test_the_cores_are_those_that_spark_gives_to_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def load(place: ModelPlace, options: Options, max_pieces: int | None, cores: int) -> EntityRecognizer:
        used.append(cores)
        return albert_ner_onnx.load()

    monkeypatch.setattr(worker, "load_recognizer", load)
    for context in (None, TaskContext(cpus=3)):
        TaskContext._setTaskContext(context)
        list(function()([["Kofi Annan"]]))
    TaskContext._setTaskContext(None)
    assert used == [1, 3]


def test_a_model_that_is_not_there_is_no_error_of_a_row() -> None:
    with pytest.raises(ModelError, match="no such folder"):
        list(function(place=ModelPlace(path="/no/such/model"))([["Kofi Annan"]]))


def test_a_worker_does_not_import_spark_ml() -> None:
    """It takes longer than the model."""
    code = (
        "import sys, albert_ner_onnx.integrations.spark.worker, albert_ner_onnx.integrations.spark.execution\n"
        "print([name for name in sys.modules if name.startswith(('pyspark.ml', 'pandas'))])"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout == "[]\n"


def test_the_package_does_not_import_pyspark() -> None:
    code = "import sys, albert_ner_onnx.cli, albert_ner_onnx.integrations; print('pyspark' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout == "False\n"
