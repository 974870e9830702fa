"""How a model on the Hugging Face Hub is named: `owner/name`, or `owner/name@revision`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_HUB_ID = re.compile(r"(?P<repository>[a-zA-Z0-9][\w.-]*/[a-zA-Z0-9][\w.-]*)(@(?P<revision>[\w.-]+(/[\w.-]+)*))?", re.A)
_FILE = re.compile(r".*\.(zip|onnx|h5|bin|safetensors|index|pb|json)")


@dataclass(frozen=True, slots=True)
class HubId:
    """A model on the Hub.

    Attributes:
        repository: `owner/name`.
        revision: A branch, a tag or a commit; `None` for the main branch.
    """

    repository: str
    revision: str | None


def parse_hub_id(text: str) -> HubId | None:
    """Reads `owner/name` or `owner/name@revision`; returns `None` if the text isn't written like that."""
    match = _HUB_ID.fullmatch(text)
    return HubId(match["repository"], match["revision"]) if match else None


def is_hub_id(text: str) -> bool:
    """Whether a text is written like a model on the Hub, and is neither an existing path nor named like a file."""
    return parse_hub_id(text) is not None and not _FILE.fullmatch(text) and not Path(text).exists()
