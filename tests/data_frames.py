"""Texts for columns, and what is expected of them: the answers of the recognizer's own verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import albert_ner_onnx

TEXTS = (
    "Kofi Annan left Geneva.",
    "Nothing happened.",
    "",
    "Zürich 😀 met John Smith of IBM.",
    "Bonn",
    " \n\t",
)


def expected(texts: Sequence[str | None]) -> list[Any]:
    """Returns the entities of each text as dictionaries; `None` for `None`."""
    found = dict(zip(TEXTS, _found(), strict=True))
    return [None if text is None else found[text] for text in texts]


@cache
def _found() -> list[list[dict[str, Any]]]:
    answers = albert_ner_onnx.load().recognize_batch(TEXTS)
    assert sum(map(len, answers)) >= 5
    return [[entity.as_dict() for entity in answer] for answer in answers]
