"""Text, words -> what the model reads of each word, and the borders of the layout, which no entity crosses.

The model reads across borders, because what stands on the other side is still context. These are borders:

- A blank line, a form feed, a paragraph separator (U+2029), or one of the separators U+001C to U+001F.
- The border of a table's cell: a tab, or three or more spaces, between two words of one line. At either end of a line
  they are mere alignment.
- The line break between two lines with as many tabs, which are rows of a table.
- Any line break, if `newlines` is `"border"`. By default it may be mere wrapping, so it says nothing.
- Some marks (`text.marks`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.characters import LINE_BREAKS, SEPARATORS
from albert_ner_onnx.text.marks import find_marks

_SEPARATOR = re.compile(f"[{SEPARATORS}]")
_LINE_BREAK = re.compile(f"\r\n|[{LINE_BREAKS}]")
_LINE = re.compile(f"[^{LINE_BREAKS}]+")
_CELL = re.compile("\t|[ \u00a0\u3000]{3}")
# Where there may be a border. Most texts have none of this.
_CANDIDATE = re.compile(f"{_SEPARATOR.pattern}|{_CELL.pattern}|[{LINE_BREAKS}]\\s")
_BETWEEN_CELLS = " ;"  # how news parts the items of a list


class Layout(NamedTuple):
    """What the layout of a text means for its words.

    Attributes:
        read: What the model reads for each word; nothing for a mere mark.
        borders: The words, by their indices and in order, before which there is a border; never 0.
    """

    read: list[str]
    borders: list[int]


def read_layout(text: str, words: Sequence[Word], newlines: str = "wrap") -> Layout:
    """Reads marks and borders. The arguments are those of `layout_borders`."""
    read, of_marks = find_marks(text, words)
    borders = layout_borders(text, words, newlines)
    add_separators(read, borders)
    return Layout(read, sorted({*borders, *of_marks} - {0, len(words)}) if of_marks else borders)


def read_borders(text: str, words: Sequence[Word], newlines: str = "wrap") -> Layout:
    """Reads borders alone: the model reads every word as it is. The arguments are those of `layout_borders`."""
    return Layout([word.text for word in words], layout_borders(text, words, newlines))


def layout_borders(text: str, words: Sequence[Word], newlines: str = "wrap") -> list[int]:
    """Finds the words before which there is a border, in O(n log n).

    Args:
        text: Any text.
        words: Its words, in order, by any splitter.
        newlines: What a single line break is, `"wrap"` or `"border"`.

    Returns:
        The indices of these words, in order; never 0.
    """
    borders = {_first_word(words, start) for start in _row_starts(text, every=newlines == "border")}
    seen = 0
    for match in _CANDIDATE.finditer(text):
        index = _first_word(words, match.start())
        if seen < index < len(words):
            seen = index
            if _is_border(text[words[index - 1].end : words[index].start]):
                borders.add(index)
    return sorted(borders - {0, len(words)})


def add_separators(read: list[str], borders: Iterable[int]) -> None:
    """Lets the model see the borders of a layout, as a semicolon behind the word before each, unless a sign ends there.

    Without them, the cells of a table and the lines of a list run together for the model, and it parts names wrongly.

    Args:
        read: What the model reads for each word; nothing for one that it doesn't read.
        borders: The words, by their indices and in order, before which there is a border.
    """
    above = 0
    for border in borders:
        last = border - 1
        while last > above and not read[last]:
            last -= 1
        if read[last][-1:].isalnum():
            read[last] += _BETWEEN_CELLS
        above = border


def cut_ranges(ranges: Iterable[range], borders: Sequence[int]) -> list[range]:
    """Cuts ranges of words at borders, in O(n log n).

    Args:
        ranges: Ranges of indices, none of them empty.
        borders: Indices of the words before which there is a border, in order.
    """
    cut = []
    for each in ranges:
        inside = borders[bisect_right(borders, each.start) : bisect_left(borders, each.stop)]
        cut += [range(start, stop) for start, stop in pairwise((each.start, *inside, each.stop))]
    return cut


def _first_word(words: Sequence[Word], offset: int) -> int:
    return bisect_left(words, offset, key=attrgetter("start"))


def _row_starts(text: str, *, every: bool) -> Iterator[int]:
    """Yields where lines start that are rows of a table, below another row; or where any line starts."""
    if not (every or "\t" in text):
        return
    above = end = 0  # the tabs of the line above, and where it ends
    for line in _LINE.finditer(text):
        tabs = line[0].strip().count("\t")
        if every or (tabs == above > 0 and _LINE_BREAK.fullmatch(text, end, line.start())):
            yield line.start()
        above, end = tabs, line.end()


def _is_border(gap: str) -> bool:
    """Whether the gap between two words is a border by itself."""
    breaks = len(_LINE_BREAK.findall(gap))
    return breaks > 1 or _SEPARATOR.search(gap) is not None or (not breaks and _CELL.search(gap) is not None)
