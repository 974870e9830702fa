"""Replacements in a text, and the way back from the result to the source."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Edits:
    """Replaces parts of a text from left to right, and remembers where each part of the result comes from.

    No replacement is longer than what it replaces, so every character of the result has a part of the source to itself.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._parts: list[str] = []
        self._copied = 0  # the source up to here is in the parts
        self._length = 0  # of the parts
        self._last = "\n\n"
        self._begins: list[int] = []  # of each replacement, in the result
        self._replaced: list[tuple[int, int, int]] = []  # its end in the result, its start and end in the source

    def __len__(self) -> int:
        return len(self._replaced)

    def replace(self, start: int, end: int, replacement: str) -> None:
        """Replaces `source[start:end]`. Each call begins where the one before it ended, or later."""
        begin = self._length + start - self._copied
        if start > self._copied:
            self._parts.append(self.source[self._copied : start])
            self._last = self.source[start - 1]
        if replacement:
            self._parts.append(replacement)
            self._last = replacement
        self._copied, self._length = end, begin + len(replacement)
        self._begins.append(begin)
        self._replaced.append((self._length, start, end))

    def last(self, start: int) -> str:
        """Returns what the result ends with if it goes on at `start`: a character, or the whole last replacement.

        At the start of the text that is a blank line.
        """
        return self.source[start - 1] if start > self._copied else self._last

    def result(self) -> str:
        """Returns the text with everything replaced so far."""
        return "".join([*self._parts, self.source[self._copied :]]) if self._replaced else self.source

    def source_start(self, start: int) -> int:
        """Returns where the character at `start` of the result begins in the source."""
        index = bisect_right(self._begins, start) - 1
        return start if index < 0 else self._source_of(index, start)

    def source_end(self, end: int) -> int:
        """Returns where the character before `end` of the result ends in the source."""
        index = bisect_left(self._begins, end) - 1
        return end if index < 0 else self._source_of(index, end)

    def _source_of(self, index: int, place: int) -> int:
        end, source_start, source_end = self._replaced[index]
        return source_start + place - self._begins[index] if place < end else source_end + place - end
