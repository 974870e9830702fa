"""Sentences made of templates: text in any amount, the same for everyone.

`templates.txt` has sections. A section's head is its name in brackets, its other lines are its entries. The section
`Template` has sentences with fields:

- `{City}` stands for an entry of the section City, `{CITY}` for one in upper case, `{city}` for one in lower case;
- `{10-28}` stands for a whole number from 10 to 28.

No entry stands twice in a sentence: nobody flies from Lima to Lima.
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
    """Fills the templates in turn, again and again, until there are enough words.

    Args:
        words: How many words there shall be at least, as `split_words` counts them.
        seed: What the choices depend on. They are the same with every version of Python.

    Returns:
        Sentences, none twice. Fewer words make the beginning of the list that more words make.
    """
    sections, random = read_sections(), Random(seed)
    sentences: dict[str, int] = {}  # and the number of their words
    templates = cycle(sections["Template"])
    total = 0
    while total < words:
        sentence = _fill(next(templates), sections, random)
        if sentence not in sentences:
            sentences[sentence] = len(split_words(sentence))
            total += sentences[sentence]
    return list(sentences)


def read_sections() -> dict[str, list[str]]:
    """The entries of each section of `templates.txt`, by the section's name."""
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
    """A whole number from 0 to `end` - 1, by the one method whose sequence Python promises never to change."""
    return int(random.random() * end)
