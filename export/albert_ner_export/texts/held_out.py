"""The text on which int8 is compared with float32. Calibration doesn't see it."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

from albert_ner_export.texts.templates import generate
from albert_ner_onnx.text.words import split_words

LONGEST_LINE: Final = 100
"""Words in the longest line."""

GENERATED_WORDS: Final = 7_000
"""Words to generate from templates, or a few more; fewer than were written by hand."""

_SENTENCE_END: Final = re.compile(r"(?<=[a-z]{3}[.?]) ")  # three letters: `Dr.` and `S.` don't end a sentence


def held_out_lines() -> list[str]:
    """Returns over 10,000 words: first lines that were written for this purpose, then lines from templates.

    No line occurs twice. Each has 1 to `LONGEST_LINE` words, as `split_words` counts them.
    """
    written = [
        line
        for name in ("verification.txt", "held_out.txt")
        for paragraph in files(__package__).joinpath(name).read_text("utf-8").splitlines()
        for line in _split_paragraph(paragraph)
    ]
    return written + generate(GENERATED_WORDS)


def _split_paragraph(paragraph: str) -> list[str]:
    """Returns the paragraph as one line, or its sentences if it is longer than a line may be."""
    return [paragraph] if len(split_words(paragraph)) <= LONGEST_LINE else _SENTENCE_END.split(paragraph)
