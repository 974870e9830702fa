"""Characters that nobody sees, and which of them carry meaning nevertheless."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from unicodedata import category

from albert_ner_onnx.text.edits import Edits

# Unicode's Default_Ignorable_Code_Point, and the marks of annotations. Unicode's format characters (Cf) that are
# visible, such as Arabic number signs and the joiners of hieroglyphs, are not among them.
_JOINERS: Final = "\u200c\u200d"
_SELECTORS: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # how the character before them looks: an emoji in colour
_TAGS: Final = "\U000e0020-\U000e007f"  # spell the regions of flags
_ALWAYS: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
INVISIBLE: Final = re.compile(f"[{_JOINERS}{_SELECTORS}{_TAGS}{_ALWAYS}]+")
"""A run of invisible characters, whether they carry meaning or not."""

_MEANINGFUL: Final = re.compile(f"[{_JOINERS}{_SELECTORS}{_TAGS}]")

_IDEOGRAPHS: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x34000))
_COLOURED_PUNCTUATION: Final = frozenset("\u203c\u2049\u2139\u3030\u303d")  # emoji that aren't symbols
_BLACK_FLAG: Final = "\U0001f3f4"
_MOST_MARKS: Final = 8  # upon a letter; looking back over more would take quadratic time


def leave_out_invisible(text: str) -> Edits:
    """Leaves out the invisible characters of a text that don't carry meaning where they stand."""
    edits = Edits(text)
    for match in INVISIBLE.finditer(text):
        start, end = match.span()
        if not _MEANINGFUL.search(match.group()):
            edits.replace(start, end, "")
            continue
        joints = _Joints.between(text, start, end)
        for place in range(start, end):
            if not joints.keep(text[place]):
                edits.replace(place, place + 1, "")
    return edits


class _Joints(NamedTuple):
    """Which invisible characters carry meaning between two visible ones.

    Attributes:
        joins_letters: Whether U+200C and U+200D do: between letters outside ASCII, in Persian and Indic words.
        joins_emoji: Whether U+200D does: between emoji, in families.
        selects: Whether a variation selector does: after emoji, symbols and ideographs.
        spells: Whether tags do: after a black flag.
    """

    joins_letters: bool
    joins_emoji: bool
    selects: bool
    spells: bool

    @classmethod
    def between(cls, text: str, start: int, end: int) -> _Joints:
        """Looks at the characters around `text[start:end]`."""
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        return cls(
            joins_letters=bool(before and after) and _goes_on(after) and _ends_joined(text, start),
            joins_emoji=bool(before and after) and _is_emoji(after) and _ends_with_emoji(text, start),
            selects=bool(before) and (_has_variants(before) or (before in "0123456789#*" and after == "\u20e3")),
            spells=before == _BLACK_FLAG,
        )

    def keep(self, char: str) -> bool:
        """Whether an invisible character carries meaning here."""
        if char in _JOINERS:
            return self.joins_letters or (self.joins_emoji and char == "\u200d")
        if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
            return self.selects
        return self.spells and "\U000e0020" <= char <= "\U000e007f"


def _is_ideograph(char: str) -> bool:
    return any(first <= ord(char) < stop for first, stop in _IDEOGRAPHS)


def _is_emoji(char: str) -> bool:
    if "\U0001f1e6" <= char <= "\U0001f1ff":  # half a flag
        return False
    return "\U0001f000" <= char <= "\U0001ffff" or ("\u2190" <= char <= "\u2bff" and category(char)[0] == "S")


def _ends_with_emoji(text: str, end: int) -> bool:
    char = text[end - 1]
    if "\U0001f3fb" <= char <= "\U0001f3ff":  # a skin tone needs an emoji below it
        return end > 1 and not "\U0001f3fb" <= text[end - 2] <= "\U0001f3ff" and _is_emoji(text[end - 2])
    return _is_emoji(char)


def _has_variants(char: str) -> bool:
    return not char.isascii() and (
        category(char)[0] == "S" or char in _COLOURED_PUNCTUATION or _is_emoji(char) or _is_ideograph(char)
    )


def _is_joined_letter(char: str) -> bool:
    return not char.isascii() and category(char)[0] == "L" and not _is_ideograph(char)


def _goes_on(char: str) -> bool:
    return _is_joined_letter(char) or category(char)[0] == "M"


def _ends_joined(text: str, end: int) -> bool:
    first = max(0, end - _MOST_MARKS)
    while end > first and category(text[end - 1])[0] == "M":
        end -= 1
    return end > 0 and _is_joined_letter(text[end - 1])
