import numpy as np
import pytest

from albert_ner_export.verify.gates import check_reference
from albert_ner_onnx import ExportError

REFERENCE = [np.array([[3.0, 1.0, -2.0], [0.5, 0.5, 0.0]], np.float32), np.array([[-8.0, 2.0, 1.0]], np.float32)]


def shifted(row: int, tag: int, by: float) -> list[np.ndarray]:
    found = [rows.copy() for rows in REFERENCE]
    found[0][row, tag] += by
    return found


def test_equal_logits_pass() -> None:
    report = check_reference(REFERENCE, REFERENCE, "theirs")
    assert (report.reference, report.sequences, report.pieces, report.max_abs_logit) == ("theirs", 2, 3, 8.0)
    assert (report.float_max_logit_difference, report.float_tag_agreement) == (0.0, 1.0)


def test_a_difference_within_the_tolerance_passes_even_if_it_flips_a_tie() -> None:
    report = check_reference(REFERENCE, shifted(1, 1, 7e-4), "theirs")  # 1e-4 of the largest logit, 8
    assert report.float_max_logit_difference == pytest.approx(7e-4, rel=1e-3)
    assert report.float_tag_agreement == pytest.approx(2 / 3)


@pytest.mark.parametrize("by", [9e-4, -9e-4, 5.0, np.nan, np.inf])
def test_a_larger_difference_fails(by: float) -> None:
    with pytest.raises(ExportError, match="verification failed: a logit differs by"):
        check_reference(REFERENCE, shifted(0, 2, by), "theirs")


def test_a_tag_that_differs_fails_where_the_best_two_are_further_apart_than_the_tolerance() -> None:
    reference = [np.array([[8.0, 8.0 - 1e-3, 0.0]], np.float32)]
    found = [np.array([[8.0 - 6e-4, 8.0 - 4e-4, 0.0]], np.float32)]  # each within 8e-4
    with pytest.raises(ExportError, match="1 of 1 tags differ"):
        check_reference(reference, found, "theirs")


def test_small_logits_have_an_absolute_tolerance() -> None:
    small = [np.array([[0.1, 0.0]], np.float32)]
    assert check_reference(small, [small[0] + np.float32(9e-5)], "theirs").float_tag_agreement == 1
    with pytest.raises(ExportError):
        check_reference(small, [small[0] + np.float32(1.2e-4)], "theirs")


def test_a_model_with_one_tag_has_no_second_best() -> None:
    one = [np.zeros((2, 1), np.float32)]
    assert check_reference(one, one, "theirs").float_tag_agreement == 1
