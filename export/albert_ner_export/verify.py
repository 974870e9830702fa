"""Gates: does the exported graph give the reference's answers?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.decoding import softmax
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.manifest import Verification
from albert_ner_onnx.session import Session, available_cores

Logits = npt.NDArray[np.float32]

_TOLERANCE = 1e-4  # of a logit, relative to the largest one if that is over 1


def run_model(model: bytes, sequences: Sequence[npt.NDArray[np.int64]]) -> list[Logits]:
    """Runs an exported graph on each sequence, int64 [piece], alone. Returns float32 [piece, tag] each."""
    session = Session(model, threads=available_cores())
    return [session.run(sequence[None])[0] for sequence in sequences]


def verify_float(reference: Sequence[Logits], found: Sequence[Logits]) -> Verification:
    """Compares the float32 graph with the reference.

    Args:
        reference: float32 [piece, tag] each.
        found: The same of the exported graph.

    Raises:
        ExportError: A logit is off by more than the tolerance, or a tag differs where the reference's best two logits
            are further apart than that.
    """
    expected, actual = np.concatenate(reference), np.concatenate(found)
    largest = float(np.abs(expected).max())
    tolerance = _TOLERANCE * max(1.0, largest)
    difference = float(np.abs(expected - actual).max())
    second, first = np.sort(expected, axis=1)[:, -2:].T if expected.shape[1] > 1 else (-np.inf, expected[:, 0])
    equal = expected.argmax(axis=1) == actual.argmax(axis=1)
    wrong = int((~equal & (first - second > tolerance)).sum())
    if not difference <= tolerance or wrong:  # written so that NaN fails
        raise ExportError(
            f"verification failed: a logit differs by {difference:.2g} from optimum's export (at most {tolerance:.2g} "
            f"allowed) and {wrong} of {len(expected)} tags differ; nothing was written, please report this checkpoint"
        )
    return Verification(
        reference="optimum's export in ONNX Runtime, padded and masked",
        sequences=len(reference),
        pieces=len(expected),
        max_abs_logit=largest,
        float_max_logit_difference=difference,
        float_tag_agreement=float(equal.mean()),
        int8_tag_agreement=None,
        int8_max_probability_difference=None,
    )


def compare_int8(
    float_logits: Sequence[Logits], int8_logits: Sequence[Logits], first: Sequence[npt.NDArray[np.bool_]]
) -> tuple[float, float]:
    """What quantization changed for words, whose tag is that of their first piece.

    Args:
        float_logits: float32 [piece, tag] each.
        int8_logits: The same of the int8 graph.
        first: bool [piece] each, whether it is a word's first piece.

    Returns:
        Share of words with the same tag, and the largest difference of a probability.
    """
    words = np.concatenate(first)
    before, after = np.concatenate(float_logits)[words], np.concatenate(int8_logits)[words]
    agreement = (before.argmax(axis=1) == after.argmax(axis=1)).mean()
    return float(agreement), float(np.abs(softmax(before) - softmax(after)).max())
