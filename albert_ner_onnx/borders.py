"""Spans of words -> spans whose borders are right: what a tagger gives, and what a reader takes for the name.

- A nickname doesn't part a name: `William (Bill) Clinton` is one, if the model gives both sides the same
  label and, after a bracket, takes the second for a continuation.
- A span doesn't begin or end with a sign: a dash, a comma, the `@` or `#` of a tag, an emoji. Four of them stay at its
  end: `Yahoo!`. A bracket or quotation mark is taken off if it lacks its partner, or if the two enclose the whole span.
- A span doesn't begin or end with the number of a footnote, nor with an address of mail or web, nor end with `2.`, the
  number of a list's next item.
- A span takes what closes a bracket or quotation mark within it: `Anna (Brown` is `Anna (Brown)`, if it is there.
- A title or degree alone is no name: `Det.` before `Anna Brown`, `Ph.D.` behind.
- A span neither begins nor ends with a full stop, except that an abbreviation at its end takes its stop back:
  `in the U.S` `.` is how CoNLL-2003 splits the end of a sentence, and the name is `U.S.` there as elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from albert_ner_onnx.entities import Word
from albert_ner_onnx.tags.schemes import Span
from albert_ner_onnx.text.abbreviations import is_title
from albert_ner_onnx.text.characters import RAISED_DIGITS, has_letters

SettleBorders = Callable[..., list[Span]]
"""`settle_borders` with its `takes_stop`."""

_PARTNERS: Final = {"(": ")", "[": "]", "{": "}", "<": ">", "\uff08": "\uff09", "\u3010": "\u3011", "\u300c": "\u300d"}
_CLOSERS: Final = frozenset(_PARTNERS.values())
# Most quotation marks open in one language and close in another (“…”, „…“, »…«), so any two of a kind are a pair.
_QUOTES: Final = {
    **dict.fromkeys('"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02', '"'),
    **dict.fromkeys("'\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4`\uff07", "'"),
}
_ONLY_CLOSE: Final = frozenset("\u201d\u2019\u00bb\u203a")  # at a nickname, whatever they do elsewhere
_RAISED: Final = frozenset(RAISED_DIGITS)  # footnotes
_STAY_BEHIND: Final = frozenset("!?+#")  # `Yahoo!`, `C#`
_CLITICS: Final = frozenset(
    "'s 'm 'd 've 're 'll n't \u2019s \u2019m \u2019d \u2019ve \u2019re \u2019ll n\u2019t".split()
)
_STOP: Final = "."
_LONGEST_NICKNAME: Final = 3  # words
_CONTINUES: Final = 0.2  # the least share of continuing tags in the probability of the label, after a bracket


def settle_borders(
    words: Sequence[Word],
    spans: Sequence[Span],
    stop: int,
    *,
    is_read: Callable[[int], bool],
    continues: Callable[[int, str], float],
    takes_stop: Callable[[str], bool],
) -> list[Span]:
    """Settles the borders of spans of words that were decided together, in linear time.

    Args:
        words: The words of the text.
        spans: The spans, in order, as indices of words.
        stop: The word after the last one that was decided with these.
        is_read: Whether the model read a word. One that it didn't read is at neither end of a span.
        continues: How much of the probability that a word has a label belongs to tags that continue a span, 0 to 1.
        takes_stop: Whether a full stop after a word belongs to it, because it is an abbreviation.

    Returns:
        The spans, in order. One of which nothing is left is left out.
    """
    settled = []
    joined = _join_nicknames(words, spans, stop, is_read, continues)
    for index, (label, start, end) in enumerate(joined):
        start, end = _trim(words, start, end, is_read)
        if start < end and not (start + 1 == end and is_title(words[start].text)):
            limit = joined[index + 1].start if index + 1 < len(joined) else stop
            last = words[end - 1]
            if end < limit and words[end].text == _STOP and words[end].start == last.end and takes_stop(last.text):
                end += 1
            end = _close(words, start, end, limit)
            settled.append(Span(label, start, end))
    return settled


# --- Nicknames --------------------------------------------------------------------------------------------------------


def _join_nicknames(
    words: Sequence[Word],
    spans: Sequence[Span],
    stop: int,
    is_read: Callable[[int], bool],
    continues: Callable[[int, str], float],
) -> list[Span]:
    """Joins the spans on both sides of each nickname in brackets or quotation marks."""
    joined = []
    following = 0
    while following < len(spans):
        label, start, end = spans[following]
        following += 1
        opener = start + 1
        while following < len(spans) and (  # it is in the span, or right after it
            opener <= end or (opener <= spans[following].start and not is_read(opener - 1))
        ):
            after = _after_nickname(words, opener, stop, is_read)
            other = None if after is None or after < end else _span_at(spans, following, after, label)
            if after is None or other is None:
                opener += 1
            elif (  # `Bonn (Germany) Oslo`
                words[opener].text in _PARTNERS and after == spans[other].start and continues(after, label) < _CONTINUES
            ):
                opener += 1
            else:
                end, following, opener = spans[other].end, other + 1, after
        joined.append(Span(label, start, end))
    return joined


def _after_nickname(words: Sequence[Word], opener: int, stop: int, is_read: Callable[[int], bool]) -> int | None:
    """Returns the word after the nickname that opens at a word; `None` unless it stands between two names."""
    opening = words[opener].text
    if opening not in _PARTNERS and (opening not in _QUOTES or opening in _ONLY_CLOSE):
        return None
    before, after = opener - 1, opener + 1
    while before > 0 and not is_read(before):
        before -= 1
    while after < stop and not is_read(after):
        after += 1
    if opening in _QUOTES and _touch(words, before, opener) and not _touch(words, opener, min(after, stop - 1)):
        return None  # it closes: `'Howard' said 'Ronald'` has no nickname
    read = (index for index in range(opener + 1, stop) if is_read(index))
    closed = False
    for length, index in enumerate(islice(read, _LONGEST_NICKNAME + 2)):
        word = words[index].text
        if closed:
            return index if word[0].isalpha() and words[before].text[0].isalpha() else None
        closed = length > 0 and _are_partners(opening, word)
        if not closed and not word[0].isalpha():
            break
    return None


def _touch(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether there is no blank between two words, nor between those that stand between them."""
    return all(words[index].end == words[index + 1].start for index in range(first, last))


