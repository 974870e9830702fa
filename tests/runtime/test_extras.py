"""A library that isn't installed is named, and so is the extra that brings it."""

from __future__ import annotations

import pytest

from albert_ner_onnx import MissingExtraError
from albert_ner_onnx.extras import extra


def test_a_missing_library_names_its_extra() -> None:
    with (
        pytest.raises(MissingExtraError, match=r"^reading Parquet needs no_such_library, .*albert-ner-onnx\[files\]"),
        extra("files", "reading Parquet"),
    ):
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), extra("files", "reading Parquet"):
        1 / 0  # noqa: B018
