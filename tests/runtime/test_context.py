"""Context and decoder, end to end: what the model sees of a text when it decides a word, and what comes of it."""

import pickle
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.tags.decoding import legal_transitions
from albert_ner_onnx.text.sentences import sentence_starts
from albert_ner_onnx.text.words import split_words
from toy_models import FP32, INT8, IO

TEXT = "John lives in Berlin. Mary works in Paris.\n\nSmith is in the Berlin of Mary! In it lives John"
SENTENCES = [
    "John lives in Berlin .".split(),
    "Mary works in Paris .".split(),
    "Smith is in the Berlin of Mary !".split(),
    "In it lives John".split(),
]
BY_SENTENCE = {model.name: load(model, context="sentence") for model in (FP32, INT8, IO)}
WHOLE = {model.name: load(model, context="document") for model in (FP32, INT8, IO)}
ARGMAX = {model.name: load(model, decoder="argmax", context="document") for model in (FP32, INT8, IO)}
words = st.lists(st.sampled_from(["John", "in", "Berlin", "xyz", ".", ""]), max_size=12)


class Watching:
    """Stands in for a session and keeps the sequences that it is given, without special pieces."""

    def __init__(self, recognizer: EntityRecognizer) -> None:
        self._session = recognizer._classifier.session
        self.seen: list[list[int]] = []

    def run(self, input_ids: np.ndarray) -> np.ndarray:
        self.seen += input_ids[:, 1:-1].tolist()
        return self._session.run(input_ids)


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> tuple[EntityRecognizer, Watching]:
    recognizer = load(INT8, context=request.param, workers=1)  # one call after another, so their order is known
    watching = Watching(recognizer)
    recognizer._classifier = replace(recognizer._classifier, session=watching)  # type: ignore[arg-type]
    return recognizer, watching


def pieces_of(recognizer: EntityRecognizer, sentence: list[str]) -> list[int]:
    found: list[int] = recognizer._classifier.read_pieces(sentence).ids.tolist()
    return found


@pytest.mark.parametrize("watched", ["sentence"], indirect=True)
def test_the_model_sees_one_sentence_at_a_time(watched: tuple[EntityRecognizer, Watching]) -> None:
    recognizer, watching = watched
    found = recognizer.analyze(TEXT)
    assert sorted(watching.seen) == sorted(pieces_of(recognizer, sentence) for sentence in SENTENCES)
    assert [[found.words[index].text for index in sentence] for sentence in found.sentences] == SENTENCES


@pytest.mark.parametrize("watched", ["document"], indirect=True)
def test_the_model_sees_as_much_as_a_window_holds(watched: tuple[EntityRecognizer, Watching]) -> None:
    recognizer, watching = watched
    found = recognizer.analyze(TEXT)
    assert found.sentences == [range(10), range(10, 22)]  # no entity crosses the blank line
    whole = list(chain.from_iterable(pieces_of(recognizer, sentence) for sentence in SENTENCES))
    assert watching.seen[0] == whole[: len(watching.seen[0])]
    assert len(watching.seen[0]) > len(pieces_of(recognizer, SENTENCES[0]))


@pytest.mark.parametrize("name", BY_SENTENCE)
def test_a_sentence_is_decided_as_if_it_were_alone(name: str) -> None:
    recognizer = BY_SENTENCE[name]
    starts = [*sentence_starts(TEXT, split_words(TEXT)), len(TEXT)]
    expected = []
    for start, end in pairwise(starts):
        for entity in recognizer.recognize(TEXT[start:end]):
            expected.append((entity.text, entity.label, start + entity.start, start + entity.end, entity.score))
    found = recognizer.recognize(TEXT)
    assert [(entity.text, entity.label, entity.start, entity.end, entity.score) for entity in found] == expected
    assert expected


@settings(max_examples=40)
@given(st.lists(words, max_size=6))
def test_tag_document_tags_every_word(sentences: list[list[str]]) -> None:
    for name, recognizer in BY_SENTENCE.items():
        assert recognizer.tag_document(sentences) == recognizer.tag(sentences), name
        found = WHOLE[name].tag_document(sentences)
        assert [len(tags) for tags in found] == [len(sentence) for sentence in sentences]


@settings(max_examples=40)
@given(st.lists(words.map(lambda found: [word for word in found[:2] if word]), max_size=3))
def test_sentences_that_fit_into_a_window_are_read_as_one(sentences: list[list[str]]) -> None:
    joined = list(chain.from_iterable(sentences))
    for recognizer in ARGMAX.values():
        assert list(chain.from_iterable(recognizer.tag_document(sentences))) == recognizer.tag([joined])[0]


@settings(max_examples=40)
@given(st.lists(words, max_size=6))
def test_viterbi_gives_legal_tags_only_and_leaves_those_that_are(sentences: list[list[str]]) -> None:
    for name, recognizer in WHOLE.items():
        tag_set = recognizer.manifest.tags
        legal = legal_transitions(tag_set, recognizer.manifest.scheme)
        for found, argmax in zip(recognizer.tag(sentences), ARGMAX[name].tag(sentences), strict=True):
            for tags, given_legal in ((found, True), (argmax, found == argmax)):
                if tags:
                    indices = [tag_set.index(tag) for tag in tags]
                    fits = legal.first[indices[0]] and legal.last[indices[-1]]
                    fits = fits and all(legal.between[indices[:-1], indices[1:]])
                    assert bool(fits) == given_legal


def test_documents_are_decided_sentence_by_sentence() -> None:
    """Whatever the context is, no span crosses from one given sentence to the next: each opens its own."""
    recognizer = WHOLE["fp32"]
    for tags in recognizer.tag_document([["john"], ["smith"], ["berlin"]] * 10):
        assert not tags[0].startswith("I-")


def test_options_survive_pickling() -> None:
    recognizer = load(INT8, decoder="argmax", context="sentence", min_score=0.25, labels=["PER"])
    copy = pickle.loads(pickle.dumps(recognizer))
    assert copy.options == recognizer.options
    assert copy.recognize(TEXT) == recognizer.recognize(TEXT)


def test_either_way_the_model_reads_every_piece_once() -> None:
    seen = {}
    for context in ("sentence", "document"):
        recognizer = load(INT8, context=context)
        watching = Watching(recognizer)
        recognizer._classifier = replace(recognizer._classifier, session=watching)  # type: ignore[arg-type]
        recognizer.recognize(f"{TEXT}. " * 20)
        seen[context] = watching.seen
    assert sum(map(len, seen["sentence"])) == sum(map(len, seen["document"]))
    assert len(seen["sentence"]) == 80
    assert len(seen["document"]) < 40


def test_a_sentence_longer_than_a_window_is_read_in_overlapping_ones() -> None:
    recognizer = load(INT8)
    watching = Watching(recognizer)
    recognizer._classifier = replace(recognizer._classifier, session=watching)  # type: ignore[arg-type]
    recognizer.tag_document([["in"], ["in"] * 40])
    assert sum(map(len, watching.seen)) > 41
    assert max(map(len, watching.seen)) == 22
