from __future__ import annotations

import re
from collections.abc import Sequence

import conlleval
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.evaluation.phrases import PhraseCounts, PhraseScores, score_phrases
from albert_ner_onnx.tags.schemes import Span, spans, to_tags

Pairs = list[list[tuple[str, str]]]  # sentences; (gold, predicted) of each word


def sentences_of(tags: st.SearchStrategy[str]) -> st.SearchStrategy[Pairs]:
    # At least one word, because seqeval fails on an empty list.
    return st.lists(st.lists(st.tuples(tags, tags), min_size=1, max_size=8), min_size=1, max_size=4)


IOB = sentences_of(st.sampled_from(["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-A-B", "I-A-B"]))
# All prefixes that conlleval knows, and what it wasn't made for: others, no prefix, only a prefix, no label.
PREFIXES = ["B", "I", "E", "S", "O", "L", "U", "[", "]", ".", "X", "b", ""]
ODD = [*PREFIXES[:-1], *(f"{prefix}-{label}" for prefix in PREFIXES for label in ("PER", "LOC", "A-B", "")), "PER"]
ANY = sentences_of(st.sampled_from(ODD))

# From the model card of Spark NLP's albert_xlarge_token_classifier_conll03.
CARD = """\
processed 51362 tokens with 5942 phrases; found: 6183 phrases; correct: 5466.
accuracy:  92.84%; (non-O)
accuracy:  98.33%; precision:  88.40%; recall:  91.99%; FB1:  90.16
              LOC: precision:  95.47%; recall:  96.35%; FB1:  95.91  1854
             MISC: precision:  85.05%; recall:  87.64%; FB1:  86.32  950
              ORG: precision:  84.29%; recall:  90.45%; FB1:  87.27  1439
              PER: precision:  86.34%; recall:  90.93%; FB1:  88.58  1940"""


def columns(sentences: Pairs) -> tuple[list[list[str]], list[list[str]]]:
    gold, predicted = ([[pair[side] for pair in sentence] for sentence in sentences] for side in (0, 1))
    return gold, predicted


def conlleval_lines(sentences: Pairs) -> list[str]:
    return [line for sentence in sentences for line in (*(f"w {gold} {guess}" for gold, guess in sentence), "")]


def test_report_has_the_cards_lines() -> None:
    by_label = {
        "LOC": PhraseCounts(1770, 1854, 1837),
        "MISC": PhraseCounts(808, 950, 922),
        "ORG": PhraseCounts(1213, 1439, 1341),
        "PER": PhraseCounts(1675, 1940, 1842),
    }
    found = PhraseScores(51362, 50504, 51362 - 42759, 7987, PhraseCounts(5466, 6183, 5942), by_label)
    assert found.report() == CARD


def check_against_conlleval(sentences: Pairs, end: str) -> None:
    summary = conlleval.evaluate([*conlleval_lines(sentences)[:-1], *end])
    gold, predicted = columns(sentences)
    if end:
        gold, predicted = [*gold, []], [*predicted, []]
    found = score_phrases(gold, predicted)
    assert stats(summary["overall"]["chunks"]) == found.overall
    assert stats(summary["overall"]["tags"]) == PhraseCounts(found.correct_words, found.words, found.words)
    slots = {label: stats(slot) for label, slot in summary["slots"]["chunks"].items()}
    nothing = PhraseCounts(0, 0, 0)
    labels = (slots.keys() | found.by_label.keys()) - {""}  # PyPI's leaves out the empty label, although it counts it
    assert [found.by_label.get(label, nothing) for label in labels] == [slots.get(label, nothing) for label in labels]
    assert list(found.by_label) == sorted(found.by_label)
    assert all(counts.found or counts.gold for counts in found.by_label.values())


def stats(summary: dict[str, dict[str, int]]) -> PhraseCounts:
    return PhraseCounts(summary["stats"]["correct"], summary["stats"]["pred"], summary["stats"]["gold"])


@given(ANY, st.sampled_from(["", "\n"]))
def test_counts_equal_conllevals_on_any_tags(sentences: Pairs, end: str) -> None:
    check_against_conlleval(sentences, end)


@pytest.mark.parametrize("before", ODD)
@pytest.mark.parametrize("predicted", ["same", "other label", "O"])
def test_counts_equal_conllevals_at_every_transition(before: str, predicted: str) -> None:
    for tag in ODD:
        right = ["B-PER", before, tag, "I-PER", "O", before, tag]
        others = {"same": right, "other label": [one.replace("PER", "LOC") for one in right], "O": ["O"] * 7}[predicted]
        halves = list(zip(right, others, strict=True))
        check_against_conlleval([halves], "")
        check_against_conlleval([halves[:2], halves[2:]], "\n")


