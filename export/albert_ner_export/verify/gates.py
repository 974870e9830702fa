"""Gates: the exported graph must give the answers of the reference, and of a source that can be run itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from albert_ner_export.checkpoint import SourceModel
from albert_ner_export.graph.run import Logits
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import Verification

_TOLERANCE = 1e-4  # of a logit; relative to the largest logit if that is over 1
# The same in machine epsilons, for a source that computes in 16 bits. Its weights are read exactly, but it rounds every
# intermediate value where our graph keeps float32. These errors add up: to 3 epsilons in trained models of 6 layers and
# in random ones of 12. An attention scale that is off by √2 gives a hundred.
_ROUNDING = 16


def check_reference(reference: Sequence[Logits], found: Sequence[Logits], name: str) -> Verification:
    """Compares the float32 graph with the reference.

    Args:
        reference: The reference's logits of each sequence.
        found: Those of the exported graph.
        name: What the reference is, for the manifest.

    Raises:
        ExportError: A logit is off by more than the tolerance, or a tag differs although the reference's best two
            logits are further apart than the tolerance.
    """
    verification, fault = _measure(reference, found, _TOLERANCE, "the reference's")
    if fault:
        raise ExportError(f"verification failed: {fault}; nothing was written, please report this checkpoint")
    return replace(verification, reference=name)


def check_source_model(source_model: SourceModel, expected: Mapping[int, Logits], found: Sequence[Logits]) -> None:
    """Compares the float32 graph with the ONNX model that its weights were read from.

    Args:
        source_model: That model.
        expected: Its logits, by the index of their sequence.
        found: The logits of the exported graph, for each sequence.

    Raises:
        ExportError: As in `check_reference`, with the tolerance that fits the type in which the model computes.
    """
    relative = max(_TOLERANCE, _ROUNDING * source_model.machine_epsilon)
    _, fault = _measure(list(expected.values()), [found[index] for index in expected], relative, "the file's own")
    if fault:
        raise ExportError(
            f"{source_model.path}: it doesn't compute what an ALBERT with its weights and sizes computes: {fault}. Its "
            "attention scale, mask, activation or an epsilon differs; give the checkpoint that it was exported from"
        )


def _measure(
    reference: Sequence[Logits], found: Sequence[Logits], relative: float, name: str
) -> tuple[Verification, str | None]:
    """Returns the figures, and what is wrong if a logit or a tag differs by more than the relative tolerance."""
    expected, actual = np.concatenate(reference), np.concatenate(found)
    largest = float(np.abs(expected).max())
    tolerance = relative * max(1.0, largest)
    difference = float(np.abs(expected - actual).max())
    second, first = np.sort(expected, axis=1)[:, -2:].T if expected.shape[1] > 1 else (-np.inf, expected[:, 0])
    equal = expected.argmax(axis=1) == actual.argmax(axis=1)
    wrong = int((~equal & (first - second > tolerance)).sum())
    verification = Verification(
        reference=name,
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
