from functools import partial
from pathlib import Path

import numpy as np
import pytest

import toy
from albert_ner_export.int8.quality import Words, judge, measure_quality
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_onnx import ExportError
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import Quality
from albert_ner_onnx.tags.schemes import spans

TAGS = ("O", "B-PER", "I-PER")
IOB2 = partial(spans, scheme="IOB2")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "toy", seed=2)


def logits(*tags: int, sure: float = 5.0) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[list(tags)] * np.float32(sure)


def quality(agreement: float, of_entities: float, least: float, entities: int = 200, unknown: float = 0.0) -> Quality:
    """Makes the quality measured on 10,000 words, 1,000 of them in entities."""
    return Quality(
        text="a text",
        words=10_000,
        entity_words=1_000,
        entities=entities,
        tag_agreement=agreement,
        entity_tag_agreement=of_entities,
        max_probability_difference=0.5,
        mean_probability_difference=0.01,
        min_agreement=least,
        unknown_share=unknown,
        judged=least > 0 and entities >= 200 and unknown <= 0.05,
        gold=None,
    )


def test_words_are_compared_by_their_first_pieces() -> None:
    before = [np.log(np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]], np.float32))]
    after = [np.log(np.array([[0.8, 0.2], [0.4, 0.6], [0.0001, 0.9999]], np.float32))]
    words = Words.of_first_pieces(before, after, [np.array([True, True, False])])
    found = measure_quality(words, ("O", "I-X"), partial(spans, scheme="IO"), "a text", 0.995)
    assert (found.words, found.entity_words, found.entities) == (2, 1, 0)
    assert (found.tag_agreement, found.entity_tag_agreement) == (0.5, 0.0)
    assert found.max_probability_difference == pytest.approx(0.2, rel=1e-4)
    assert found.mean_probability_difference == pytest.approx(0.15, rel=1e-4)


def test_entity_words_are_those_that_either_model_tags() -> None:
    words = Words(logits(0, 1, 2, 0, 0, 0, 1, 1), logits(0, 1, 2, 1, 0, 0, 0, 1), [4, 4])
    found = measure_quality(words, TAGS, IOB2, "a text", 0)
    assert (found.words, found.entity_words) == (8, 5)
    assert found.entities == 3  # of float32
    assert (found.tag_agreement, found.entity_tag_agreement) == (6 / 8, 3 / 5)


def test_a_span_ends_with_its_sequence() -> None:
    both = logits(1, 2, 2, 2)
    assert measure_quality(Words(both, both, [4]), TAGS, IOB2, "", 0).entities == 1
    assert measure_quality(Words(both, both, [2, 2]), TAGS, IOB2, "", 0).entities == 2


def test_a_text_without_words_agrees() -> None:
    found = measure_quality(Words(logits(), logits(), []), TAGS, IOB2, "a text", 0.995)
    assert (found.words, found.tag_agreement, found.max_probability_difference, found.judged) == (0, 1.0, 0.0, False)


@pytest.mark.parametrize(("entities", "judged"), [(0, False), (199, False), (200, True), (201, True)])
def test_fewer_than_200_entities_are_too_few_to_judge(entities: int, judged: bool) -> None:
    both = logits(*[1] * entities, 0)
    found = measure_quality(Words(both, both, [len(both)]), TAGS, IOB2, "a text", 0.995)
    assert (found.entities, found.judged) == (entities, judged)


@pytest.mark.parametrize(
    ("agreement", "of_entities", "least", "passes"),
    [
        (0.995, 0.985, 0.995, True),
        (0.9949, 0.985, 0.995, False),
        (0.995, 0.9849, 0.995, False),
        (0.999, 0.997, 0.999, True),
        (0.999, 0.9969, 0.999, False),
        (1, 1, 1, True),
        (0.9999, 1, 1, False),
        (1, 0.9999, 1, False),
        (0.6, 0, 0.6, True),  # entities may lose three times 40 %
        (0.1, 0, 0, True),
    ],
)
def test_the_gate(agreement: float, of_entities: float, least: float, passes: bool) -> None:
    found = quality(agreement, of_entities, least)
    if passes:
        assert judge(found) is None
        return
    with pytest.raises(ExportError) as error:
        judge(found)
    lost = f"{1 - agreement:.3%} of the 10,000 words of a text (at most {1 - least:.3%} allowed)"
    assert lost in str(error.value)
    assert "--calibration FILE" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("unknown", "judged"), [(0.0, True), (0.05, True), (0.051, False), (1.0, False)])
