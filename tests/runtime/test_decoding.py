import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from albert_ner_onnx.decoding import argmax_decode, softmax

rows = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 6), st.integers(1, 9)),
    elements=st.floats(-60, 60, width=32),
)


@given(rows)
def test_argmax_decode_is_the_textbook_formula(logits: np.ndarray) -> None:
    tags, probabilities = argmax_decode(logits)
    exact = np.exp(logits.astype(np.float64))
    exact /= exact.sum(axis=1, keepdims=True)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, exact.max(axis=1, initial=0), rtol=1e-5)
    np.testing.assert_array_equal(logits[np.arange(len(logits)), tags], logits.max(axis=1, initial=-np.inf))


@given(rows)
def test_a_row_does_not_depend_on_the_others(logits: np.ndarray) -> None:
    together = softmax(logits)
    for index in range(len(logits)):
        np.testing.assert_array_equal(softmax(logits[index : index + 1])[0], together[index])


def test_large_logits_do_not_overflow() -> None:
    tags, probabilities = argmax_decode(np.array([[1e30, 0, -1e30], [-np.inf, 0, -np.inf]], np.float32))
    assert tags.tolist() == [0, 1]
    assert probabilities.tolist() == [1.0, 1.0]
