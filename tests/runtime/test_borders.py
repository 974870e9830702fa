"""Where names begin and end, on words and spans alone."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.borders import settle_borders
from albert_ner_onnx.entities import Word
from albert_ner_onnx.tags.schemes import Span
from growth import assert_linear

# Words, parted by spaces; spans in [ ] with their label at the end, as a tagger gives them -> as they should be.
# A word glued to the one before it begins with ^.
CASES = [
    ("[Anna PER] left", "[Anna PER] left"),
    # Dangling marks
    ("[- Anna - , PER]", "- [Anna PER] - ,"),
    ("[* * Anna _ PER]", "* * [Anna PER] _"),
    ("[Anna Smith : PER]", "[Anna Smith PER] :"),
    ("[. He PER]", ". [He PER]"),
    ("[... Anna -- PER]", "... [Anna PER] --"),
    ("[Rome ³ LOC] and [Bonn †  LOC]", "[Rome LOC] ³ and [Bonn LOC] †"),
    ("[Yahoo ! ORG] and [Guess ? ORG]", "[Yahoo ! ORG] and [Guess ? ORG]"),
    ("['s Bank ORG] [n't ORG]", "'s [Bank ORG] n't"),
    ("[, PER] and [- - ORG]", ", and - -"),
    # Brackets and quotation marks
    ("[( Anna PER]", "( [Anna PER]"),
    ("[Anna ) PER]", "[Anna PER] )"),
    ("[( Reuters ) ORG]", "( [Reuters ORG] )"),
    ("[( ( Reuters ) ) ORG]", "( ( [Reuters ORG] ) )"),
    ("[Bank ( UK ) ORG]", "[Bank ( UK ) ORG]"),
    ("[( UK ) Bank ORG]", "[( UK ) Bank ORG]"),
    ('[" Weird Al " Yankovic PER]', '[" Weird Al " Yankovic PER]'),
    ('[" Titanic " MISC]', '" [Titanic MISC] "'),
    ("[“ Titanic ” MISC] [„ Titanic “ MISC]", "“ [Titanic MISC] ” „ [Titanic MISC] “"),
    ("[« Titanic » MISC] [» Titanic « MISC]", "« [Titanic MISC] » » [Titanic MISC] «"),
    ('[Anna " PER] , [" Oslo LOC]', '[Anna PER] " , " [Oslo LOC]'),
    ("[players ' ORG]", "[players ORG] '"),
    ("[) ( PER]", ") ("),
    ("[( ) ORG]", "( )"),
    ("[Anna ( Brown PER] ) left", "[Anna ( Brown ) PER] left"),
    ("[Bank ( UK ( Ltd ORG] ) ) fell", "[Bank ( UK ( Ltd ) ) ORG] fell"),
    ("[the ' Times ORG] ' and [The \" Sun ORG] \"", "[the ' Times ' ORG] and [The \" Sun \" ORG]"),
    ("[Boys ^' Brigade ORG] ' and [Anna ) Brown PER] )", "[Boys ^' Brigade ORG] ' and [Anna ) Brown PER] )"),
    ("[Bank ( UK ORG] | )", "[Bank ( UK ORG] | )"),
    ("[Bank ( U.S ORG] ^. )", "[Bank ( U.S ^. ) ORG]"),
    # Titles
    ("[Det. PER] [Anna PER] , [Dr. Brown PER] , [( Mr. ) PER] [St. Louis LOC]",
     "Det. [Anna PER] , [Dr. Brown PER] , ( Mr. ) [St. Louis LOC]"),
    ("[Anna PER] , [Ph.D. PER] , [M.D. LOC]", "[Anna PER] , Ph.D. , M.D."),
    ("' [Ann PER] ^' said ' [Lee PER] ^'", "' [Ann PER] ^' said ' [Lee PER] ^'"),
    ("[Ann PER] ' ^Bo ^' [Lee PER]", "[Ann ' ^Bo ^' Lee PER]"),
    # Numbers of items
    ("[1. Anna 2. PER] [Ben 10. PER] [3. ORG]", "[1. Anna PER] 2. [Ben PER] 10. 3."),
    # Addresses and signs
    ("[Anna PER] < [anna@x.org PER] > [www.x.org ORG]", "[Anna PER] < anna@x.org > www.x.org"),
    ("[Anna a.b@x.org PER] , [https://x.org/Anna Anna PER]", "[Anna PER] a.b@x.org , https://x.org/Anna [Anna PER]"),
    ("[Amazon.com ORG] , [B@con ORG] , [@b.c ORG]", "[Amazon.com ORG] , [B@con ORG] , [@b.c ORG]"),
    ("[@ BBC ORG] and [# Oslo LOC] and [C # MISC]", "@ [BBC ORG] and # [Oslo LOC] and [C # MISC]"),
    ("[$ Oslo ™ ORG] and [\U0001f600 Anna + PER]", "$ [Oslo ORG] ™ and \U0001f600 [Anna + PER]"),
    ("[£ MISC] 5 , [$ + ORG] , [\U0001f600 PER] , [! ORG]", "£ 5 , $ + , \U0001f600 , !"),
    # Stops
    ("in the [U.S LOC] ^.", "in the [U.S ^. LOC]"),
    ("in the [U.S . LOC]", "in the [U.S LOC] ."),
    ("in the [U.S ^. LOC]", "in the [U.S ^. LOC]"),
    ("in [Oslo LOC] ^.", "in [Oslo LOC] ^."),
    ("in [Oslo ^. LOC]", "in [Oslo LOC] ^."),
    ("[U.S LOC] [^. ORG]", "[U.S LOC] ^."),
    ("[U.S LOC] ^. | [U.S LOC] | ^.", "[U.S ^. LOC] | [U.S LOC] | ^."),
    # Nicknames
    ("[William PER] ( [Bill PER] ) [Clinton PER]", "[William ( Bill ) Clinton PER]"),
    ("[William PER] ( Bill ) [Clinton PER]", "[William ( Bill ) Clinton PER]"),
    ("[William ( PER] [Bill ) Clinton PER]", "[William ( Bill ) Clinton PER]"),
    ('[Robert F. " PER] [Bobby " Kennedy PER] died', '[Robert F. " Bobby " Kennedy PER] died'),
    ("[Ann PER] “ [Big A PER] ” [Lee PER] ' Jo ' [Po PER]", "[Ann “ Big A ” Lee ' Jo ' Po PER]"),
    ("[Smith PER] ( [England LOC] ) [Jones PER]", "[Smith PER] ( [England LOC] ) [Jones PER]"),
    ("[Smith PER] ( 5 ) [Jones PER]", "[Smith PER] ( 5 ) [Jones PER]"),
    ("[Smith PER] ( one two three four ) [Jones PER]", "[Smith PER] ( one two three four ) [Jones PER]"),
    ("[Smith PER] ( Bob ) [Bonn LOC]", "[Smith PER] ( Bob ) [Bonn LOC]"),
    ("[Smith PER] ( Bob ) | [Jones PER]", "[Smith PER] ( Bob ) | [Jones PER]"),
    ("[Smith PER] ( Bob ) , [Jones PER]", "[Smith PER] ( Bob ) , [Jones PER]"),
    ("[Earvin PER] “ [Magic PER] ” [Johnson! PER]", "[Earvin “ Magic ” Johnson! PER]"),
    ("[Bonn LOC] ( [Germany LOC] ) [Oslo! LOC]", "[Bonn LOC] ( [Germany LOC] ) [Oslo! LOC]"),
    ("[Smith PER] ( Bob", "[Smith PER] ( Bob"),
    ("[Smith PER] ( Bob )", "[Smith PER] ( Bob )"),
]  # fmt: skip


def parse(marked: str) -> tuple[list[Word], list[Span], list[int]]:
    """Reads the words, the spans, and the ends of the ranges that are decided together (`|`) of a case."""
    words: list[Word] = []
    spans, limits, offset = [], [], 0
    start = 0
    for part in marked.split():
        if part == "|":
            limits.append(len(words))
            continue
        if part.startswith("["):
            start = len(words)
            part = part[1:]
        if re.fullmatch("[A-Z]+\\]", part):
            spans.append(Span(part[:-1], start, len(words)))
            continue
        if part.startswith("^"):
            part = part[1:]
        elif words:
            offset += 1
        words.append(Word(part, offset, offset + len(part)))
        offset += len(part)
    return words, spans, [*limits, len(words)]


def settle(words: list[Word], spans: list[Span], limits: list[int], unread: frozenset[int] = frozenset()) -> list[Span]:
    found = []
    first = 0
    for stop in limits:
        inside = [span for span in spans if first <= span.start < stop]
        found += settle_borders(
            words,
            inside,
            stop,
            is_read=lambda word: word not in unread,
            continues=lambda word, label: 0.0 if words[word].text.endswith("!") else 0.2,
            takes_stop=lambda word: word == "U.S",
        )
        first = stop
    return found


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_borders(given: str, expected: str) -> None:
    words, spans, limits = parse(given)
    wanted, right, _ = parse(expected)
    assert words == wanted
    assert settle(words, spans, limits) == right


def test_a_word_that_was_not_read_is_at_neither_end() -> None:
    words, spans, limits = parse("[x ( Anna y Smith z PER]")
    assert settle(words, spans, limits, frozenset({0, 3, 5})) == [Span("PER", 2, 5)]
    assert settle(words, spans, limits, frozenset(range(6))) == []


def test_a_word_that_was_not_read_does_not_make_a_quotation_mark_open() -> None:
    words, spans, limits = parse("' [Ann PER] ^' ^x said ' [Lee PER]")
    assert settle(words, spans, limits, frozenset({3})) == spans


def test_a_word_that_was_not_read_does_not_hide_a_nickname() -> None:
    words, spans, limits = parse("[Bill PER] x x ( x Bob x x ) x [Lee PER]")
    unread = frozenset(index for index, word in enumerate(words) if word.text == "x")
    assert settle(words, spans, limits, unread) == [Span("PER", 0, len(words))]
    assert settle(words, spans, limits) == spans


PIECES = st.lists(st.sampled_from([*"()[]\"'-.,", "“", "Anna", "Bob", "U.S", "x"]), max_size=14)


@given(PIECES, st.data())
def test_spans_stay_in_order_and_settled_spans_stay(texts: list[str], data: st.DataObject) -> None:
    words = [Word(text, 2 * index, 2 * index + len(text)) for index, text in enumerate(texts)]
    borders = data.draw(st.lists(st.integers(0, len(words)), unique=True).map(sorted))
    labels = data.draw(st.lists(st.sampled_from(["PER", "LOC"]), min_size=len(borders), max_size=len(borders)))
    spans = [Span(*each) for each in zip(labels, borders, borders[1:], strict=False)]
    found = settle(words, spans, [len(words)])
    assert [span.start for span in found] == sorted(span.start for span in found)
    assert all(left.end <= right.start for left, right in pairwise(found))
    for span in found:
        first, last = texts[span.start], texts[span.end - 1]
        assert first not in [*")]-.,", "’"]
        assert last not in [*"([-,"]
        assert span.start < span.end
        assert last != "." or texts[span.end - 2] == "U.S"
    assert settle(words, found, [len(words)]) == found


@pytest.mark.parametrize(
    "pattern", ["(", ")", '"', "( x )", "x", "x ( x )", '" x " x', "-", "( [", "x ( (", "( - )", "y"]
)
@pytest.mark.parametrize("together", [True, False])
def test_time_is_linear(pattern: str, *, together: bool) -> None:
    def make(size: int) -> tuple[list[Word], list[Span]]:
        texts = (pattern.split() * size)[:size]
        words = [Word(text, 2 * index, 2 * index + 1) for index, text in enumerate(texts)]
        whole = [Span("PER", 0, size)] if together else [Span("PER", index, index + 1) for index in range(size)]
        return words, whole

    def run(made: tuple[list[Word], list[Span]]) -> list[Span]:
        words, spans = made
        return settle(words, spans, [len(words)], frozenset(range(len(words))) if pattern == "y" else frozenset())

    assert_linear(run, make, 8_000)
