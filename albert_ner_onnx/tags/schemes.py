"""Tags -> spans: how tags such as `B-PER` mark spans of words, read as conlleval reads them.

    IOB2   every span opens with `B-`
    IOB1   every span opens with `I-`, unless it touches another one of its label; then it opens with `B-`
    IO     there is no `B-`; neighbouring spans of one label merge
    IOBES  `B-` opens a span, `E-` closes it, `S-` is a span of one word
    BILOU  the same, with `L-` for `E-` and `U-` for `S-` (spaCy calls it BILUO, others BIOES)
    none   labels without prefix; neighbouring spans of one label merge

One reading fits IOB2, IOB1 and IO; the other schemes are converted to it. It accepts every sequence, even one that
breaks the rules of its scheme.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from albert_ner_onnx.errors import InputError

_IOB = frozenset({"IOB2", "IO", "IOB1"})
SCHEMES = ("IOB2", "IO", "IOBES", "BILOU", "none", "IOB1")  # a set of tags can't tell IOB1 from IOB2
_PREFIXED = re.compile("[BIESLU]-.+", re.DOTALL)
# A single letter at either end, or alone, may be the prefix of another scheme: M-PER, b-per, B_PER, PER-B, B.
_DOUBTFUL = re.compile("[A-Za-z]?|[A-Za-z][-_:./|].*|.*[-_:./|][BIESLU]", re.DOTALL)
_WAY_OUT = "list all tags in --tags-file FILE, with a prefix on every tag but O; use I- where there is none"


class Span(NamedTuple):
    """A half-open range of words, `words[span.start:span.end]`, and its label without a prefix, such as `PER`."""

    label: str
    start: int
    end: int


def spans(tags: Sequence[str], scheme: str = "IOB2") -> list[Span]:
    """Reads the spans that the tags of a sentence mark, in order.

    `B-X` opens a span; so does `I-X` at the start, after `O` and after another label. Any other `I-X` continues one. In
    IOBES and BILOU, `E-` and `L-` read like `I-`, `S-` and `U-` read like `B-`, and all four end their span. conlleval
    reads tags this way, and so does seqeval unless it is strict.

    Args:
        tags: The tag of each word. They aren't checked here; `scheme_of` checks a model's whole set once.
        scheme: One of `SCHEMES`.
    """
    if scheme not in _IOB:
        tags = _to_iob(tags, scheme)
    found: list[Span] = []
    label, start = "", 0  # of the open span; an empty label means that none is open
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
    """Rewrites the tags of another scheme with `B-` and `I-` alone, so that they mark the same spans."""
    if scheme == "none":
        return [tag if tag == "O" else f"I-{tag}" for tag in tags]
    written = []
    closed = False  # whether the previous tag closed its span
    for tag in tags:
        prefix = tag[0]
        written.append(tag if tag == "O" else ("B" if closed or prefix in "BSU" else "I") + tag[1:])
        closed = prefix in "ESLU"
    return written


def to_tags(found: Iterable[Span], length: int, scheme: str) -> list[str]:
    """Writes spans as tags from which `spans` reads the same spans again.

    Args:
        found: Spans in order that don't overlap.
        length: Number of words in the sentence.
        scheme: `IOB2`, `IOB1` or `IO`. Even in IO, touching spans of one label get the `B-` of IOB1, as they would
            merge without it.
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


def span_tags(label: str, length: int, scheme: str, tag_set: Collection[str], *, touches: bool = False) -> list[str]:
    """Writes one span as the tags of its words, as a model with these tags would.

    Args:
        label: The span's label.
        length: Its number of words, 1 or more.
        scheme: One of `SCHEMES`.
        tag_set: The model's tags. If a prefix is missing for the label, the next best one stands in.
        touches: Whether the span touches another one of its label that stands before it; in IOB1 its tag tells.
    """
    if scheme == "none":
        return [label] * length

    def first_known(prefixes: str) -> str:
        return next((tag for prefix in prefixes if (tag := f"{prefix}-{label}") in tag_set), f"{prefixes[-1]}-{label}")

    opens_with_i = scheme == "IO" or (scheme == "IOB1" and not touches)
    if length == 1:
        return [first_known("IB" if opens_with_i else "SUBIEL")]
    opening, closing = first_known("IB" if opens_with_i else "BI"), first_known("ELI")
    return [opening, *[first_known("I")] * (length - 2), closing]


