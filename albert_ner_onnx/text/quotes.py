"""Quoted lines of mail and Markdown, `> He met Gordon` and `> Brown`, -> what they quote.

The marks part wrapped names for the model, so they are left out. Where the depth of the quotation changes, somebody
else speaks, and that is a border: the line break there becomes a form feed.
"""

from __future__ import annotations

import re
from typing import Final

from albert_ner_onnx.text.edits import Edits

_BORDER: Final = "\f"
# Not `>= 5` or `>:(`
_MARKS: Final = re.compile(r"^ {0,3}>(?: ?>)*+ ?+(?![^\s\w\"'(\[*_\u2018\u201c-])", re.MULTILINE)


def has_quotes(text: str) -> bool:
    """Tells whether a line after the first one may be quoted. A single line has nothing to part."""
    return "\n>" in text


def read_quotes(text: str) -> Edits:
    """Leaves out the marks of quoted lines, in linear time."""
    edits = Edits(text)
    above = 0  # the depth of the line above
    line = 0  # where the line below the last quoted one starts
    for match in _MARKS.finditer(text):
        start, end = match.span()
        if start > line:
            _part(edits, line, above)
            above = 0
        depth = match.group().count(">")
        if depth != above:
            _part(edits, start, 1)
        edits.replace(start, end, "")
        above = depth
        line = text.find("\n", end) + 1 or len(text) + 1
    _part(edits, line, above)
    return edits


def _part(edits: Edits, line: int, depth: int) -> None:
    """Puts a border before a line, if the text goes on there and the line above has another depth."""
    if depth and 0 < line < len(edits.source):
        edits.replace(line - 1, line, _BORDER)
