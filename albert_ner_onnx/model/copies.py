"""A model's files as bytes, for formats of other people's that carry a model along."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MANIFEST, MODEL, TOKENIZER, Manifest

_FILES: Final = (MODEL, TOKENIZER)


def read_files(folder: ModelFolder) -> dict[str, bytes]:
    """Reads and checks the files that a copy of a model needs.

    Returns:
        The content of each file, by its name in the copy, which is a plain folder whatever the model's own is. The
        manifest is the last: where it is written last, half a copy is no model.

    Raises:
        ModelError: A file is missing or damaged.
    """
    files = {name: folder.read(name) for name in _FILES}
    manifest = replace(folder.manifest, files={name: _sha256(data) for name, data in files.items()})
    return files | {MANIFEST: manifest.to_json().encode()}


@dataclass(frozen=True, slots=True)
class ModelInMemory(ModelFolder):
    """A model that came as bytes and was never on this machine's disk. Its path is only a name for messages.

    Attributes:
        files: The content of each of its files.
    """

    files: Mapping[str, bytes]

    @classmethod
    def open_files(cls, files: Any) -> Self:
        """Checks what `read_files` returned, after it was carried from somewhere.

        Raises:
            ModelError: A file is missing or damaged.
        """
        if not isinstance(files, dict) or not isinstance(files.get(MANIFEST), bytes):
            raise ModelError("the bytes hold no model; expected what the model was saved as")
        manifest = Manifest.from_json(files[MANIFEST])
        for name in _FILES:
            data = files.get(name)
            if not isinstance(data, bytes) or _sha256(data) != manifest.files.get(name):
                raise ModelError(f"{name} is missing or damaged in the bytes of {manifest.name}; save the model again")
        return cls(Path(manifest.name), manifest, files)

    def read(self, name: str) -> bytes:
        """Returns a file, which was checked when the model was opened."""
        return self.files[name]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
