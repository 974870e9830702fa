"""An int8 answer is the same to the bit whatever else is in the list, however it is batched, on any threads."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx import Entity, EntityRecognizer, default_model, load, recognizer
from albert_ner_onnx.model import classifier
from albert_ner_onnx.rules import CONLL
from albert_ner_onnx.text.words import split_words
from toy_models import INT8

OWN_TEXTS = Path(__file__).parents[2] / "export" / "albert_ner_export" / "texts"
WORDS = [
    word for name in ("calibration", "verification") for word in (OWN_TEXTS / f"{name}.txt").read_text("utf-8").split()
]
Answer = tuple[list[Entity], list[str], bytes]


def answers(model: EntityRecognizer, texts: Sequence[str], *, alone: bool = False) -> list[Answer]:
    """Of each text its entities, and of its words the tags and the bits of all probabilities."""
    documents = map(model.analyze, texts) if alone else model.analyze_stream(texts)
    return [(document.entities, document.tags, document.scores.tobytes()) for document in documents]


MODELS = {
    f"{model.name} {decoder} {context}": load(model, decoder=decoder, context=context)
    for model, decoder, context in product((default_model(), INT8), ("argmax", "viterbi"), ("sentence", "document"))
}
DEFAULT = load(context="document")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """2,000 passages of our own text: up to 15 words, and each hundredth of 100 to 400."""
    random = Random(0)
    lengths = [random.randrange(16) if index % 100 else random.randrange(100, 400) for index in range(2000)]
    starts = [random.randrange(len(WORDS) - length) for length in lengths]
    return [" ".join(WORDS[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


@pytest.fixture(scope="module")
def alone(texts: list[str]) -> list[Answer]:
    return answers(DEFAULT, texts, alone=True)


def test_the_texts_have_no_window_one_or_several_and_many_entities(texts: list[str], alone: list[Answer]) -> None:
    split = [split_words(text) for text in texts]
    pieces = [DEFAULT._classifier.read_pieces([word.text for word in words]) for words in split]
    starts = [[part.start for part in CONLL.split_sentences(*pair)] for pair in zip(texts, split, strict=True)]
    plan = DEFAULT._classifier.plan_windows
    windows = [len(plan(one.bounds, first)) for one, first in zip(pieces, starts, strict=True)]
    assert windows.count(0) > 50
    assert windows.count(1) > 1500
    assert sum(number >= 3 for number in windows) > 10
    assert sum(len(entities) for entities, _, _ in alone) > 2000


@pytest.mark.parametrize(
    ("workers", "threads", "batch_pieces", "shuffled"),
    [(2, 1, 512, False), (4, 1, 10**9, True), (1, 1, 64, True), (1, 2, 4096, True)],
)
def test_together_as_alone(
    texts: list[str],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    threads: int,
    batch_pieces: int,
    shuffled: bool,
) -> None:
    monkeypatch.setattr(classifier, "_BATCH_PIECES", batch_pieces)
    monkeypatch.setattr(recognizer, "PREFETCHED_TEXTS", len(texts))
    order = list(range(len(texts)))
    if shuffled:
        Random(batch_pieces).shuffle(order)
    model = load(workers=workers, threads=threads, context="document")
    found = answers(model, [texts[index] for index in order])
    assert [index for index, answer in zip(order, found, strict=True) if answer != alone[index]] == []


# Few words, so that texts of equal length, which share a batch, are common; so are permutations of one text
passages = st.lists(st.sampled_from(WORDS[::150]) | st.text(max_size=3), max_size=30)


@settings(max_examples=60)
@given(passages, st.lists(passages, max_size=8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_neighbours_do_not_matter(words: list[str], others: list[list[str]], permutations: int, random: Random) -> None:
    neighbours = [*others, *(random.sample(words, len(words)) for _ in range(permutations))]
    place = random.randint(0, len(neighbours))
    batch = [" ".join(passage) for passage in (*neighbours[:place], words, *neighbours[place:])]
    for name, model in MODELS.items():
        assert answers(model, batch)[place] == answers(model, [batch[place]], alone=True)[0], name
