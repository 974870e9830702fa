"""Marks of emphasis, of notes and of links: words that a model had better not read.

`**Anna**`, `_Anna_`, `Anna³`, `Anna†`, `Anna[3]`, `[Anna](http://x.org)`. News has none of them, and next to one a
model misses names that it knows. Notes and links are borders nevertheless, and so is emphasis next to emphasis:
`Anna³ Ben`, `**Anna** **Ben**`. A name may be emphasised in part: `**Anna** Smith`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.characters import RAISED_DIGITS

_NOTES: Final = f"\u2020\u2021\u00a9\u00ae\u2122{RAISED_DIGITS}"
_MARK: Final = re.compile(rf"\*{{1,3}}|_{{1,3}}|[{_NOTES}]+")
_CANDIDATE: Final = re.compile(rf"[*_{_NOTES}]|\S\[[0-9]|\]\(")
_BRACKETED: Final = re.compile(
    r"""
    (?<=[^\s\[(]) (?P<note> \[ [0-9]{1,3} (?: [,-]\ ?[0-9]{1,3} ){0,9} \] )
    | (?P<opener> !?\[ ) [^\[\]\n]{1,200} (?P<target> \]\( (?=[^\s()]{0,500}[./:\#]) [^\s()]{1,500} \) )
    """,
    re.VERBOSE,
)


class Marks(NamedTuple):
    """What the marks of a text mean for its words.

    Attributes:
        read: What the model reads for each word: nothing for a mark.
        borders: The words, by their indices, before which there is a border because of a mark.
    """

    read: list[str]
    borders: list[int]


def find_marks(text: str, words: Sequence[Word]) -> Marks:
    """Finds the marks among the words of a text, in linear time. A mark touches a word: `* Anna` is a list's item."""
    marks = Marks([word.text for word in words], [])
    if not _CANDIDATE.search(text):
        return marks
    opened: set[str] = set()  # marks of emphasis
    for index, (mark, start, end) in enumerate(words):
        if not _MARK.fullmatch(mark):
            continue
        touches_last = index > 0 and words[index - 1].end == start
        touches_next = index + 1 < len(words) and words[index + 1].start == end
        after_letter = touches_last and words[index - 1].text[-1].isalnum()
        before_letter = touches_next and words[index + 1].text[0].isalnum()
        if (touches_last or touches_next) and not (after_letter and before_letter):  # not `2*3`
            marks.read[index] = ""
            if mark[0] in "*_" and (before_letter or not touches_last):
                opened.add(mark)
                if index > 0 and not (touches_last or marks.read[index - 1]):  # `**Anna** **Ben**`
                    marks.borders.append(index)
            elif mark in opened:
                opened.remove(mark)  # no border: `**Anna** Smith`
            else:  # a note, also `Anna*`
                marks.borders.append(index if before_letter or not touches_last else index + 1)
    for match in _BRACKETED.finditer(text):
        for name in ("note", "opener", "target"):
            start, end = match.span(name)
            if start < end:
                first, after = _index(words, start), _index(words, end)
                marks.read[first:after] = [""] * (after - first)
                marks.borders.append(first if name == "opener" else after)
    return marks


def _index(words: Sequence[Word], offset: int) -> int:
    return bisect_left(words, offset, key=attrgetter("start"))
