"""Words that are already split, with the whole answer: what `tag_document` says, as a `Document`."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from albert_ner_onnx import Document, EntityRecognizer, InputError, load
from toy_models import FP32, INT8, IO

SENTENCES = [["Ajax", "won", "."], [], ["Johan", "Cruyff", "lived", "in", "Amsterdam", "."]]
TOYS = [load(model, context=context) for model in (FP32, INT8, IO) for context in ("sentence", "document")]
words = st.sampled_from(["John", "Smith", "Berlin", "in", "xyz", ".", "", "(", "’", "a b"]) | st.text(max_size=4)
sentences = st.lists(st.lists(words, max_size=8), max_size=4)


@pytest.fixture(scope="module")
def recognizer() -> EntityRecognizer:
    return load()


def check(recognizer: EntityRecognizer, given: list[list[str]], document: Document) -> None:
    assert document.text == "\n".join(" ".join(sentence) for sentence in given)
    assert [word.text for word in document.words] == [*chain(*given)]
    assert all(document.text[word.start : word.end] == word.text for word in document.words)
    assert all(before.end < after.start for before, after in zip(document.words, document.words[1:], strict=False))
    assert [document.tags[part.start : part.stop] for part in document.sentences] == recognizer.tag_document(given)
    assert document.scores.shape == (len(document.words), len(document.tag_set))
    assert all(document.text[entity.start : entity.end] == entity.text for entity in document.entities)


@pytest.mark.parametrize("recognizer", TOYS)
@given(given=sentences)
def test_a_document_says_what_tag_document_says(recognizer: EntityRecognizer, given: list[list[str]]) -> None:
    check(recognizer, given, recognizer.analyze_words(given))


@given(documents=st.lists(sentences, max_size=3))
def test_documents_of_a_batch_are_answered_as_if_alone(documents: list[list[list[str]]]) -> None:
    for recognizer in TOYS:
        batch = recognizer.analyze_words_batch(documents)
        alone = [recognizer.analyze_words(document) for document in documents]
        assert batch == alone
        assert all(np.array_equal(one.scores, other.scores) for one, other in zip(batch, alone, strict=True))


@given(given=sentences)
def test_entities_are_what_the_tags_mark(given: list[list[str]]) -> None:
    """The oracle is seqeval."""
    for recognizer in TOYS[:4]:  # their tags are in IOB2
        document = recognizer.analyze_words(given)
        found = [(entity.label, entity.start, entity.end) for entity in document.entities]
        expected = []
        for part in document.sentences:
            for label, first, last in get_entities(document.tags[part.start : part.stop]):
                start, stop = document.words[part.start + first].start, document.words[part.start + last].end
                expected.append((label, start, stop))
        assert found == expected


def test_what_the_default_model_answers(recognizer: EntityRecognizer) -> None:
    document = recognizer.analyze_words(SENTENCES)
    check(recognizer, SENTENCES, document)
    assert document.text == "Ajax won .\n\nJohan Cruyff lived in Amsterdam ."
    assert [(entity.label, entity.text) for entity in document.entities] == [
        ("ORG", "Ajax"),
        ("PER", "Johan Cruyff"),
        ("LOC", "Amsterdam"),
    ]
    assert document.sentences == [range(3), range(3, 3), range(3, 9)]
    assert not document.scores.flags.writeable


def test_the_score_of_an_entity_is_that_of_the_same_words_in_a_text(recognizer: EntityRecognizer) -> None:
    text = recognizer.analyze("Johan Cruyff lived in Amsterdam .")
    found = recognizer.analyze_words([["Johan", "Cruyff", "lived", "in", "Amsterdam", "."]])
    assert found.entities == text.entities
    assert found.words == text.words


def test_borders_of_entities_stay_where_the_tags_are(recognizer: EntityRecognizer) -> None:
    """In a text, a stray bracket would be taken off; these words are their owner's."""
    for split in ([["(", "Berlin", ")"]], [["U.S", "."]], [['"', "Bob", '"', "Smith"]]):
        check(recognizer, split, recognizer.analyze_words(split))


def test_filters_choose_entities_and_leave_tags() -> None:
    places = load(labels=["LOC"]).analyze_words(SENTENCES)
    assert [entity.text for entity in places.entities] == ["Amsterdam"]
    assert places.tags == load().analyze_words(SENTENCES).tags


def test_no_words(recognizer: EntityRecognizer) -> None:
    cases: list[tuple[list[list[str]], str]] = [([], ""), ([[]], ""), ([[], []], "\n")]
    for nothing, text in cases:
        document = recognizer.analyze_words(nothing)
        assert (document.text, document.words, document.entities) == (text, [], [])
        assert document.scores.shape == (0, len(document.tag_set))
    assert recognizer.analyze_words_batch([]) == []


def test_spark_nlp_annotations_of_words(recognizer: EntityRecognizer) -> None:
    found = recognizer.analyze_words(SENTENCES).as_spark_nlp()
    assert [each["result"] for each in found["token"]] == [*chain(*SENTENCES)]
    assert found["token"][-1]["metadata"]["sentence"] == "2"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Ajax", "sentences must be a list or another iterable, not a single str; put it in a list"),
        (["Ajax"], "sentences[0] must be a list of words, found str"),
        ([["Ajax", None]], "sentences[0][1] must be a str, found NoneType"),
    ],
)
def test_what_is_no_document(recognizer: EntityRecognizer, given: list[list[str]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        recognizer.analyze_words(given)
    assert str(caught.value) == message
    with pytest.raises(InputError) as caught:
        recognizer.analyze_words_batch([[], given])
    assert str(caught.value) == message.replace("sentences", "documents[1]", 1)
