from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from albert_ner_onnx.evaluation.comparison import Counts, bootstrap_difference, compare_taggers, count_phrases
from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.tags.schemes import spans

TAGS = st.sampled_from(["O", "O", "B-PER", "I-PER", "B-LOC"])
SENTENCES = st.lists(st.lists(st.tuples(TAGS, TAGS, TAGS), min_size=1, max_size=6), min_size=1, max_size=6)


def random_counts(sentences: int, skill: float, seed: int) -> Counts:
    """Counts of a tagger that finds each phrase with probability `skill`; the sentences are always the same."""
    gold = np.random.default_rng(0).integers(0, 5, sentences)
    random = np.random.default_rng(seed)
    correct = random.binomial(gold, skill)
    return np.stack([correct, correct + random.integers(0, 2, sentences), gold], axis=1)


def f1(counts: Counts) -> float:
    correct, found, gold = counts.sum(axis=0)
    return float(2 * correct / (found + gold)) if found + gold else 0.0


@given(SENTENCES)
@settings(max_examples=50)
def test_counts_agree_with_the_scores_of_each_tagger(sentences: list[list[tuple[str, str, str]]]) -> None:
    gold, first, second = ([[three[side] for three in sentence] for sentence in sentences] for side in range(3))
    found = compare_taggers(gold, first, second)
    one, other = score_phrases(gold, first).overall, score_phrases(gold, second).overall
    assert found.both + found.first_only == one.correct
    assert found.both + found.second_only == other.correct
    assert found.both + found.first_only + found.second_only + found.neither == one.gold
    assert found.difference.f1 == pytest.approx(other.f1 - one.f1)
    assert found.words == sum(map(len, sentences))
    assert found.differing_words == found.words - score_phrases(first, second).correct_words
    assert found.differing_sentences == tuple(
        i for i, pair in enumerate(zip(first, second, strict=True)) if len({*map(tuple, pair)}) > 1
    )
    assert found.difference.low <= found.difference.high
    assert 0 < found.difference.p_value <= 1


def test_comparison_tells_who_found_what() -> None:
    gold = [["B-PER", "O", "B-LOC", "B-ORG"], ["B-MISC"]]
    first = [["B-PER", "O", "B-LOC", "O"], ["O"]]
    second = [["B-PER", "O", "O", "B-ORG"], ["O"]]
    found = compare_taggers(gold, first, second)
    assert (found.both, found.first_only, found.second_only, found.neither) == (1, 1, 1, 1)
    assert (found.words, found.differing_words, found.differing_sentences) == (5, 2, (0,))
    assert found.report().startswith(
        "tags differ at 2 of 5 words, in 1 sentences\n"
        "gold phrases found by both: 1; only the first: 1; only the second: 1; neither: 1\n"
        "F1 of the second minus F1 of the first: +0.00 points; 95 % interval: +0.00 to +0.00; p = 1.0000: may be "
        "chance\n"
    )
    assert found.as_dict()["differing_sentences"] == 1


@given(SENTENCES)
def test_sentence_counts_add_up(sentences: list[list[tuple[str, str, str]]]) -> None:
    gold, predicted = ([[three[side] for three in sentence] for sentence in sentences] for side in range(2))
    counts = count_phrases(*([set(spans(tags)) for tags in side] for side in (gold, predicted)))
    overall = score_phrases(gold, predicted).overall
    assert counts.sum(axis=0).tolist() == [overall.correct, overall.found, overall.gold]
    assert counts.shape == (len(sentences), 3)


def test_bootstrap_approaches_the_whole_distribution() -> None:
    first, second = random_counts(5, 0.7, 1), random_counts(5, 0.8, 2)
    observed = f1(second) - f1(first)
    drawn = [list(chosen) for chosen in product(range(5), repeat=5)]  # all that exist, equally likely
    differences = np.array([f1(second[chosen]) - f1(first[chosen]) for chosen in drawn])
    p_value = np.mean(np.abs(differences - observed) >= abs(observed) - 1e-11)
    found = bootstrap_difference(first, second, resamples=40_000)
    assert found.f1 == pytest.approx(observed)
    assert 0.05 < p_value < 0.95  # far enough from both ends to be missed
    assert found.p_value == pytest.approx(p_value, abs=4 * np.sqrt(p_value * (1 - p_value) / 40_000))
    for end, share in ((found.low, 0.025), (found.high, 0.975)):  # discrete values: compare the shares beyond them
        assert np.mean(differences < end - 1e-11) - 0.004 <= share <= np.mean(differences <= end + 1e-11) + 0.004


def test_interval_equals_scipys() -> None:
    first, second = random_counts(200, 0.7, 1), random_counts(200, 0.75, 2)
    found = bootstrap_difference(first, second)
    expected = stats.bootstrap(
        (np.arange(200),),
        lambda chosen: f1(second[chosen]) - f1(first[chosen]),
        vectorized=False,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.003)
    assert found.low < found.f1 < found.high


def test_bootstrap_tells_a_better_tagger_from_an_equal_one() -> None:
    equal = bootstrap_difference(random_counts(300, 0.8, 1), random_counts(300, 0.8, 2))
    better = bootstrap_difference(random_counts(300, 0.8, 1), random_counts(300, 0.95, 2))
    assert equal.p_value > 0.05
    assert equal.low < 0 < equal.high
    assert better.p_value < 0.001
    assert better.low > 0


def test_p_value_is_uniform_between_equal_taggers() -> None:
    p_values = [
        bootstrap_difference(
            random_counts(100, 0.8, 2 * seed + 1), random_counts(100, 0.8, 2 * seed + 2), resamples=300
        ).p_value
        for seed in range(300)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_bootstrap_of_a_tagger_and_itself() -> None:
    counts = random_counts(20, 0.7, 1)
    found = bootstrap_difference(counts, counts)
    assert (found.f1, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_bootstrap_is_the_same_each_time_and_symmetric() -> None:
    first, second = random_counts(50, 0.7, 1), random_counts(50, 0.8, 2)
    once, turned = bootstrap_difference(first, second), bootstrap_difference(second, first)
    assert once == bootstrap_difference(first, second)
    assert once != bootstrap_difference(first, second, seed=1)
    assert (turned.f1, turned.low, turned.high) == pytest.approx((-once.f1, -once.high, -once.low))
    assert turned.p_value == once.p_value


@pytest.mark.parametrize("sentences", [1, 3000])
def test_bootstrap_takes_any_number_of_sentences(sentences: int) -> None:
    found = bootstrap_difference(random_counts(sentences, 0.7, 1), random_counts(sentences, 0.7, 2), resamples=1001)
    assert found.resamples == 1001
    assert found.low <= found.f1 <= found.high


@pytest.mark.parametrize(("sentences", "least"), [(1, 1.0), (2, 0.5), (5, 1 / 16), (6, 1 / 32)])
def test_few_differing_sentences_prove_nothing(sentences: int, least: float) -> None:
    """Even though every resample favours the same side."""
    right, wrong = np.array([[1, 1, 1]] * sentences), np.array([[0, 1, 1]] * sentences)
    found = bootstrap_difference(right, wrong)
    assert found.low == found.high == -1
    assert found.p_value == least
