"""A model card: the README.md of a model. Its front matter names the model's licence and language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a card says about its model, each in one line; `None` if it doesn't say.

    Attributes:
        license: Licence of the weights.
        language: Language of the model; several are separated by commas.
    """

    license: str | None
    language: str | None


def read_card(path: Path) -> ModelCard:
    """Reads a card. Cards are optional: one that is missing or damaged says nothing, and raises no error."""
    card = _front_matter(path)
    return ModelCard(_one_line(card.get("license")), _one_line(card.get("language")))


def _front_matter(path: Path) -> dict[str, Any]:
    """Returns the YAML between the two lines `---` at the start of a card; empty if there is none."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        end = lines.index("---", 1) if lines[:1] == ["---"] else 0
        card = yaml.load("\n".join(lines[1:end]), yaml.BaseLoader)  # only strings: `no` is Norwegian, not False
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return card if isinstance(card, dict) else {}


def _one_line(value: Any) -> str | None:
    """Returns a value such as `en` or `[en, de]` as one string."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return " ".join(str(value).split()) or None if value is not None else None
