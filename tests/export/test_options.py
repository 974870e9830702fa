"""The options of an export, and the command line that fills them in."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from albert_ner_export.graph.build import INPUTS
from albert_ner_export.options import INTERFACES, MIN_AGREEMENT, ExportOptions
from albert_ner_onnx import ExportError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, "--precision must be one of int8, fp32, found 'int4'"),
        ({"interface": "masked"}, "--interface must be one of native, huggingface, found 'masked'"),
        ({"oracle": "torch"}, "--oracle must be one of optimum, transformers, found 'torch'"),
        ({"trust_tokenizer": "theirs"}, "--trust-tokenizer must be one of ours, found 'theirs'"),
        ({"embedding_bits": 5}, "--embedding-bits must be one of 8, 4, found 5"),
        ({"min_agreement": -0.1}, "--min-agreement must be from 0 to 1, found -0.1"),
        ({"min_agreement": 1.0001}, "--min-agreement must be from 0 to 1, found 1.0001"),
        ({"min_agreement": 99.5}, "found 99.5; it is a share, not a percentage: write 0.995"),
        ({"min_agreement": 100}, "found 100; it is a share, not a percentage: write 1"),
        ({"min_agreement": 101}, "--min-agreement must be from 0 to 1, found 101"),
        ({"min_agreement": float("nan")}, "--min-agreement must be from 0 to 1, found nan"),
        ({"min_agreement": 0, "precision": "fp32"}, "--min-agreement is only for int8"),
        ({"embedding_bits": 4, "precision": "fp32"}, "--embedding-bits is only for int8"),
        ({"embedding_bits": 8, "precision": "fp32"}, "--embedding-bits is only for int8"),
        ({"calibration": Path("x"), "precision": "fp32"}, "--calibration is only for int8; omit it, or"),
        ({"gold": Path("x"), "precision": "fp32"}, "--gold is only for int8"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError) as error:
        ExportOptions(**options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0, 0.5, MIN_AGREEMENT, 1])
def test_any_share_is_accepted(share: float) -> None:
    assert ExportOptions(min_agreement=share).min_agreement == share


def test_the_graph_has_every_interface() -> None:
    assert set(INTERFACES) < set(INPUTS)


def test_every_option_is_documented() -> None:
    documentation = ExportOptions.__doc__ or ""
    assert all(f"        {field.name}: " in documentation for field in fields(ExportOptions))