def test_a_text_of_unknown_pieces_is_no_text_to_judge_by(unknown: float, judged: bool) -> None:
    both = logits(*[1] * 300, 0)
    found = measure_quality(Words(both, both, [len(both)]), TAGS, IOB2, "a text", 0.995, unknown)
    assert (found.unknown_share, found.judged) == (unknown, judged)


def test_unknown_pieces_are_a_warning() -> None:
    warning = judge(quality(0.999, 0, 0.995, unknown=0.371))
    assert warning is not None
    assert "the tokenizer doesn't know 37.1% of the pieces of a text" in warning
    assert "--calibration FILE" in warning


@pytest.mark.parametrize(("entities", "unknown"), [(0, 0.0), (199, 0.0), (200, 0.5)])
def test_the_gate_for_all_words_holds_whatever_the_text(entities: int, unknown: float) -> None:
    with pytest.raises(ExportError, match=r"int8 changes the tags of 0.510% of the 10,000 words"):
        judge(quality(0.9949, 1, 0.995, entities, unknown))
    assert judge(quality(0.995, 0, 0.995, entities, unknown)) is not None


def test_tags_that_are_read_alike_are_equal() -> None:
    tags = ("O", "O", "I-PER")  # as [PAD] is read, for example
    words = Words(logits(0, 1, 2, 0), logits(1, 0, 2, 0), [4])
    found = measure_quality(words, tags, partial(spans, scheme="IO"), "a text", 0.995)
    assert (found.tag_agreement, found.entity_words, found.entities) == (1.0, 1, 1)


def test_too_few_entities_are_only_a_warning() -> None:
    warning = judge(quality(0.995, 0, 0.995, entities=199))
    assert warning is not None
    assert "finds only 199 entities in a text (10,000 words)" in warning
    assert "--calibration FILE" in warning
    assert judge(quality(0.5, 0, 0, entities=199)) is None


def test_an_export_that_fails_the_gate_writes_nothing(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"int8 changes the tags of .* nothing was written"):
        export_model(checkpoint, tmp_path / "out", ExportOptions(min_agreement=1))
    assert list(tmp_path.iterdir()) == []


def test_a_users_text_and_gold_tags(checkpoint: Path, tmp_path: Path) -> None:
    text, gold = tmp_path / "mine.txt", tmp_path / "gold.conll"
    text.write_text("".join(f"John Smith lives in Paris {number} .\n" for number in range(10)))
    gold.write_text("John B-PER\nlives O\n\nParis I-LOC\n")
    steps: list[str] = []
    options = ExportOptions(min_agreement=0, calibration=text, gold=gold)
    manifest = export_model(checkpoint, tmp_path / "out", options, report=steps.append)
    assert ModelFolder.open(tmp_path / "out").manifest == manifest
    assert not [step for step in steps if "warning" in step]
    found = manifest.quantization
    assert found is not None
    assert (found.calibration, found.quality.text, found.quality.words) == ("mine.txt", "mine.txt", 2 * 7)
    assert (found.quality.min_agreement, found.quality.judged) == (0, False)
    assert found.int8_bytes < found.float32_bytes
    assert found.quality.gold is not None
    assert (found.quality.gold.file, found.quality.gold.words) == ("gold.conll", 3)
    assert 0 <= found.quality.gold.int8_f1 <= 1

    export_model(checkpoint, tmp_path / "few", ExportOptions(calibration=text), report=steps.append)
    assert [step for step in steps if "warning: float32 finds only" in step]


def test_a_calibration_text_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nowhere: can't be read"):
        export_model(tmp_path / "none", tmp_path / "out", ExportOptions(calibration=Path("nowhere")))