@given(sentences_of(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])))
def test_report_equals_conllevals_except_for_the_line_non_o(sentences: Pairs) -> None:
    found = score_phrases(*columns(sentences))
    # Where no phrase was found, conlleval.pl's precision is 0, as here, but PyPI's is 100.
    assume(found.by_label and all(counts.found for counts in found.by_label.values()))
    first, _, *others = found.report().split("\n")
    assert "\n".join([first, *others, ""]) == conlleval.report(conlleval.evaluate(conlleval_lines(sentences)))


@given(IOB)
def test_phrases_equal_seqeval(sentences: Pairs) -> None:
    check_against_seqeval(*columns(sentences))


@given(IOB, st.sampled_from(["IOB1", "IOB2", "IOBES"]))
def test_phrases_equal_seqeval_in_every_scheme(sentences: Pairs, scheme: str) -> None:
    gold, predicted = ([write(spans(tags), len(tags), scheme) for tags in side] for side in columns(sentences))
    check_against_seqeval(gold, predicted)
    assert score_phrases(gold, predicted).overall == score_phrases(*columns(sentences)).overall
    assert score_phrases(gold, predicted).by_label == score_phrases(*columns(sentences)).by_label


def write(found: Sequence[Span], length: int, scheme: str) -> list[str]:
    if scheme != "IOBES":
        return to_tags(found, length, scheme)
    tags = ["O"] * length
    for label, start, end in found:
        prefixes = "S" if end == start + 1 else "B" + "I" * (end - start - 2) + "E"
        tags[start:end] = [f"{prefix}-{label}" for prefix in prefixes]
    return tags


def check_against_seqeval(gold: list[list[str]], predicted: list[list[str]]) -> None:
    found = score_phrases(gold, predicted)
    gold_phrases, predicted_phrases = set(get_entities(gold)), set(get_entities(predicted))
    assert found.overall == _counts(gold_phrases, predicted_phrases)
    labels = sorted({label for label, _, _ in gold_phrases | predicted_phrases})
    assert list(found.by_label.items()) == [
        (label, _counts({p for p in gold_phrases if p[0] == label}, {p for p in predicted_phrases if p[0] == label}))
        for label in labels
    ]
    for score, theirs in (
        (found.overall.precision, precision_score),
        (found.overall.recall, recall_score),
        (found.overall.f1, f1_score),
    ):
        assert score == pytest.approx(theirs(gold, predicted, zero_division=0))


def _counts(gold: set[tuple[str, int, int]], predicted: set[tuple[str, int, int]]) -> PhraseCounts:
    return PhraseCounts(len(gold & predicted), len(predicted), len(gold))


def test_words_are_counted_by_their_tags() -> None:
    found = score_phrases([["B-PER", "I-PER", "O"], ["O"]], [["B-PER", "B-PER", "O"], ["B-LOC"]])
    assert (found.words, found.correct_words, found.accuracy) == (4, 2, 0.5)
    assert (found.non_o_words, found.correct_non_o_words, found.non_o_accuracy) == (2, 1, 0.5)
    assert found.overall == PhraseCounts(correct=0, found=3, gold=1)


@given(IOB)
def test_non_o_accuracy_leaves_words_out_by_their_gold_tag(sentences: Pairs) -> None:
    kept = [[pair for pair in sentence if pair[0] != "O"] for sentence in sentences]
    found = score_phrases(*columns(sentences))
    assert found.non_o_accuracy == score_phrases(*columns(kept)).accuracy
    assert found.non_o_words == sum(map(len, kept))


@pytest.mark.parametrize(("gold", "predicted"), [([], []), ([[]], [[]]), ([["O"]], [["O"]])])
def test_undefined_figures_are_0(gold: list[list[str]], predicted: list[list[str]]) -> None:
    found = score_phrases(gold, predicted)
    assert (found.overall.precision, found.overall.recall, found.overall.f1, found.non_o_accuracy) == (0, 0, 0, 0)
    assert "precision:   0.00%" in found.report()


def test_report_rounds_like_conlleval() -> None:
    """From the counts: 100 * 23 / 160 is 14.375, but 100 * (23 / 160) is a little less."""
    assert PhraseCounts(23, 160, 160).report() == "precision:  14.38%; recall:  14.38%; FB1:  14.38"


@given(IOB)
def test_as_dict_holds_all_figures(sentences: Pairs) -> None:
    found = score_phrases(*columns(sentences))
    record = found.as_dict()
    assert record["labels"] == {label: counts.as_dict() for label, counts in found.by_label.items()}
    names = ["words", "correct_words", "accuracy", "non_o_words", "correct_non_o_words", "non_o_accuracy"]
    assert [record[name] for name in names] == [getattr(found, name) for name in names]
    for name in ("correct", "found", "gold", "precision", "recall", "f1"):
        assert record[name] == getattr(found.overall, name)


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([["O"]], [], "1 sentences of gold tags but 0 of predicted tags"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 1: 2 gold tags but 1 predicted tags"),
    ],
)
def test_unequal_numbers_are_refused(gold: list[list[str]], predicted: list[list[str]], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        score_phrases(gold, predicted)
