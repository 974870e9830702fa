"""Gates: does the exported graph give the reference's answers, and those of a source that can be run itself?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from albert_ner_export.checkpoint import SourceModel
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.manifest import Verification
from albert_ner_onnx.model.session import Session

Logits = npt.NDArray[np.float32]

_TOLERANCE = 1e-4  # of a logit, relative to the largest one if that is over 1
# The same in machine epsilons, for a source that computes in 16 bits. Its weights are read exactly, but it rounds each
# state to its type, where our graph has float32, and layers add that up: to 3 epsilons in trained models of 6 layers
# and random ones of 12. An attention scale that is wrong by √2 makes a hundred.
_ROUNDING = 16


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
    verification, fault = _compare(reference, found, _TOLERANCE, "optimum's export")
    if fault:
        raise ExportError(f"verification failed: {fault}; nothing was written, please report this checkpoint")
    return verification


def verify_original(original: SourceModel, expected: Mapping[int, Logits], found: Sequence[Logits]) -> None:
    """Compares the float32 graph with the ONNX model that its weights were read of.

    Args:
        original: That model.
        expected: Its logits by the index of their sequence, float32 [piece, tag] each.
        found: Those of the exported graph for each sequence.

    Raises:
        ExportError: As `verify_float`, but by the tolerance that the type calls for in which the model computes.
    """
    relative = max(_TOLERANCE, _ROUNDING * original.machine_epsilon)
    _, fault = _compare(list(expected.values()), [found[index] for index in expected], relative, "the file's own")
    if fault:
        raise ExportError(
            f"{original.path}: isn't the ALBERT that its weights and sizes make: {fault}, so its attention's scale or "
            "mask, its activation or an epsilon is another; give the checkpoint that it was exported from"
        )


def _compare(
    reference: Sequence[Logits], found: Sequence[Logits], relative: float, name: str
) -> tuple[Verification, str | None]:
    """The figures, and what is wrong if a logit or a tag differs by more than the relative tolerance."""
    expected, actual = np.concatenate(reference), np.concatenate(found)
    largest = float(np.abs(expected).max())
    tolerance = relative * max(1.0, largest)
    difference = float(np.abs(expected - actual).max())
    second, first = np.sort(expected, axis=1)[:, -2:].T if expected.shape[1] > 1 else (-np.inf, expected[:, 0])
    equal = expected.argmax(axis=1) == actual.argmax(axis=1)
    wrong = int((~equal & (first - second > tolerance)).sum())
    verification = Verification(
        reference="optimum's export in ONNX Runtime, padded and masked",
        sequences=len(reference),
        pieces=len(expected),
        max_abs_logit=largest,
        float_max_logit_difference=difference,
        float_tag_agreement=float(equal.mean()),
    )
    if difference <= tolerance and not wrong:  # written so that NaN fails
        return verification, None
    return verification, (
        f"a logit differs by {difference:.2g} from {name} (at most {tolerance:.2g} allowed) and {wrong} of "
        f"{len(expected)} tags differ"
    )
