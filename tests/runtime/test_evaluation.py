from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.evaluation import Evaluation, PhraseCounts, evaluate
from albert_ner_onnx.schemes import spans, to_tags

TAGS = st.sampled_from(["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-A-B", "I-A-B"])
# Sentences of (gold, guess) a word. seqeval fails on a list of nothing, so there is one word at least.
SENTENCES = st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=8), min_size=1, max_size=4)

# Of the model card of Spark NLP's albert_xlarge_token_classifier_conll03: printed by conlleval itself.
CARD = """\
processed 51362 tokens with 5942 phrases; found: 6183 phrases; correct: 5466.
accuracy:  98.33%; precision:  88.40%; recall:  91.99%; FB1:  90.16
              LOC: precision:  95.47%; recall:  96.35%; FB1:  95.91  1854
             MISC: precision:  85.05%; recall:  87.64%; FB1:  86.32  950
              ORG: precision:  84.29%; recall:  90.45%; FB1:  87.27  1439
              PER: precision:  86.34%; recall:  90.93%; FB1:  88.58  1940"""


def test_report_has_conllevals_lines() -> None:
    by_label = {
        "LOC": PhraseCounts(1770, 1854, 1837),
        "MISC": PhraseCounts(808, 950, 922),
        "ORG": PhraseCounts(1213, 1439, 1341),
        "PER": PhraseCounts(1675, 1940, 1842),
    }
    assert Evaluation(51362, 50504, PhraseCounts(5466, 6183, 5942), by_label).report() == CARD


@given(SENTENCES)
def test_phrases_equal_seqeval(sentences: list[list[tuple[str, str]]]) -> None:
    gold = [[right for right, _ in sentence] for sentence in sentences]
    guess = [[guessed for _, guessed in sentence] for sentence in sentences]
    found = evaluate(gold, guess)
    gold_phrases, guess_phrases = set(get_entities(gold)), set(get_entities(guess))
    assert found.overall == _counts(gold_phrases, guess_phrases)
    labels = sorted({label for label, _, _ in gold_phrases | guess_phrases})
    assert list(found.by_label.items()) == [
        (label, _counts({p for p in gold_phrases if p[0] == label}, {p for p in guess_phrases if p[0] == label}))
        for label in labels
    ]
    for ours, theirs in (
        (found.overall.precision, precision_score),
        (found.overall.recall, recall_score),
        (found.overall.fb1, f1_score),
    ):
        assert ours == pytest.approx(100 * theirs(gold, guess, zero_division=0))


def _counts(gold: set[tuple[str, int, int]], guess: set[tuple[str, int, int]]) -> PhraseCounts:
    return PhraseCounts(len(gold & guess), len(guess), len(gold))


@given(SENTENCES, st.sampled_from(["IOB1", "IOB2", "IO"]))
def test_phrases_count_alike_in_every_scheme(sentences: list[list[tuple[str, str]]], scheme: str) -> None:
    gold = [[right for right, _ in sentence] for sentence in sentences]
    guess = [[guessed for _, guessed in sentence] for sentence in sentences]
    rewritten = evaluate([to_tags(spans(tags), len(tags), scheme) for tags in gold], guess)
    assert rewritten.overall == evaluate(gold, guess).overall
    assert rewritten.by_label == evaluate(gold, guess).by_label


def test_words_are_counted_by_their_tags() -> None:
    found = evaluate([["B-PER", "I-PER", "O"], ["O"]], [["B-PER", "B-PER", "O"], ["B-LOC"]])
    assert (found.words, found.correct_words, found.accuracy) == (4, 2, 50)
    assert found.overall == PhraseCounts(correct=0, found=3, gold=1)


@pytest.mark.parametrize(("gold", "guess"), [([], []), ([[]], [[]]), ([["O"]], [["O"]])])
def test_undefined_figures_are_0(gold: list[list[str]], guess: list[list[str]]) -> None:
    overall = evaluate(gold, guess).overall
    assert (overall.precision, overall.recall, overall.fb1) == (0, 0, 0)
    assert "precision:   0.00%" in evaluate(gold, guess).report()


@pytest.mark.parametrize(
    ("gold", "guess", "message"),
    [
        ([["O"]], [], "1 sentences have gold tags, 0 have guessed ones"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 1: 2 gold tags and 1 guessed"),
        ([["O"]], [["S-PER"]], "tag 'S-PER': expected O, B-X or I-X"),
        ([["LABEL_0"]], [["O"]], "tag 'LABEL_0': expected O, B-X or I-X"),
    ],
)
def test_misuse(gold: list[list[str]], guess: list[list[str]], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        evaluate(gold, guess)
