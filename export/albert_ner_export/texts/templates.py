"""Sentences made from templates: as much text as needed, the same on every machine.

`templates.txt` has sections. The first line of a section is its name in brackets; the other lines are its entries. The
entries of the section `Template` are sentences with fields:

- `{City}` is replaced by an entry of the section City, `{CITY}` by one in upper case, `{city}` by one in lower case.
- `{10-28}` is replaced by a whole number from 10 to 28.

No entry is used twice in a sentence: nobody flies from Lima to Lima.
"""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import cycle
from random import Random
from typing import Final

from albert_ner_onnx.text.words import split_words

_FIELD: Final = re.compile(r"\{(?:(?P<first>\d+)-(?P<last>\d+)|(?P<name>\w+))\}")


def generate(words: int, seed: int = 0) -> list[str]:
    """Fills in the templates, one after another and over again, until there are enough words.

    Args:
        words: The least number of words, as `split_words` counts them.
        seed: Seed of the random choices, which are the same in every version of Python.

    Returns:
        Sentences, each of them once. Asking for more words only adds sentences to the end of the list.
    """
    sections, random = read_sections(), Random(seed)
    sentences: dict[str, None] = {}  # an ordered set
    templates = cycle(sections["Template"])
    total = 0
    while total < words:
        sentence = _fill(next(templates), sections, random)
        if sentence not in sentences:
            sentences[sentence] = None
            total += len(split_words(sentence))
    return list(sentences)


def read_sections() -> dict[str, list[str]]:
    """Returns the entries of each section of `templates.txt`, by the name of the section."""
    sections: dict[str, list[str]] = {}
    for line in files(__package__).joinpath("templates.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            entries = sections[line[1:-1]] = []
        else:
            entries.append(line)
    return sections


def _fill(template: str, sections: dict[str, list[str]], random: Random) -> str:
    used = set()

    def draw(field: re.Match[str]) -> str:
        name = field["name"]
        if name is None:
            return str(int(field["first"]) + _below(int(field["last"]) - int(field["first"]) + 1, random))
        unused = [entry for entry in sections[name.capitalize()] if entry not in used]
        entry = unused[_below(len(unused), random)]
        used.add(entry)
        return entry.upper() if name.isupper() else entry.lower() if name.islower() else entry

    return _FIELD.sub(draw, template)


def _below(end: int, random: Random) -> int:
    """Draws a whole number from 0 to `end` - 1 with `random`, whose sequence Python promises never to change."""
    return int(random.random() * end)
