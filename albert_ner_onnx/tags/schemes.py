"""The tag grammar: how tags such as `B-PER` mark spans of words, read as conlleval reads them.

    IOB2   every span opens with `B-`
    IOB1   every span opens with `I-`, but for one that touches another of its label: that opens with `B-`
    IO     no `B-`; spans of one label that touch are one
    IOBES  `B-` opens a span, `E-` closes it, `S-` is one of a single word
    BILOU  the same, with `L-` for `E-` and `U-` for `S-` (spaCy writes BILUO, others BIOES)
    none   labels without prefix; spans of one label that touch are one

One reading fits IOB2, IOB1 and IO, the others are brought to it, and it has an answer for every sequence, also for
those that break their scheme's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from albert_ner_onnx.errors import InputError

_IOB = frozenset({"IOB2", "IO", "IOB1"})
SCHEMES = ("IOB2", "IO", "IOBES", "BILOU", "none", "IOB1")  # of a model's tags; IOB1's look like IOB2's
_PREFIXED = re.compile("[BIESLU]-.+", re.DOTALL)
# A letter set apart at either end, or alone, may be the prefix of another scheme: M-PER, b-per, B_PER, PER-B, B.
_DOUBTFUL = re.compile("[A-Za-z]?|[A-Za-z][-_:./|].*|.*[-_:./|][BIESLU]", re.DOTALL)
_WAY_OUT = "write every tag but O with its prefix in --labels FILE, I- where there is none"


class Span(NamedTuple):
    """A half-open range of words, `words[span.start:span.end]`, and its label without prefix, such as `PER`."""

    label: str
    start: int
    end: int


def spans(tags: Sequence[str], scheme: str = "IOB2") -> list[Span]:
    """Reads the spans that the tags of a sentence mark, in their order.

    `B-X` opens a span; so does `I-X` at the start, after `O` and after another label. Any other `I-X` continues one.
    In IOBES and BILOU, `E-` and `L-` are such an `I-`, `S-` and `U-` such a `B-`, and a span ends after each of the
    four. So reads conlleval, and seqeval unless it is strict.

    Args:
        tags: One tag a word (not checked here: `scheme_of` does it once for a whole set).
        scheme: One of `SCHEMES`.
    """
    if scheme not in _IOB:
        tags = _to_iob(tags, scheme)
    found: list[Span] = []
    label, start = "", 0  # of the open span; no label: none is open
    for index, tag in enumerate(tags):
        if tag == "O":
            if label:
                found.append(Span(label, start, index))
                label = ""
        elif tag[0] == "B" or tag[2:] != label:
            if label:
                found.append(Span(label, start, index))
            label, start = tag[2:], index
    if label:
        found.append(Span(label, start, len(tags)))
    return found


def _to_iob(tags: Iterable[str], scheme: str) -> list[str]:
    """Writes the tags of another scheme with `B-` and `I-` alone, so that they mark the same spans."""
    if scheme == "none":
        return [tag if tag == "O" else f"I-{tag}" for tag in tags]
    written = []
    closed = False  # by the tag before
    for tag in tags:
        prefix = tag[0]
        written.append(tag if tag == "O" else ("B" if closed or prefix in "BSU" else "I") + tag[1:])
        closed = prefix in "ESLU"
    return written


def to_tags(found: Iterable[Span], length: int, scheme: str) -> list[str]:
    """Writes spans as tags, so that `spans` reads the same ones again.

    Args:
        found: Spans in their order, none overlapping another.
        length: Number of words of the sentence.
        scheme: `IOB2`, `IOB1`, or `IO`, for which touching spans of one label still get the `B-` of IOB1:
            without it they would be lost.
    """
    tags = ["O"] * length
    before = Span("", 0, 0)
    for span in found:
        touching = span.start == before.end and span.label == before.label
        tags[span.start : span.end] = [f"I-{span.label}"] * (span.end - span.start)
        if scheme == "IOB2" or touching:
            tags[span.start] = f"B-{span.label}"
        before = span
    return tags


def to_iob2(tags: Sequence[str], scheme: str) -> list[str]:
    """Converts the tags of a sentence to IOB2, so that tags in different schemes can be compared.

    Args:
        tags: Tags in `scheme`; or, whatever `scheme` is, in IOB1, IOB2 or IO.
        scheme: One of `SCHEMES`.
    """
    if scheme == "none":
        scheme, tags = "IO", [tag if is_tag(tag) else f"I-{tag}" for tag in tags]
    return to_tags(spans(tags, scheme), len(tags), "IOB2")


def is_tag(tag: str) -> bool:
    """Whether a tag is `O`, `B-X` or `I-X`: what files in CoNLL format hold."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def scheme_of(tags: Iterable[str]) -> str:
    """Detects the scheme of a model from its tags.

    Either all tags but `O` have a prefix, in upper case and before a hyphen, or none has. `B-` makes it `IOB2`
    (which a set can't tell from IOB1: `opens_with_i` can, of a model's answers), `I-` alone `IO`; `E-` and `S-`
    beside `B-` make it `IOBES`, `L-` and `U-` `BILOU`. Not every label needs every prefix: some are never longer
    than a word, or never touch.

    Args:
        tags: All tags of the model.

    Returns:
        One of `SCHEMES` but `IOB1`.

    Raises:
        InputError: Tags of several schemes, or one that may or may not have a prefix; the message names it.
    """
    named = list(dict.fromkeys(tag for tag in tags if tag != "O"))
    prefixed = [tag for tag in named if _PREFIXED.fullmatch(tag)]
    if not prefixed:
        for tag in filter(_DOUBTFUL.fullmatch, named):
            raise InputError(
                f"tag {tag!r}: expected one of the prefixes B-, I-, E-, S-, L-, U- and a label, or a label that can't "
                f"be taken for one with a prefix; {_WAY_OUT}"
            )
        return "none" if named else "IO"
    for tag in named:
        if not _PREFIXED.fullmatch(tag):
            raise InputError(
                f"tag {tag!r} beside {prefixed[0]!r}: expected one of the prefixes B-, I-, E-, S-, L-, U- in every tag "
                f"but O, or in none; {_WAY_OUT}"
            )
    return _scheme_of_prefixes(prefixed)


def opens_with_i(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether these tags, in IOB1 or IOB2, are in IOB1: of 20 spans or more, nine in ten open with `I-`.

    Args:
        sentences: A model's tags of each, one a word.
    """
    first = [tags[span.start][0] for tags in sentences for span in spans(tags)]
    return len(first) >= 20 and first.count("I") >= 0.9 * len(first)


def _scheme_of_prefixes(tags: Iterable[str]) -> str:
    first: dict[str, str] = {}  # tag with each prefix
    for tag in tags:
        first.setdefault(tag[0], tag)
    iobes, bilou = ([first[prefix] for prefix in prefixes if prefix in first] for prefixes in ("ES", "LU"))
    if iobes and bilou:
        raise InputError(
            f"tag {bilou[0]!r} beside {iobes[0]!r}: expected B-, I-, E-, S- (IOBES) or B-, I-, L-, U- (BILOU), not "
            "both; write the tags of one in --labels FILE"
        )
    if not (iobes or bilou):
        return "IOB2" if "B" in first else "IO"
    if "B" not in first:
        raise InputError(
            f"tag {(iobes or bilou)[0]!r}: expected tags with B- beside it, as IOBES and BILOU have, found none; "
            "write the tags in one of them, in IOB2 or in IO in --labels FILE"
        )
    return "IOBES" if iobes else "BILOU"
