"""Words -> sentences.

A sentence ends

- after `.`, `!`, `?`, `…` or a run of them, and after the quotation marks, brackets and unreadable characters that
  close there, if white space follows and the next character isn't a lower-case letter. `words.split_words` has already
  decided which full stops count: the one of an abbreviation or an initial is part of its word (`Mr.`, `J.`, `U.S.`);
- after these where a blank is only missing: after a full stop or a question mark right after a word, before a capital
  letter (`Berlin.The`); otherwise before a word that begins sentences (`Berlin!The`, but not `Yahoo!Japan`);
- after a full stop, exclamation mark or question mark of Chinese and Japanese, whatever follows;
- before a blank line, a form feed, a paragraph separator (U+2029) or one of the separators U+001C to U+001F. A single
  line break may be mere wrapping, so it says nothing.

When in doubt there is no border: a sentence that is too long only has more context, one that is too short may cut an
entity.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from albert_ner_onnx.entities import Word
from albert_ner_onnx.text.abbreviations import STARTERS
from albert_ner_onnx.text.characters import LINE_BREAKS, RAISED_DIGITS, SEPARATORS
from albert_ner_onnx.text.plain import plain

_STOPS = ".!?…\uff0e"
_TIGHT_STOPS = frozenset(".?")
_WIDE_STOPS = frozenset("\u3002\uff01\uff1f")
_CLOSERS = frozenset("\"')]}\u2019\u201d\u00bb\u203a\u300d\u300f\u3011\uff09")
_STARTERS = frozenset(STARTERS)
# Matches in the white space between two words if a blank line, or what counts as one, is in it
_BLANK_LINE = re.compile(f"(?>\r\n|[{LINE_BREAKS}])[^{LINE_BREAKS}]*+[{LINE_BREAKS}]|[{SEPARATORS}]")


def sentence_starts(text: str, words: Sequence[Word]) -> list[int]:
    """Finds where the sentences of a text begin, in linear time.

    Args:
        text: Any text.
        words: Its words by `words.split_words`, whichever words the model takes.

    Returns:
        The offset of each sentence's first word, in code points; empty if there are no words.
    """
    starts = [word.start for word in words[:1]]
    # Whether the words so far end with a stop, with a wide one, with one right after a word; and whether a space
    # precedes the last of them
    ended = widely = stopped = apart = False
    for (before, _, end), (word, start, _) in pairwise(words):
        if apart or not (ended and _closes(before)):
            widely = before in _WIDE_STOPS
            ended = widely or (before[0] in _STOPS and not before.strip(_STOPS))
            stopped = before in _TIGHT_STOPS and not apart
        apart = start > end
        if apart:
            border = ended and not word[0].islower()
            if not border and (start > end + 1 or text[end] != " "):  # most gaps are one space
                border = _BLANK_LINE.search(text, end, start) is not None
        elif widely:
            border = word not in _CLOSERS and word not in _WIDE_STOPS
        else:
            border = ended and (word in _STARTERS or (stopped and word[0].isupper()))
        if border:
            starts.append(start)
            ended = widely = stopped = False
    return starts


def _closes(word: str) -> bool:
    """Whether a word right behind a stop belongs to the sentence that ends there."""
    return word in _CLOSERS or not word.strip(RAISED_DIGITS) or (len(word) == 1 and not plain(word))


def word_ranges(starts: Iterable[int], words: Sequence[Word]) -> list[range]:
    """Returns the words of each sentence, as ranges of indices that follow each other without a gap.

    Args:
        starts: Offsets at which sentences begin. A word that spans one of them belongs to the sentence before it.
        words: The words of the text, by any splitter.
    """
    offsets = [word.start for word in words]
    borders = sorted({0, *(bisect_left(offsets, start) for start in starts), len(words)})
    return [range(start, stop) for start, stop in pairwise(borders)]
