"""What `analyze` returns: words, tags, probabilities and entities that belong together."""

import json
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx import InputError, load
from albert_ner_onnx.render import to_html
from albert_ner_onnx.tags.schemes import spans
from albert_ner_onnx.text.words import split_words
from toy_models import FP32, IO

DEFAULT = load()
TOYS = [load(FP32), load(IO), load(FP32, context="sentence")]
JOHN = "My name is John and I live in Berlin."
texts = st.text(st.characters() | st.sampled_from("aB.<&\"'’-\u0301\u200d😀 \n\0\ud800"), max_size=40)


def test_a_document_holds_the_whole_answer() -> None:
    found = DEFAULT.analyze(JOHN)
    assert found.text == JOHN
    assert found.words == split_words(JOHN)
    assert found.tags == ["O", "O", "O", "B-PER", "O", "O", "O", "O", "B-LOC", "O"]
    assert found.scores.shape == (10, 9)
    assert found.scores.dtype == np.float32
    assert found.tag_set == DEFAULT.manifest.tags
    assert found.tags == [found.tag_set[best] for best in found.scores.argmax(axis=1)]
    assert found.entities == DEFAULT.recognize(JOHN)
    assert found.entities[0].score == pytest.approx(float(found.scores[3, 1] + found.scores[3, 2]))
    assert found.entities[0].tag_score == pytest.approx(float(found.scores[3].max()))


@given(texts)
def test_its_parts_belong_together(text: str) -> None:
    for toy in TOYS:
        found = toy.analyze(text)
        assert found.entities == toy.recognize(text)
        assert len(found.words) == len(found.tags) == len(found.scores)
        np.testing.assert_allclose(found.scores.sum(axis=1), 1, atol=1e-6)
        assert [index for sentence in found.sentences for index in sentence] == list(range(len(found.words)))
        assert [(entity.label, entity.start, entity.end) for entity in found.entities] == [
            (label, found.words[sentence.start + start].start, found.words[sentence.start + end - 1].end)
            for sentence in found.sentences
            for label, start, end in spans(found.tags[sentence.start : sentence.stop], toy.manifest.scheme)
        ]


def test_an_empty_text() -> None:
    found = DEFAULT.analyze("")
    assert (found.words, found.tags, found.entities, found.sentences) == ([], [], [], [])
    assert found.scores.shape == (0, 9)
    assert repr(found) == "Document('', 0 words, [])"
    assert found.as_spark_nlp() == {"token": [], "named_entity": [], "chunk": []}


def test_a_word_that_is_not_read_is_o_with_certainty() -> None:
    found = TOYS[0].analyze("in \u0301")
    assert found.tags[1] == "O"
    assert found.scores[1].tolist() == [float(tag == "O") for tag in found.tag_set]
    assert [annotation["result"] for annotation in found.as_spark_nlp()["token"]] == ["in", "\u0301"]
    assert len(found.as_spark_nlp()["named_entity"]) == 1


def test_it_is_a_frozen_value() -> None:
    found = DEFAULT.analyze(JOHN)
    with pytest.raises(FrozenInstanceError):
        found.text = ""  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        found.scores[0, 0] = 0
    assert found == DEFAULT.analyze(JOHN)
    assert found != DEFAULT.analyze(f"{JOHN} ")
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    np.testing.assert_array_equal(copy.scores, found.scores)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="text must be a str, found bytes"):
        DEFAULT.analyze(b"")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="white_list must be a list or another iterable, not a single str"):
        DEFAULT.analyze(JOHN).as_spark_nlp(white_list="PER")


def test_as_huggingface_is_what_the_pipeline_gives() -> None:
    (john, _) = DEFAULT.recognize(JOHN)
    given = {"entity_group": "PER", "score": john.tag_score, "word": "John", "start": 11, "end": 15}
    assert list(john.as_huggingface().items()) == list(given.items())
    assert json.loads(json.dumps(john.as_huggingface())) == given


def test_repr_is_short() -> None:
    assert repr(DEFAULT.analyze(JOHN)) == f"Document({JOHN!r}, 10 words, [PER 'John', LOC 'Berlin'])"
    long = DEFAULT.analyze(f"{JOHN} " * 100)
    assert len(repr(long)) < 200
    assert repr(long).startswith("Document('My name is John and I live in Berlin. M…', 1000 words, [PER 'John', ")


def test_a_notebook_shows_its_html() -> None:
    found = DEFAULT.analyze(JOHN)
    assert found._repr_html_() == to_html(JOHN, found.entities)


def test_min_score_and_labels_choose_entities_but_not_tags() -> None:
    whole = DEFAULT.analyze(JOHN)
    john, berlin = whole.entities
    least = min(john.score, berlin.score)
    assert load(labels=["LOC"]).analyze(JOHN) == replace(whole, entities=[berlin])
    assert load(labels=()).recognize(JOHN) == []
    assert load(min_score=least).recognize(JOHN) == [john, berlin]
    above = load(min_score=float(np.nextafter(least, 1))).recognize(JOHN)
    assert above == [entity for entity in (john, berlin) if entity.score > least]
    assert len(above) == 1
