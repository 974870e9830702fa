"""Untidy text: of the entities that the model finds in text as a newspaper prints it, how many it still finds.

The same sentences of a CoNLL file are set as people have them: with emphasis, notes and links at the names, wrapped,
quoted, escaped for HTML, with invisible characters. What is found in the tidy text is the measure, so a name that the
model doesn't know counts on neither side. Needs `--conll`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple

from albert_ner_onnx import Entity, EntityRecognizer, load
from albert_ner_onnx.text.words import split_words
from benchmarks.markdown import markdown, percent
from benchmarks.printed_text import print_words
from benchmarks.run import Run

_QUICK_DOCUMENTS = 3
_SOFT_HYPHEN = "\u00ad"
_SURE = 0.9  # the least score of a name that is put into a list, where it has no sentence around it
_LISTED = 20  # names of one list
_ENDS_IN_SMALL_LETTERS = re.compile(r".*[a-z]{2}\.", re.DOTALL)
_WORD_OF_A_SENTENCE = re.compile(r"[A-Z][a-z]+ ")


class Setting(NamedTuple):
    """How a sentence is set.

    Attributes:
        before: What stands before each name.
        after: What stands after it.
        char: What a character becomes.
        start: What stands at the start of the text.
    """

    before: str = ""
    after: str = ""
    char: Callable[[str], str] = str
    start: str = ""


_SETTINGS: Final[Mapping[str, Setting]] = {
    "`**Berlin**`": Setting("**", "**"),
    "`_Berlin_`": Setting("_", "_"),
    "`Berlin³`": Setting(after="³"),
    "`Berlin[3]`": Setting(after="[3]"),
    "`[Berlin](http://x.org)`": Setting("[", "](http://x.org)"),
    "escaped for HTML": Setting(char=lambda char: html.escape(char)),
    "`&nbsp;` for blanks": Setting(char=lambda char: "&nbsp;" if char == " " else char),
    "wrapped at every blank": Setting(char=lambda char: "\r\n" if char == " " else char),
    "quoted, wrapped at every blank": Setting(char=lambda char: "\n> " if char == " " else char, start="> "),
    "soft hyphens before `e`": Setting(char=lambda char: f"{_SOFT_HYPHEN}{char}" if char == "e" else char),
    "U+200E at blanks": Setting(char=lambda char: "\u200e \u200e" if char == " " else char),
    "U+FFFD at blanks": Setting(char=lambda char: " \ufffd " if char == " " else char),
}
_LISTS: Final = {"blank lines": "\n\n", "tabs": "\t", "four spaces": "    "}


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    documents = run.documents()[: _QUICK_DOCUMENTS if run.quick else None]
    texts = [print_words(sentence.words).text for sentence in chain.from_iterable(documents)]
    recognizer = load(run.model)
    tidy = recognizer.recognize_batch(texts)
    found = {}
    for name, setting in _SETTINGS.items():
        run.say(name)
        found[name] = _kept(recognizer, [set_text(*pair, setting) for pair in zip(texts, tidy, strict=True)])
    names = list(dict.fromkeys(entity.text for entity in chain.from_iterable(tidy) if entity.score > _SURE))
    return {
        "entities": sum(map(len, tidy)),
        "kept": found,
        "listed": len(names),
        "lists": {name: _listed(recognizer, names, border) for name, border in _LISTS.items()},
        "glued": _glued(texts),
    }


def set_text(text: str, entities: Sequence[Entity], setting: Setting) -> tuple[str, set[tuple[int, int, str]]]:
    """Sets a text. Also returns where its entities are then, and their labels."""
    starts, ends = ({getattr(entity, side) for entity in entities} for side in ("start", "end"))
    parts: list[str] = []
    begins, stops = {}, {}
    length = 0

    def add(part: str) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)

    add(setting.start)
    for index, char in enumerate(text):
        if index in starts:
            add(setting.before)
        set_char = setting.char(char)
        if index in starts:
            begins[index] = length + len(set_char) - len(set_char.lstrip(_SOFT_HYPHEN))  # no part of the name
        add(set_char)
        if index + 1 in ends:
            stops[index + 1] = length
            add(setting.after)
    return "".join(parts), {(begins[entity.start], stops[entity.end], entity.label) for entity in entities}


def _kept(recognizer: EntityRecognizer, texts: Sequence[tuple[str, set[tuple[int, int, str]]]]) -> float:
    """The share of expected entities that are found just there."""
    hits = total = 0
    for (_, expected), found in zip(texts, recognizer.recognize_batch([text for text, _ in texts]), strict=True):
        places = {(entity.start, entity.end, entity.label) for entity in found}
        hits += len(places & expected)
        total += len(expected)
    return round(hits / total, 5) if total else 1.0


def _listed(recognizer: EntityRecognizer, names: Sequence[str], border: str) -> float:
    """The share of names that are found, each as one entity, in lists of names."""
    lists = [names[start : start + _LISTED] for start in range(0, len(names), _LISTED)]
    hits = 0
    for listed, found in zip(lists, recognizer.recognize_batch(map(border.join, lists)), strict=True):
        texts = {entity.text for entity in found}
        hits += sum(name in texts for name in listed)
    return round(hits / len(names), 5) if names else 1.0


def _glued(texts: Iterable[str]) -> dict[str, Any]:
    """How many sentences that lack their blank are parted: `Berlin.The`."""
    pairs = [
        (first, second)
        for first, second in pairwise(texts)
        if _ENDS_IN_SMALL_LETTERS.fullmatch(first) and _WORD_OF_A_SENTENCE.match(second)
    ]
    parted = 0
    for first, second in pairs:
        starts = {word.start for word in split_words(first + second)}
        parted += {len(first) - 1, len(first)} <= starts
    return {"pairs": len(pairs), "parted": round(parted / len(pairs), 5) if pairs else 1.0}


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    rows = [[name, percent(share)] for name, share in figures["kept"].items()]
    lists = [[f"lists, {name} between names", percent(share)] for name, share in figures["lists"].items()]
    glued = figures["glued"]
    lists.append([f"sentences without a blank between them ({glued['pairs']:,} pairs)", percent(glued["parted"])])
    return {
        "names": markdown([f"{figures['entities']:,} entities", "still found, %"], rows),
        "texts": markdown([f"{figures['listed']:,} names", "parted rightly, %"], lists),
    }
