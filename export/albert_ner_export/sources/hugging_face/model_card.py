"""A model card: the README.md beside a model, whose front matter says its licence and language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a card says of its model, each in one line, or `None`.

    Attributes:
        license: Licence of the weights.
        language: Their language, or several with commas between.
    """

    license: str | None
    language: str | None


def read_card(path: Path) -> ModelCard:
    """Reads a card. As it is an extra, one that is absent or damaged says nothing, and is no error."""
    card = _front_matter(path)
    return ModelCard(_one_line(card.get("license")), _one_line(card.get("language")))


def _front_matter(path: Path) -> dict[str, Any]:
    """The YAML between the `---` lines that open a card; empty if there is none."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        end = lines.index("---", 1) if lines[:1] == ["---"] else 0
        card = yaml.load("\n".join(lines[1:end]), yaml.BaseLoader)  # strings alone: `no` is Norwegian
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return card if isinstance(card, dict) else {}


def _one_line(value: Any) -> str | None:
    """A front matter's `en` or `[en, de]` as one string."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return " ".join(str(value).split()) or None if value is not None else None
