"""Entities planted at every border of the windows of a long text are found whole, as if they stood amid a window.

How far a score may move is measured on the model itself: by what other neighbours do to the same words amid a window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, cycle, islice, pairwise

import numpy as np
import pytest

from albert_ner_onnx import Entity, load
from albert_ner_onnx.model.sequences import SPECIAL_PIECES
from albert_ner_onnx.model.windows import Window

DEFAULT = load()
# One endless sentence each, without an entity; as many pieces as words
FILLER = (
    "and the old man said that the weather would stay cold over the weekend , but nobody in the small town believed "
    "him , because it had been warm for weeks"
).split()
OTHER_FILLER = (
    "while prices of wheat and maize rose a little in quiet trading , since most farmers had sold their crops long "
    "before the harvest and dealers were waiting for rain"
).split()
CLAUSES = [
    (", as <Angela Merkel> said ,", "PER"),
    ("in <New York> this week", "LOC"),
    ("and the <United Nations> said", "ORG"),
]
WORDS, AROUND = 300, 50
OFFSETS = range(-3, 3)  # of an entity's first word from a border: before it, across it, and after it
SENTENCES = [
    "<Boris Yeltsin> said that nobody in the small town believed him .",
    "The weather would stay cold over the weekend in <New York> .",
    "<Siemens AG> said prices of wheat had risen a little in quiet trading .",
    "The farmers had long sold their crops when they met <Angela Merkel> .",
]
SENTENCE_LABELS = ["PER", "LOC", "ORG", "PER"]


def windows(sentences: Sequence[Sequence[str]]) -> list[Window]:
    classifier = DEFAULT._classifier
    pieces = classifier.read_pieces(list(chain.from_iterable(sentences)))
    return classifier.plan_windows(pieces.bounds, np.cumsum([0, *map(len, sentences)])[:-1].tolist())


def plant(filler: Sequence[str], clause: str, place: int) -> tuple[list[str], int]:
    """A text with a clause in it whose entity begins at the word `place`, and the entity's first character."""
    before, entity, after = clause.replace("<", "|").replace(">", "|").split("|")
    planted = [*before.split(), *entity.split(), *after.split()]
    start = place - len(before.split())
    words = list(islice(cycle(filler), WORDS))
    words[start : start + len(planted)] = planted
    return words, len(" ".join([*words[:place], ""]))


def cut(words: Sequence[str], place: int) -> list[str]:
    """The words around a place: all in one window, and half of a window on both sides."""
    return list(words[place - AROUND : place + AROUND])


def recognize(texts: Sequence[Sequence[str]]) -> Iterator[list[Entity]]:
    return DEFAULT.stream([" ".join(words) for words in texts])


def planted_at_every_border() -> tuple[list[tuple[str, str, int]], list[list[str]], list[int]]:
    found = windows([list(islice(cycle(FILLER), WORDS))])
    borders = sorted(set(chain.from_iterable(found)) - {0, WORDS})
    assert len(borders) == 6  # of three windows
    cases = [(*clause, border + offset) for clause in CLAUSES for border in borders for offset in OFFSETS]
    planted = [plant(FILLER, clause, place) for clause, _, place in cases]
    return cases, [words for words, _ in planted], [start for _, start in planted]


def test_an_entity_at_the_border_of_overlapping_windows_is_found_whole() -> None:
    cases, texts, starts = planted_at_every_border()
    others = [plant(OTHER_FILLER, clause, place)[0] for clause, _, place in cases]
    places = [place for *_, place in cases]
    moved, moved_by_neighbours = [], []
    found = zip(
        recognize(texts),
        recognize(list(map(cut, texts, places))),
        recognize(list(map(cut, others, places))),
        strict=True,
    )
    for (clause, label, _), start, (at_border, amid, elsewhere) in zip(cases, starts, found, strict=True):
        name = clause[clause.index("<") + 1 : clause.index(">")]
        assert [(entity.text, entity.label, entity.start) for entity in at_border] == [(name, label, start)]
        assert [(entity.text, entity.label) for entity in amid + elsewhere] == [(name, label)] * 2
        moved.append(abs(at_border[0].score - amid[0].score))
        moved_by_neighbours.append(abs(elsewhere[0].score - amid[0].score))
    assert np.mean(moved) < np.mean(moved_by_neighbours) / 2
    assert max(moved) < max(moved_by_neighbours)


def test_windows_that_share_nothing_would_not_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above does plant where it matters."""

    capacity = DEFAULT.manifest.max_pieces - SPECIAL_PIECES

    def apart(bounds: np.ndarray, starts: Sequence[int]) -> list[Window]:
        words = len(bounds) - 1
        borders = [*range(0, words, capacity), words]
        return [Window(start, stop, start, stop) for start, stop in pairwise(borders)]

    cases, texts, starts = planted_at_every_border()
    monkeypatch.setattr(DEFAULT, "_classifier", replace(DEFAULT._classifier, plan_windows=apart))
    lost = [
        place
        for (_, _, place), start, found in zip(cases, starts, recognize(texts), strict=True)
        if [entity.start for entity in found] != [start]
    ]
    assert lost.count(125) == len(CLAUSES)  # a word of the entity in each of two windows


@pytest.mark.parametrize("before", range(4))
def test_an_entity_at_either_end_of_a_window_of_sentences_is_found(before: int) -> None:
    """Sentences begin or end with an entity; those before them move the windows on by one at a time."""
    marked = list(islice(cycle(SENTENCES), before, before + 48))
    labels = list(islice(cycle(SENTENCE_LABELS), before, before + 48))
    sentences = [sentence.replace("<", "").replace(">", "").split() for sentence in marked]
    starts = set(np.cumsum([0, *map(len, sentences)]).tolist())
    found = windows(sentences)
    assert len(found) >= 5
    assert all({window.start, window.stop} <= starts and window.keep_stop == window.stop for window in found)
    expected = [
        (sentence[sentence.index("<") + 1 : sentence.index(">")], label)
        for sentence, label in zip(marked, labels, strict=True)
    ]
    text = " ".join(chain.from_iterable(sentences))
    assert [(entity.text, entity.label) for entity in DEFAULT.recognize(text)] == expected
