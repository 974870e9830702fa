"""The text that calibration did not see, on which the exporter compares int8 with float32."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

from albert_ner_export.texts.templates import generate
from albert_ner_onnx.text.words import split_words

LONGEST_LINE: Final = 100
"""Words in the longest line."""

GENERATED_WORDS: Final = 7_000
"""Words from templates, or a few more: fewer than the written ones."""

_SENTENCE_END: Final = re.compile(r"(?<=[a-z]{3}[.?]) ")  # three letters, as `Dr.` and `S.` end no sentence


def held_out_lines() -> list[str]:
    """Over 10,000 words in lines: written for this purpose, then generated from templates.

    Returns:
        Lines without a duplicate, each of 1 to `LONGEST_LINE` words, as `split_words` counts them.
    """
    written = [
        line
        for name in ("verification.txt", "held_out.txt")
        for paragraph in files(__package__).joinpath(name).read_text("utf-8").splitlines()
        for line in _split_paragraph(paragraph)
    ]
    return written + generate(GENERATED_WORDS)


def _split_paragraph(paragraph: str) -> list[str]:
    """The paragraph, or its sentences if it is longer than a line may be."""
    return [paragraph] if len(split_words(paragraph)) <= LONGEST_LINE else _SENTENCE_END.split(paragraph)
