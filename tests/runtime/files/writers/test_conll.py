"""Words and tags in CoNLL format, and read back."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import InferenceError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.conll import parse_conll_documents, read_conll_documents
from albert_ner_onnx.files.writers import WriterOptions, open_writer
from albert_ner_onnx.files.writers.conll import sentences_of
from albert_ner_onnx.tags.schemes import spans
from written import chunk_of, document, documents, of_entities, record, write

CONLL = InputShape("conll")


def test_documents_sentences_words_and_tags(tmp_path: Path) -> None:
    found = [document("Kofi Annan left. He flew to Geneva.", ("Kofi Annan", "PER"), ("Geneva", "LOC")), document("No.")]
    write("conll", [(chunk_of(found), found)], tmp_path / "out")
    assert (tmp_path / "out").read_text("utf-8").split("\n") == (
        "-DOCSTART- O||Kofi B-PER|Annan I-PER|left O|. O||He O|flew O|to O|Geneva B-LOC|. O||"
        "-DOCSTART- O||No O|. O||".split("|")
    )


def test_no_sentence_ends_within_an_entity() -> None:
    found = document("He met St. Louis. Then he left.", ("St. Louis. Then", "LOC"))
    assert [[found.words[index].text for index in each] for each in sentences_of(found)] == [
        ["He", "met", "St.", "Louis", ".", "Then", "he", "left", "."]
    ]


def test_entities_that_were_left_out_have_no_tags(tmp_path: Path) -> None:
    whole = document("Ann met Bob", ("Ann", "PER"), ("Bob", "PER"))
    found = replace(whole, entities=whole.entities[1:])
    write("conll", [(chunk_of([found]), [found])], tmp_path / "out")
    assert read_conll_documents(tmp_path / "out")[0][0].tags == ["O", "O", "B-PER"]


def test_the_sentences_of_the_input_stay(tmp_path: Path) -> None:
    """A full stop may be anywhere in words that somebody else has split."""
    words = [Word("Ann", 0, 3), Word(".", 4, 5), Word("Bob", 6, 9), Word("left", 10, 14)]
    entities = [Entity("Bob", "PER", 6, 9, 0.5, 0.5)]
    whole = of_entities("Ann . Bob\nleft", words, entities)
    found = replace(whole, sentences=[range(3), range(3, 4)])
    chunk = Chunk([record([["Ann", ".", "Bob"], ["left"]])])
    write("conll", [(chunk, [found])], tmp_path / "out", CONLL)
    assert read_conll_documents(tmp_path / "out") == [[(["Ann", ".", "Bob"], ["O", "O", "B-PER"]), (["left"], ["O"])]]


@pytest.mark.parametrize("word", ["a b", "a\nb", "a\tb", "a\u00a0b", "a\u2028b", "a\x1cb"])
def test_white_space_in_a_word_becomes_one_character(word: str, tmp_path: Path) -> None:
    found = of_entities(word, [Word(word, 0, 3)], [])
    write("conll", [(chunk_of([found]), [found])], tmp_path / "out")
    assert read_conll_documents(tmp_path / "out")[0][0].words == ["a_b"]


def test_a_document_that_could_not_be_answered_has_no_words(tmp_path: Path) -> None:
    chunk = Chunk([record("lost"), record(None, line=2)])
    write("conll", [(chunk, [InferenceError("no answer"), None])], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "-DOCSTART- O\n\n" * 2


@settings(deadline=None)
@given(st.lists(documents(), min_size=1, max_size=3))
def test_words_and_entities_come_back(found: list[Document]) -> None:
    output = open_writer("conll", WriterOptions(), InputShape("text"), ()).chunk(chunk_of(found), found).output
    expected = [each for each in found if each.words]
    if not expected:
        return
    read = parse_conll_documents(io.BufferedReader(io.BytesIO(output)), "out", ["O"])
    assert len(read) == len(expected)
    for sentences, each in zip(read, expected, strict=True):
        words = [word for sentence in sentences for word in sentence.words]
        assert words == [word.text for word in each.words]
        tags = [tag for sentence in sentences for tag in sentence.tags]
        marked = [(label, each.words[start].start, each.words[end - 1].end) for label, start, end in spans(tags)]
        assert marked == [(entity.label, entity.start, entity.end) for entity in each.entities]


def test_the_tags_of_the_model_come_back(tmp_path: Path) -> None:
    texts = ["Kofi Annan flew from Geneva to New York.", "Ajax beat Arsenal. Britain's Vodafone fell."]
    found = albert_ner_onnx.load(workers=1).analyze_batch(texts)
    write("conll", [(chunk_of(found), found)], tmp_path / "out")
    read = read_conll_documents(tmp_path / "out")
    assert [[tag for sentence in sentences for tag in sentence.tags] for sentences in read] == [
        each.tags for each in found
    ]