def _span_at(spans: Sequence[Span], first: int, word: int, label: str) -> int | None:
    """Returns which span has a word, from the first one on, if it and the spans before it have the label."""
    for index in range(first, len(spans)):
        if spans[index].label != label or spans[index].start > word:
            return None
        if word < spans[index].end:
            return index
    return None


def _are_partners(opener: str, closer: str) -> bool:
    if opener in _PARTNERS:
        return _PARTNERS[opener] == closer
    return opener in _QUOTES and _QUOTES[opener] == _QUOTES.get(closer)


# --- Trimming ---------------------------------------------------------------------------------------------------------


def _trim(words: Sequence[Word], start: int, end: int, is_read: Callable[[int], bool]) -> tuple[int, int]:
    """Takes off what doesn't belong to a name at either end, until nothing does."""
    partners: dict[int, int] | None = None  # found only if there is a bracket or quotation mark at an end

    def dangles(index: int, other_end: int) -> bool:
        nonlocal partners
        text = words[index].text
        if text in _PARTNERS or text in _CLOSERS or text in _QUOTES:
            if partners is None:
                partners = _find_partners(words, start, end)
            partner = partners.get(index)
            return partner is None or not start <= partner < end or partner == other_end
        return not is_read(index) or _is_sign(text) or _is_address(text)

    while start < end:
        if dangles(start, end - 1) or words[start].text.lower() in _CLITICS:
            start += 1
        elif _is_item_number(last := words[end - 1].text) or (
            dangles(end - 1, start) and not _STAY_BEHIND.issuperset(last)
        ):
            end -= 1
        else:
            break
    return start, end


def _is_sign(word: str) -> bool:
    """Whether a word has no letter or digit, or only those of a footnote."""
    return not has_letters(word) or _RAISED.issuperset(word)


def _is_item_number(word: str) -> bool:
    """Whether a word is the number of a list's item. It may begin a name, as in `1. FC Koeln`."""
    return word.endswith(".") and word[:-1].isdigit()


def _is_address(word: str) -> bool:
    """Whether a word is an address of mail or web. `Amazon.com` isn't: firms are called so."""
    return "." in word[word.find("@", 1) :] if "@" in word[1:] else word.startswith(("http://", "https://", "www."))


def _close(words: Sequence[Word], start: int, end: int, limit: int) -> int:
    """Returns the end of a span that takes what closes the brackets and quotation marks within it."""
    if end == limit or not (words[end].text in _CLOSERS or words[end].text in _QUOTES):
        return end
    partners = _find_partners(words, start, end)
    for index in range(end - 1, start, -1):
        if end == limit:
            break
        text = words[index].text
        # A quotation mark right after a word may be an apostrophe: `the Boys' Brigade`
        opens = text in _PARTNERS or (text in _QUOTES and words[index].start > words[index - 1].end)
        if opens and index not in partners:
            if not _are_partners(text, words[end].text):
                break
            end += 1
    return end


def _find_partners(words: Sequence[Word], start: int, end: int) -> dict[int, int]:
    """Pairs the brackets and quotation marks of a span: the index of each one's partner, for those that have one."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for index in range(start, end):
        text = words[index].text
        if text in _PARTNERS or text in _CLOSERS or text in _QUOTES:
            if opened and _are_partners(words[opened[-1]].text, text):
                partners[index] = opened.pop()
                partners[partners[index]] = index
            else:
                opened.append(index)
    return partners
