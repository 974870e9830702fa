"""A model on disk: the folder that `albert-ner export` writes, as one value."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.manifest import MANIFEST, MODEL, Manifest


def default_model() -> Path:
    """Returns the folder of the model that comes with this package."""
    return Path(__file__).parents[1] / "models" / "albert-small-conll03"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder whose manifest has been read and checked.

    Attributes:
        path: Where it is.
        manifest: What it says about its model.
    """

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens a model folder.

        Raises:
            ModelError: There is no such folder, or its manifest can't be read.
        """
        if not path.is_dir():
            raise ModelError(f"{path}: no such folder; expected a model made by `albert-ner export`")
        try:
            text = _follow(path, MANIFEST).read_bytes()
        except FileNotFoundError:
            raise ModelError(f"{path}: has no {MANIFEST}; expected a model made by `albert-ner export`") from None
        except OSError as error:
            raise ModelError(f"{path / MANIFEST}: can't be read ({error.strerror}); {_way_out(path)}") from None
        try:
            return cls(path, Manifest.from_json(text))
        except ModelError as error:
            raise ModelError(f"{path / MANIFEST}: {error}; {_way_out(path)}") from None

    def read(self, name: str) -> bytes:
        """Reads a file and checks that its bytes are those that the exporter wrote.

        Args:
            name: `model.onnx`, wherever the manifest says that it is, or a name in the manifest's `files`.

        Raises:
            ModelError: It is missing, a link out of the folder, or its sha256 differs. A flipped bit in the weights
                would load without an error.
        """
        name = self.manifest.model_file if name == MODEL else name
        try:
            data = self.locate(name).read_bytes()
        except OSError as error:
            raise self.failure(f"{name}: can't be read ({error.strerror})") from None
        expected, found = self.manifest.files[name], hashlib.sha256(data).hexdigest()
        if found != expected:
            raise self.failure(f"{name}: damaged, expected sha256 {expected[:12]}…, found {found[:12]}…")
        return data

    def locate(self, name: str) -> Path:
        """Returns where a file of the folder really is, if there is one, following links.

        Raises:
            ModelError: A link leads out of the folder.
        """
        return _follow(self.path, name)

    def file_sizes(self) -> dict[str, int]:
        """Returns the size of each file in bytes, the manifest's included.

        Raises:
            ModelError: A file is missing.
        """
        try:
            return {name: (self.path / name).stat().st_size for name in (*self.manifest.files, MANIFEST)}
        except OSError as error:
            raise self.failure(f"{Path(error.filename).name}: can't be read ({error.strerror})") from None

    def failure(self, problem: object) -> ModelError:
        """Makes the error to raise when the model can't be used: it names the folder and the way out."""
        return ModelError(f"{self.path}: {problem}; {_way_out(self.path)}")


def _follow(folder: Path, name: str) -> Path:
    """Returns where a file of a model really is. Links may lead to other files of the model, but not out of it.

    A model may come from strangers, and a link in it could name any file of this machine. In a cache of the Hugging
    Face Hub each file is a link into the cache, which only huggingface_hub writes.

    Raises:
        ModelError: A link leads out of the folder.
    """
    root, file = (Path(os.path.realpath(path)) for path in (folder, folder / name))
    repository = hub_cache(folder)
    if not file.is_relative_to(root) and not (repository and file.is_relative_to(repository / "blobs")):
        raise ModelError(f"{folder}: {name}: a link out of the folder, to {file}; put the file itself there")
    return file


def hub_cache(folder: Path) -> Path | None:
    """Returns the repository's folder in a cache of the Hugging Face Hub if `folder` is one of its snapshots."""
    root = Path(os.path.realpath(folder))
    repository = root.parent.parent
    return repository if root.parent.name == "snapshots" and repository.name.startswith("models--") else None


def _way_out(path: Path) -> str:
    if path.absolute() == default_model():
        return "reinstall albert-ner-onnx"
    if repository := hub_cache(path):
        return f"remove {repository} to download it again"
    return "copy or export the model again"
