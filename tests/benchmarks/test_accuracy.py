import json
from pathlib import Path

import pytest
from seqeval.metrics import accuracy_score, f1_score

from albert_ner_onnx import load
from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.tags.schemes import spans, to_tags
from benchmarks.accuracy import BLOCK, CARD, README, read_documents, score, table
from benchmarks.markdown import with_block
from toy_models import FP32

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "accuracy.json"
SENTENCES = [
    ConllSentence(["John", "lives", "in", "Berlin", "."], ["B-PER", "O", "O", "B-LOC", "O"]),
    ConllSentence(["Mary", "Smith"], ["B-PER", "I-PER"]),
]
GUESS = load(FP32).tag([sentence.words for sentence in SENTENCES])


def rows(markdown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]


def test_the_readme_has_the_table_of_the_result() -> None:
    readme, result = README.read_text("utf-8"), json.loads(RESULT.read_text("utf-8"))
    assert with_block(readme, BLOCK, table(result)) == readme


def test_the_table_has_a_column_for_each_tagger_and_the_card() -> None:
    figures = {**CARD, "fb1": 12.3, "fb1_by_label": {"LOC": 1, "MISC": 2, "ORG": 3, "PER": 4.5}}
    head, rule, *body = rows(table({"sentence_by_sentence": {"int8": figures}}))
    assert head == ["", "ours, int8", "`albert_xlarge_token_classifier_conll03`, by its card"]
    assert rule == ["---"] * 3
    assert body[0] == ["FB1", "12.30", "90.16"]
    assert body[-1] == ["FB1 of PER", "4.50", "88.58"]
    assert len(body) == 9


def test_figures_are_seqevals() -> None:
    figures, tags = score(load(FP32), SENTENCES)
    gold = [sentence.tags for sentence in SENTENCES]
    assert tags == GUESS[0] + GUESS[1]
    assert figures["fb1"] == pytest.approx(100 * f1_score(gold, GUESS), abs=0.005)
    assert figures["accuracy"] == pytest.approx(100 * accuracy_score(gold, GUESS), abs=0.005)
    assert figures.keys() == CARD.keys() | {"words_per_core_second"}


def test_a_document_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("-DOCSTART- O\n\nJohn B-PER\n\nlives O\n\n-DOCSTART- O\n\nin O\n")
    assert read_documents(path) == [ConllSentence(["John", "lives"], ["B-PER", "O"]), ConllSentence(["in"], ["O"])]


def test_a_file_in_iob1_has_the_same_figures() -> None:
    recognizer = load(FP32)
    tagged = [ConllSentence(sentence.words, tags) for sentence, tags in zip(SENTENCES, GUESS, strict=True)]
    in_iob1 = [ConllSentence(words, to_tags(spans(tags, "IOB2"), len(tags), "IOB1")) for words, tags in tagged]
    assert in_iob1 != tagged
    del (figures := score(recognizer, tagged)[0])["words_per_core_second"]
    del (others := score(recognizer, in_iob1)[0])["words_per_core_second"]
    assert figures == others
    assert figures["accuracy"] == 100
