"""The component `albert_ner` in `nlp.pipe`: batches, errors, processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import Any

import pytest

import albert_ner_onnx
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InferenceError

spacy = pytest.importorskip("spacy")
from spacy.tokens import Doc  # noqa: E402
from spacy.util import ignore_error  # noqa: E402

TEXTS = [
    "Kofi Annan flew from Geneva to New York.",
    "",
    "Nothing happened.",
    "Shares of Siemens AG rose 3.5% in Frankfurt.",
    "Ajax beat Arsenal.",
]


class Batches:
    """A recognizer that finds the first word of a text, fails at the word `bad`, and knows what it was asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.alone = 0

    def recognize_batch(self, texts: Sequence[str]) -> list[list[Entity]]:
        self.batches.append(len(texts))
        return [self._find(text) for text in texts]

    def recognize(self, text: str) -> list[Entity]:
        self.alone += 1
        return self._find(text)

    def _find(self, text: str) -> list[Entity]:
        if "bad" in text:
            raise InferenceError(f"no answer to {text!r}")
        word = text.partition(" ")[0]
        return [Entity(word, "PER", 0, len(word), 0.5, 0.5)]


@pytest.fixture
def recognizer(monkeypatch: pytest.MonkeyPatch) -> Batches:
    recognizer = Batches()
    monkeypatch.setattr(albert_ner_onnx, "load", lambda *_, **__: recognizer)
    return recognizer


@pytest.fixture
def nlp() -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner")
    return nlp


def scored(doc: Any) -> list[tuple[str, str, float]]:
    return [(ent.text, ent.label_, ent._.score) for ent in doc.ents]


def answers(texts: Sequence[str]) -> list[list[tuple[str, str, float]]]:
    found = albert_ner_onnx.load().recognize_batch(texts)
    return [[(entity.text, entity.label, entity.score) for entity in entities] for entities in found]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_stream_gives_what_recognize_batch_gives(nlp: Any, size: int) -> None:
    texts = TEXTS * 3
    assert [scored(doc) for doc in nlp.pipe(iter(texts), batch_size=size)] == answers(texts)


def test_contexts_travel_along(nlp: Any) -> None:
    found = list(nlp.pipe([(text, {"id": index}) for index, text in enumerate(TEXTS)], as_tuples=True))
    assert [context["id"] for _, context in found] == [0, 1, 2, 3, 4]
    assert [doc.text for doc, _ in found] == TEXTS


def test_two_processes(nlp: Any) -> None:
    """They are forked, as is usual on Linux; test_spacy_saved.py spawns them."""
    docs = list(nlp.pipe(TEXTS * 2, n_process=2, batch_size=3))
    assert [scored(doc) for doc in docs] == answers(TEXTS * 2)


def test_misaligned_entities_come_back_from_processes(nlp: Any) -> None:
    nlp.tokenizer = lambda text: Doc(nlp.vocab, [text])
    docs = list(nlp.pipe(["Geneva/Bonn", "Bonn"], n_process=2, batch_size=1))
    assert [[each["text"] for each in doc._.misaligned] for doc in docs] == [["Geneva", "Bonn"], []]


# --- Batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "size", "expected"),
    [(0, 3, []), (1, 3, [1]), (2, 3, [2]), (3, 3, [3]), (4, 3, [3, 1]), (1001, None, [1000, 1])],
)
def test_batches_have_the_size_that_was_asked_for(
    nlp: Any, recognizer: Batches, texts: int, size: int | None, expected: list[int]
) -> None:
    assert len(list(nlp.pipe(["Bonn objected."] * texts, batch_size=size))) == texts
    assert (recognizer.batches, recognizer.alone) == (expected, 0)


@pytest.mark.parametrize(("length", "expected"), [(499_999, [3, 2]), (500_000, [2, 2, 1]), (1_000_000, [1] * 5)])
def test_long_documents_make_smaller_batches(nlp: Any, recognizer: Batches, length: int, expected: list[int]) -> None:
    docs = (Doc(nlp.vocab, ["x" * length], [False]) for _ in range(5))
    assert len(list(nlp.pipe(docs))) == 5
    assert recognizer.batches == expected


def test_an_endless_stream_is_read_a_batch_ahead(nlp: Any, recognizer: Batches) -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for read in count(1):
            yield f"{read} men"

    docs = list(islice(nlp.pipe(texts(), batch_size=10), 25))
    assert [doc.ents[0].text for doc in docs] == [str(number) for number in range(1, 26)]
    assert read == 30


# --- Errors -----------------------------------------------------------------------------------------------------------


def test_an_error_is_raised_after_the_documents_before_it(nlp: Any, recognizer: Batches) -> None:
    stream = nlp.pipe(["One man.", "Two men.", "bad", "Four men."])
    assert [next(stream).text, next(stream).text] == ["One man.", "Two men."]
    with pytest.raises(InferenceError, match="no answer to 'bad'"):
        next(stream)


def test_the_error_handler_gets_the_bad_documents_alone(nlp: Any, recognizer: Batches) -> None:
    seen = []
    nlp.set_error_handler(lambda name, proc, docs, error: seen.append((name, proc, [*map(str, docs)], str(error))))
    docs = list(nlp.pipe(["One man.", "bad 1", "Two men.", "Three men.", "bad 2", "Four men."], batch_size=3))
    assert [doc.text for doc in docs] == ["One man.", "Two men.", "Three men.", "Four men."]
    assert all(doc.ents for doc in docs)
    component = nlp.get_pipe("albert_ner")
    assert seen == [
        ("albert_ner", component, ["bad 1"], "no answer to 'bad 1'"),
        ("albert_ner", component, ["bad 2"], "no answer to 'bad 2'"),
    ]


def test_one_bad_batch_does_not_slow_the_others(nlp: Any, recognizer: Batches) -> None:
    nlp.set_error_handler(ignore_error)
    assert len(list(nlp.pipe(["bad", *["One man."] * 8], batch_size=3))) == 8
    assert (recognizer.batches, recognizer.alone) == ([3, 3, 3], 3)


def test_a_single_bad_text(nlp: Any, recognizer: Batches) -> None:
    with pytest.raises(InferenceError, match="no answer"):
        nlp("bad")


def test_a_missing_model_is_no_matter_of_the_error_handler() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("albert_ner", config={"model": "no/such/folder"})
    nlp.set_error_handler(ignore_error)
    with pytest.raises(albert_ner_onnx.ModelError, match="no/such/folder"):
        list(nlp.pipe(TEXTS))


def test_a_memory_zone(nlp: Any) -> None:
    for _ in range(2):
        with nlp.memory_zone():
            assert [scored(doc) for doc in nlp.pipe(TEXTS)] == answers(TEXTS)
