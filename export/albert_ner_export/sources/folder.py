"""A checkpoint's folder, as a reader sees it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from albert_ner_onnx.errors import ExportError


class Folder:
    """A folder whose files are read once, each with its checksum kept.

    Attributes:
        path: Where it is.
        sha256: Checksum of each file that was read, by name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether it has a file of that name."""
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        """Reads a file.

        Raises:
            ExportError: It can't be read.
        """
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise ExportError(
                f"{self.path / name}: can't be read ({error.strerror}); it is part of the checkpoint"
            ) from None
        self.sha256[name] = hashlib.sha256(data).hexdigest()
        return data

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a file that holds a JSON object.

        Raises:
            ExportError: It can't be read, or holds something else.
        """
        try:
            data = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise ExportError(f"{self.path / name}: not JSON ({error})") from None
        if not isinstance(data, dict):
            raise ExportError(f"{self.path / name}: must be a JSON object, found {type(data).__name__}")
        return data
