"""The tag grammar: how tags such as `B-PER` mark spans of words, read as conlleval reads them.

    IOB2   every span opens with `B-`
    IOB1   every span opens with `I-`, but for one that touches another of its label: that opens with `B-`
    IO     no `B-`; spans of one label that touch are one

One reading fits all three, and sequences that break their rules too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from albert_ner_onnx.errors import InputError


class Span(NamedTuple):
    """A half-open range of words, `words[span.start:span.end]`, and its label without prefix, such as `PER`."""

    label: str
    start: int
    end: int


def spans(tags: Sequence[str]) -> list[Span]:
    """Reads the spans that the tags of a sentence mark, in their order.

    `B-X` opens a span; so does `I-X` at the start, after `O` and after another label. Any other `I-X` continues one.

    Args:
        tags: One tag a word, each `O`, `B-X` or `I-X` (not checked here: `scheme_of` does it once for a whole set).
    """
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


def is_tag(tag: str) -> bool:
    """Whether a tag is `O`, `B-X` or `I-X`."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def scheme_of(tags: Iterable[str]) -> str:
    """Detects the scheme of a set of tags, such as a model's: `IOB2` if any has the prefix `B-`, else `IO`.

    Raises:
        InputError: A tag that is none of `O`, `B-X`, `I-X`.
    """
    scheme = "IO"
    for tag in tags:
        if not is_tag(tag):
            raise InputError(f"tag {tag!r}: expected O, B-X or I-X, with X a label such as PER")
        if tag[0] == "B":
            scheme = "IOB2"
    return scheme
