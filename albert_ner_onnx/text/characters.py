"""Characters that several modules look for, most of them as strings for the [ ] of a pattern."""

from __future__ import annotations

from typing import Final

LINE_BREAKS: Final = "\n\r\x0b\x85\u2028"
"""What ends a line; `\\r\\n` ends one line, too."""

SEPARATORS: Final = "\f\x1c-\x1f\u2029"
"""What counts as a blank line: a form feed, a paragraph separator, and ASCII's separators."""

RAISED_DIGITS: Final = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
"""0 to 9 as superscripts: behind a name or a stop, the number of a note."""


def has_letters(word: str) -> bool:
    """Tells whether a word has a letter or a digit, rather than only signs."""
    return word[:1].isalnum() or any(map(str.isalnum, word))
