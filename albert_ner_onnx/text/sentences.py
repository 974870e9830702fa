"""Words -> sentences.

A sentence ends

- after `.`, `!`, `?`, `…` or a run of them, and after the quotation marks and brackets that close there, if white
  space follows and the next character isn't a lower-case letter. `words.split_words` has already decided which full
  stops count: the one of an abbreviation or an initial is part of its word (`Mr.`, `J.`, `U.S.`, `a.m.`);
- after a full stop, exclamation mark or question mark of Chinese and Japanese, whatever follows;
- before a blank line. A single line break may be mere wrapping, so it says nothing.

When in doubt there is no border: a sentence that is too long only has more context, one that is too short may cut an
entity.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from albert_ner_onnx.entities import Word

_STOPS = ".!?…"
_WIDE_STOPS = frozenset("\u3002\uff01\uff1f")
_CLOSERS = frozenset("\"')]}\u2019\u201d\u00bb\u203a\u300d\u300f\u3011\uff09")
_BLANK_LINE = re.compile("\n[^\n]*\n|\r[^\r\n]*\r|[\u2029\f]")


def sentence_starts(text: str, words: Sequence[Word]) -> list[int]:
    """Finds where the sentences of a text begin, in linear time.

    Args:
        text: Any text.
        words: Its words by `words.split_words`, whichever words the model takes.

    Returns:
        The offset of each sentence's first word, in code points; empty if there are no words.
    """
    starts = [word.start for word in words[:1]]
    # Whether the words so far end with a stop, with a wide one, and whether a space precedes the last of them
    ended = widely = apart = False
    for before, word in pairwise(words):
        closing = not apart and before.text in _CLOSERS
        widely = before.text in _WIDE_STOPS or (widely and closing)
        ended = widely or not before.text.strip(_STOPS) or (ended and closing)
        apart = word.start > before.end
        if apart:
            blank = word.start > before.end + 1 and _BLANK_LINE.search(text, before.end, word.start) is not None
            border = blank or (ended and not word.text[0].islower())
        else:
            border = widely and word.text not in _CLOSERS and word.text not in _WIDE_STOPS
        if border:
            starts.append(word.start)
            ended = widely = False
    return starts


def word_ranges(starts: Iterable[int], words: Sequence[Word]) -> list[range]:
    """Returns the words of each sentence, as ranges of indices that follow each other without a gap.

    Args:
        starts: Offsets at which sentences begin. A word that spans one of them belongs to the sentence before it.
        words: The words of the text, by any splitter.
    """
    offsets = [word.start for word in words]
    borders = sorted({0, *(bisect_left(offsets, start) for start in starts), len(words)})
    return [range(start, stop) for start, stop in pairwise(borders)]