def fill_unread(
    tags: Sequence[str],
    read: Sequence[bool],
    tag_set: Collection[str],
    find_spans: Callable[[Sequence[str]], list[Span]],
) -> list[str]:
    """Tags the words that the model didn't read: inside a span if both sides are, otherwise `O`.

    Args:
        tags: The tags of words that were decided together; those of unread words are `O`.
        read: Whether the model read each word.
        tag_set: The model's tags; no other is given.
        find_spans: Reads the spans that tags mark.
    """
    filled = list(tags)
    before: int | None = None  # the last word that was read
    for index in range(len(tags)):
        if not read[index]:
            continue
        if before is not None and before + 1 < index:
            after = tags[index]
            inside = f"I{after[1:]}" if after[:2] in ("E-", "L-") else after
            both = [(span.start, span.end) for span in find_spans([tags[before], after])] == [(0, 2)]
            if both and inside in tag_set:
                filled[before + 1 : index] = [inside] * (index - before - 1)
        before = index
    return filled


def read_as_outside(tags: Iterable[str], ignored: Collection[str]) -> tuple[str, ...]:
    """Returns a model's tags as they are read: `O` for those that mark no entity, such as `[PAD]`."""
    return tuple("O" if tag in ignored else tag for tag in tags)


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
    """Whether a tag is `O`, `B-X` or `I-X`, as in files in CoNLL format."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def scheme_of(tags: Iterable[str]) -> str:
    """Detects the scheme of a model from its tags.

    Either every tag but `O` has a prefix, in upper case and followed by a hyphen, or none has. `B-` makes the scheme
    `IOB2`, and `I-` alone `IO`. `E-` and `S-` in addition to `B-` make it `IOBES`; `L-` and `U-` make it `BILOU`. Not
    every label needs every prefix: some are never longer than a word, or never touch. A set of tags can't tell IOB1
    from IOB2; `opens_with_i` can, from a model's answers.

    Args:
        tags: All tags of the model.

    Returns:
        One of `SCHEMES` but `IOB1`.

    Raises:
        InputError: The tags belong to several schemes, or one may or may not have a prefix. The message names it.
    """
    named = list(dict.fromkeys(tag for tag in tags if tag != "O"))
    prefixed = [tag for tag in named if _PREFIXED.fullmatch(tag)]
    if not prefixed:
        for tag in filter(_DOUBTFUL.fullmatch, named):
            raise InputError(
                f"tag {tag!r}: expected one of the prefixes B-, I-, E-, S-, L-, U- and a label, or a label that "
                f"doesn't look as if it had a prefix; {_WAY_OUT}"
            )
        return "none" if named else "IO"
    for tag in named:
        if not _PREFIXED.fullmatch(tag):
            raise InputError(
                f"tags {tag!r} and {prefixed[0]!r}: expected one of the prefixes B-, I-, E-, S-, L-, U- in every tag "
                f"but O, or in none; {_WAY_OUT}"
            )
    return _scheme_of_prefixes(prefixed)


def opens_with_i(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether these tags are in IOB1 rather than IOB2: there are at least 20 spans, and 90 % of them open with `I-`.

    Args:
        sentences: The tags that a model gives to the words of each sentence.
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
            f"tags {bilou[0]!r} and {iobes[0]!r}: expected B-, I-, E-, S- (IOBES) or B-, I-, L-, U- (BILOU), not both; "
            "list the tags of one scheme in --tags-file FILE"
        )
    if not (iobes or bilou):
        return "IOB2" if "B" in first else "IO"
    if "B" not in first:
        raise InputError(
            f"tag {(iobes or bilou)[0]!r}: expected tags with B- as well, as IOBES and BILOU have, found none; list "
            "the tags of one of these schemes, of IOB2 or of IO in --tags-file FILE"
        )
    return "IOBES" if iobes else "BILOU"
