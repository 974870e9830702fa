from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from benchmarks.peers import EXACT, OURS
from benchmarks.peers.agreement import (
    DisagreementError,
    correlation,
    equal_share,
    logit_correlation,
    share_of_tags,
    tag_agreement,
)
from benchmarks.peers.process import PeerProcess


class Answers:
    """Stands for a worker that always says the same."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def call(self, do: str, **arguments: Any) -> Any:
        return self._answer


def processes(**answers: Any) -> dict[str, PeerProcess]:
    return {{"exact": EXACT}.get(name, name): cast(PeerProcess, Answers(found)) for name, found in answers.items()}


def test_share_counts_words_not_texts() -> None:
    assert equal_share([[1, 2, 3], [], [4]], [[1, 0, 3], [], [4]]) == 0.75
    for other in ([[1, 2, 3], []], [[1, 2], [], [4]]):
        with pytest.raises(ValueError, match="zip"):
            equal_share([[1, 2, 3], [], [4]], other)


@given(st.lists(st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)), min_size=3, max_size=50))
def test_correlation_is_pearsons(pairs: list[tuple[int, int]]) -> None:
    one, other = (list(column) for column in zip(*pairs, strict=True))
    if len(set(one)) > 1 < len(set(other)):
        assert correlation(one, other) == pytest.approx(pearsonr(one, other).statistic, abs=1e-9)


def test_ours_must_pass_and_others_are_only_reported() -> None:
    exact = [[0] * 1000]
    two, three = ([[1] * wrong + [0] * (1000 - wrong)] for wrong in (2, 3))
    peers = dict.fromkeys((OURS, "other"), 8)
    assert tag_agreement(processes(exact=exact, ours=two, other=three), "texts", peers) == {
        "ours": 0.998,
        "other": 0.997,
    }
    bad = processes(exact=exact, ours=three, other=two)
    with pytest.raises(DisagreementError, match=r"0\.997 of tags as in float32, expected 0\.998"):
        tag_agreement(bad, "texts", peers)
    assert share_of_tags(bad, "texts", peers) == {"ours": 0.997, "other": 0.998}


def test_correlation_of_ours_must_pass() -> None:
    exact = [0.0, 1, 2, 3]
    near, far = [0.0, 1.1, 2, 3], [1.0, 0, 2, 3]
    found = logit_correlation(processes(exact=exact, ours=near, other=far))
    assert found[EXACT] == 1
    assert found["ours"] > 0.99 > found["other"]
    with pytest.raises(DisagreementError, match="correlation of logits"):
        logit_correlation(processes(exact=exact, ours=far))
    with pytest.raises(DisagreementError, match="nan"):  # NaN is no agreement
        logit_correlation(processes(exact=exact, ours=[float("nan"), 1, 2, 3]))
