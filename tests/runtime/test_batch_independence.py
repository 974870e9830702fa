"""An int8 answer is the same to the bit whatever else is in the list, however it is batched, on any threads."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx import Entity, EntityRecognizer, default_package, recognizer
from albert_ner_onnx.recognizer import _Decision
from albert_ner_onnx.words import split_words
from toy_packages import INT8

OWN_TEXTS = Path(__file__).parents[2] / "export" / "albert_ner_export" / "texts"
WORDS = [
    word for name in ("calibration", "verification") for word in (OWN_TEXTS / f"{name}.txt").read_text("utf-8").split()
]
Answer = tuple[list[Entity], list[int], bytes]


class Recording(EntityRecognizer):
    """Keeps what the model says of every word: entities and their scores don't show those that are `O`."""

    def __init__(self, package: Path, threads: int | None = None) -> None:
        super().__init__(package, threads=threads)
        self._decided: list[_Decision] = []

    def _decide(self, sentences: Sequence[Sequence[str]]) -> list[_Decision]:
        decisions = super()._decide(sentences)
        self._decided += decisions
        return decisions

    def answers(self, texts: Sequence[str], *, alone: bool = False) -> list[Answer]:
        """Of each text its entities, and of its words the tags and the bits of their probabilities."""
        self._decided = []
        found = [self.recognize(text) for text in texts] if alone else self.recognize_batch(texts)
        return [
            (entities, decision.tags.tolist(), decision.probabilities.tobytes())
            for entities, decision in zip(found, self._decided, strict=True)
        ]


DEFAULT, TOY = Recording(default_package()), Recording(INT8)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """2,000 passages of our own text: up to 15 words, and each hundredth of 100 to 400."""
    random = Random(0)
    lengths = [random.randrange(16) if index % 100 else random.randrange(100, 400) for index in range(2000)]
    starts = [random.randrange(len(WORDS) - length) for length in lengths]
    return [" ".join(WORDS[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


@pytest.fixture(scope="module")
def alone(texts: list[str]) -> list[Answer]:
    return DEFAULT.answers(texts, alone=True)


def test_the_texts_have_no_window_one_or_several_and_many_entities(texts: list[str], alone: list[Answer]) -> None:
    pieces = [DEFAULT._encode([word.text for word in split_words(text)]) for text in texts]
    windows = [len(DEFAULT._windows(sequence)) for sequence in pieces]
    assert windows.count(0) > 50
    assert windows.count(1) > 1500
    assert sum(number >= 3 for number in windows) > 10
    assert sum(len(entities) for entities, _, _ in alone) > 2000


@pytest.mark.parametrize(
    ("threads", "cores", "batch_pieces", "shuffled"),
    [(None, 2, 512, False), (None, 4, 10**9, True), (1, 2, 64, True), (2, 2, 4096, True)],
)
def test_together_as_alone(
    texts: list[str],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    threads: int | None,
    cores: int,
    batch_pieces: int,
    shuffled: bool,
) -> None:
    monkeypatch.setattr(recognizer, "available_cores", lambda: cores)
    monkeypatch.setattr(recognizer, "_BATCH_PIECES", batch_pieces)
    monkeypatch.setattr(recognizer, "_PREFETCHED_TEXTS", len(texts))
    order = list(range(len(texts)))
    if shuffled:
        Random(batch_pieces).shuffle(order)
    found = Recording(default_package(), threads).answers([texts[index] for index in order])
    assert [index for index, answer in zip(order, found, strict=True) if answer != alone[index]] == []


# Few words, so that texts of equal length, which share a batch, are common; so are permutations of one text
passages = st.lists(st.sampled_from(WORDS[::150]) | st.text(max_size=3), max_size=30)


@settings(max_examples=60)
@given(passages, st.lists(passages, max_size=8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_neighbours_do_not_matter(words: list[str], others: list[list[str]], permutations: int, random: Random) -> None:
    neighbours = [*others, *(random.sample(words, len(words)) for _ in range(permutations))]
    place = random.randint(0, len(neighbours))
    batch = [" ".join(passage) for passage in (*neighbours[:place], words, *neighbours[place:])]
    for model in (DEFAULT, TOY):
        assert model.answers(batch)[place] == model.answers([batch[place]], alone=True)[0]
