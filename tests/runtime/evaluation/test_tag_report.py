from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from albert_ner_onnx.evaluation.tag_report import TagFigures, tag_report

TAGS = st.sampled_from(["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-a-label-that-is-long", "Ä"])
WORDS = st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=60)

# From the model card of Spark NLP's albert_xlarge_token_classifier_conll03; its page has lost the leading spaces.
CARD = """\
precision    recall  f1-score   support

B-LOC       0.96      0.97      0.97      1837
B-MISC       0.89      0.90      0.90       922
B-ORG       0.88      0.94      0.91      1341
B-PER       0.92      0.97      0.94      1842
I-LOC       0.94      0.88      0.91       257
I-MISC       0.88      0.77      0.82       346
I-ORG       0.89      0.87      0.88       751
I-PER       0.98      0.91      0.94      1307
O       1.00      0.99      0.99     42759

accuracy                           0.98     51362
macro avg       0.93      0.91      0.92     51362
weighted avg       0.98      0.98      0.98     51362"""
# Numbers of correct, predicted and gold words: gold ones are the card's supports, the others fit its figures.
COUNTS = {
    "B-LOC": (1785, 1850, 1837),
    "B-MISC": (830, 932, 922),
    "B-ORG": (1260, 1432, 1341),
    "B-PER": (1785, 1942, 1842),
    "I-LOC": (226, 240, 257),
    "I-MISC": (266, 303, 346),
    "I-ORG": (652, 735, 751),
    "I-PER": (1183, 1205, 1307),
    "O": (42517, 42723, 42759),
}


@given(WORDS)
def test_report_equals_scikit_learns(words: list[tuple[str, str]]) -> None:
    gold, predicted = zip(*words, strict=True)
    assume(any(map(str.__eq__, gold, predicted)))  # scikit-learn writes supports as 1.0 where no word is right
    found = tag_report(gold, predicted)
    assert found.report() + "\n" == classification_report(gold, predicted, zero_division=0)
    assert found.as_dict() == classification_report(gold, predicted, zero_division=0, output_dict=True)


def test_report_has_the_cards_lines() -> None:
    gold = [tag for tag, (correct, _, _) in COUNTS.items() for _ in range(correct)]
    missed = [tag for tag, (correct, _, there) in COUNTS.items() for _ in range(there - correct)]
    wrong = [tag for tag, (correct, found, _) in COUNTS.items() for _ in range(found - correct)]
    turned = 276  # so that no tag is paired with itself
    wrong = wrong[turned:] + wrong[:turned]
    assert not any(map(str.__eq__, missed, wrong))
    report = tag_report(gold + missed, gold + wrong).report()
    assert "\n".join(line.strip() for line in report.split("\n")) == CARD


def test_figures_of_a_tag() -> None:
    found = tag_report(["B-PER", "O", "O", "B-LOC"], ["B-PER", "B-PER", "O", "O"])
    assert found.by_tag["B-PER"] == TagFigures(0.5, 1, 2 / 3, 1)
    assert found.by_tag["B-LOC"] == TagFigures(0, 0, 0, 1)
    assert found.accuracy == 0.5
    assert found.macro.recall == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.weighted.recall == 0.5
