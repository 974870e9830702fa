"""Character references (`&amp;`, `&#8211;`, `&#x27;`) -> characters. They are read once: `&amp;lt;` means `&lt;`."""

from __future__ import annotations

import re
from typing import Final

from albert_ner_onnx.text.edits import Edits

# The longest name has 31 characters. A number of more digits has too many leading zeros to be meant.
REFERENCE: Final = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#(?:[0-9]{1,32}|[xX][0-9a-fA-F]{1,32}));")


def meaning_of(reference: str) -> str | None:
    """Returns the characters that a reference means; `None` for an unknown name.

    Numbers mean what browsers take them for: 128 to 159 are those of Windows-1252, and 0, surrogates and numbers beyond
    Unicode are U+FFFD.
    """
    from html import unescape  # late, because few texts need them, and they take a millisecond to load
    from html.entities import html5

    return unescape(reference) if reference[1] == "#" else html5.get(reference[1:])


def read_references(text: str) -> Edits:
    """Replaces the references of a text that isn't HTML; those without `;` are left alone, for `AT&T` is a name."""
    edits = Edits(text)
    for match in REFERENCE.finditer(text):
        meaning = meaning_of(match.group())
        if meaning is not None:
            edits.replace(*match.span(), meaning)
    return edits
