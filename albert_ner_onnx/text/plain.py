"""Characters -> their plainest kin, for models that never saw the originals.

Full-width letters, ligatures out of a PDF file, mathematical and circled letters are letters to a reader. Unicode's
compatibility normalization (NFKC) knows most of them, but not typographic punctuation.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

from albert_ner_onnx.text.invisible import INVISIBLE

_KIN: Final = str.maketrans(
    {
        char: kin
        for kin, chars in {
            "'": "\u2018\u2019\u201a\u201b\u275b\u275c\u2032\u2035\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u055a",
            '"': "\u201c\u201d\u201e\u201f\u275d\u275e\u2033\u2036\u02ba\u02dd\u02ee\u301d\u301e\u301f\u00ab\u00bb",
            "-": "\u2010\u2011\u2012\u2013\u2212\u02d7\u2043\ufe63",
            "--": "\u2014\u2015\u2e3a\u2e3b",
            "<": "\u2039\u27e8\u3008",
            ">": "\u203a\u27e9\u3009",
            "/": "\u2044\u2215",
            "~": "\u02dc\u223c\u2053\u301c",
            ".": "\u2027\u00b7\u30fb",
            "*": "\u2022\u2023\u2217\u204e",
        }.items()
        for char in chars
    }
)
_NOTHING: Final = re.compile(f"(?:[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffc\ufffd]|{INVISIBLE.pattern})+")


def plain(word: str) -> str:
    """Returns a word in the plainest characters: NFKC, with typographic punctuation as ASCII has it.

    Invisible and control characters, U+FFFC (in place of a picture) and U+FFFD are left out, so nothing may remain. A
    space may appear, because some characters stand for several words.

    Args:
        word: A word. The time grows with the square of its length if it is made of combining marks.
    """
    return _NOTHING.sub("", normalize("NFKC", word.translate(_KIN)).translate(_KIN)).strip()
