"""Labels that mark no entity, such as X and [PAD], and several ids of `O`: read as `O`, with their columns kept."""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.model.classifier import WordLogits
from albert_ner_onnx.tags.decoding import leave_out
from toy_models import FP32

TEXTS = ["John Smith lives in Berlin, and Mary in Paris.", "the works of Mary Smith - 10 %", "in er in"]
Load = Callable[..., EntityRecognizer]


@pytest.fixture
def load_with(tmp_path: Path) -> Load:
    """Loads a toy whose five logits have other tags."""

    def load_model(tags: Sequence[str], ignored: Sequence[str] = (), decoder: str | None = None) -> EntityRecognizer:
        shutil.copytree(FP32, tmp_path / "model", dirs_exist_ok=True)
        path = tmp_path / "model" / "manifest.json"
        changes = {"tags": list(tags), "ignored_labels": list(ignored)}
        path.write_text(json.dumps(json.loads((FP32 / "manifest.json").read_text()) | changes))
        return load(tmp_path / "model", decoder=decoder)

    return load_model


class Answers:
    """Stands in for the model: each word has the logits of one tag."""

    def __init__(self, columns: Sequence[int], count: int = 5) -> None:
        self._logits = np.eye(count, dtype=np.float32)[list(columns)] * 5

    def logits(self, texts: Iterable[Sequence[Sequence[str]]]) -> WordLogits:
        list(texts)
        return WordLogits(self._logits, np.ones(len(self._logits), bool))


def decide(recognizer: EntityRecognizer, columns: Sequence[int]) -> list[str]:
    recognizer._classifier = Answers(columns)  # type: ignore[assignment]
    (tags,) = recognizer.tag([["word"] * len(columns)])
    return tags


@pytest.mark.parametrize("decoder", ["viterbi", "argmax"])
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((1, 3, 2), ["B-PER", "I-PER", "I-PER"]),  # inside, as both sides are
        ((1, 3, 4, 2), ["B-PER", "I-PER", "I-PER", "I-PER"]),
        ((1, 3, 1), ["B-PER", "O", "B-PER"]),
        ((3, 1, 3), ["O", "B-PER", "O"]),
        ((0, 3, 0), ["O", "O", "O"]),
        ((3, 4), ["O", "O"]),
    ],
)
def test_an_ignored_label_never_makes_or_breaks_an_entity(
    load_with: Load, decoder: str, columns: Sequence[int], expected: list[str]
) -> None:
    recognizer = load_with(("O", "B-PER", "I-PER", "X", "[PAD]"), ("X", "[PAD]"), decoder=decoder)
    assert decide(recognizer, columns) == expected


@pytest.mark.parametrize("decoder", ["viterbi", "argmax"])
def test_every_o_is_o(load_with: Load, decoder: str) -> None:
    recognizer = load_with(("O", "B-PER", "I-PER", "O", "O"), decoder=decoder)
    assert decide(recognizer, (3, 1, 4, 1, 2, 0)) == ["O", "B-PER", "O", "B-PER", "I-PER", "O"]


def test_an_o_of_several_parts_entities(load_with: Load) -> None:
    recognizer = load_with(("O", "B-PER", "I-PER", "O", "O"))
    recognizer._classifier = Answers((1, 3, 1))  # type: ignore[assignment]
    found = recognizer.recognize("John likes Mary")
    assert [(entity.text, entity.label) for entity in found] == [("John", "PER"), ("Mary", "PER")]


def test_the_score_of_an_entity_is_that_of_the_words_that_have_its_label(load_with: Load) -> None:
    recognizer = load_with(("O", "B-PER", "I-PER", "X", "[PAD]"), ("X", "[PAD]"))
    recognizer._classifier = Answers((1, 3, 2))  # type: ignore[assignment]
    (entity,) = recognizer.recognize("Anna Maria Smith")
    sure = float(np.exp(5) / (np.exp(5) + 4))
    beside = float(1 / (np.exp(5) + 4))
    assert entity.text == "Anna Maria Smith"
    assert entity.score == pytest.approx((sure + beside) ** 2, rel=1e-5)


@pytest.mark.parametrize("decoder", ["viterbi", "argmax"])
def test_labels_scores_and_documents(load_with: Load, decoder: str) -> None:
    expected = [document.scores for document in load(FP32).analyze_batch(TEXTS)]
    recognizer = load_with(("O", "B-PER", "I-PER", "O", "X"), ("X",), decoder=decoder)
    assert recognizer.labels == ["PER"]
    for document, scores in zip(recognizer.analyze_batch(TEXTS), expected, strict=True):
        np.testing.assert_array_equal(document.scores, scores)
        assert document.tag_set == ("O", "B-PER", "I-PER", "O", "X")
        assert set(document.tags) <= {"O", "B-PER", "I-PER"}
        assert {entity.label for entity in document.entities} <= {"PER"}
        for annotation, row in zip(document.as_spark_nlp()["named_entity"], scores, strict=True):
            found = {tag: float(annotation["metadata"][tag]) for tag in ("O", "B-PER", "I-PER", "X")}
            assert found["O"] == pytest.approx(row[0] + row[3], rel=1e-5)
            assert found["X"] == pytest.approx(row[4], rel=1e-5)


def test_without_ignored_labels_nothing_changes(load_with: Load) -> None:
    plain = load_with(("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))
    assert plain.analyze_batch(TEXTS) == load(FP32).analyze_batch(TEXTS)


def test_words_whose_best_tag_is_ignored_are_left_out() -> None:
    logits = np.array([[1, 2, 3], [1, 3, 2], [3, 2, 1]], np.float32)
    found, read = leave_out(logits, np.array([True, True, False]), np.array([False, False, True]))
    np.testing.assert_array_equal(found, [[1, 2, -np.inf], [1, 3, -np.inf], [3, 2, -np.inf]])
    assert read.tolist() == [False, True, False]
