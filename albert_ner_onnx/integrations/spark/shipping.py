"""Where executors find the model: in a folder of their own, or in the file that the job brings along.

A shipped model is one zip file. The first worker of a machine that needs it unpacks it, under a lock, into a folder
that all workers of the same user share. Its manifest must have the checksum that the driver saw, and the manifest holds
the checksums of the other files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.model.folder import ModelFolder, default_model
from albert_ner_onnx.model.manifest import MANIFEST

with extra("spark", "the stages for Spark"):
    from pyspark import SparkFiles

try:
    import fcntl
except ModuleNotFoundError:  # Windows: workers may unpack at once, and the last one's folder stays
    fcntl = None  # type: ignore[assignment]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same model makes the same file


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where a model is.

    Attributes:
        path: Its folder on every executor; `None` for the default model.
        archive: The name of the file that the job ships instead; `None` for none.
        checksum: The sha256 of the manifest in that file.
    """

    path: str | None = None
    archive: str | None = None
    checksum: str | None = None

    def open(self) -> ModelFolder:
        """Opens the model on this machine.

        Raises:
            ModelError: It isn't there, or it is damaged.
        """
        if self.archive is None:
            return ModelFolder.open(default_model() if self.path is None else Path(self.path))
        assert self.checksum is not None
        return ModelFolder.open(unpack(Path(SparkFiles.get(self.archive)), self.checksum, shared_folder()))


def ship(session: Any, folder: ModelFolder) -> ModelPlace:
    """Adds a model to what a session sends to its executors, and returns where they find it.

    Args:
        session: A `SparkSession`, of Spark Connect or not.
        folder: The model on this machine.

    Raises:
        ModelError: A file of the model is missing or damaged.
    """
    manifest = (folder.path / MANIFEST).read_bytes()
    checksum = hashlib.sha256(manifest).hexdigest()
    path = Path(_outbox().name, f"albert-ner-{checksum}.zip")
    if not path.exists():  # Spark's executors fetch the file from this path, so it stays until this process ends
        files = {name: folder.read(name) for name in folder.manifest.files} | {MANIFEST: manifest}
        path.write_bytes(b"")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data)
    session.addArtifacts(str(path), file=True)
    return ModelPlace(archive=path.name, checksum=checksum)


@cache
def _outbox() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="albert-ner-ship-")


def shared_folder() -> Path:
    """Returns the folder of this machine where the workers of this user unpack models, and makes it.

    Raises:
        ModelError: Somebody else made it.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.getlogin()
    folder = Path(tempfile.gettempdir(), f"albert-ner-onnx-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != user):
        raise ModelError(f"{folder}: must be a folder of the user {user}, who unpacks models there; remove it")
    return folder


def unpack(archive: Path, checksum: str, root: Path) -> Path:
    """Unpacks a shipped model, unless another worker has, and returns its folder.

    Args:
        archive: The file that `ship` made.
        checksum: The sha256 of its manifest.
        root: The folder for the models of this machine.

    Raises:
        ModelError: The file is missing, damaged, or not the one that the driver sent.
    """
    folder = root / checksum
    with _locked(root / f"{checksum}.lock"):
        if not _is_whole(folder, checksum):  # nobody was here, or somebody was killed, or a file was removed
            shutil.rmtree(folder, ignore_errors=True)
            temporary = Path(tempfile.mkdtemp(dir=root))
            try:
                with zipfile.ZipFile(archive) as file:
                    file.extractall(temporary)
            except (OSError, zipfile.BadZipFile) as error:
                shutil.rmtree(temporary, ignore_errors=True)
                raise ModelError(
                    f"{archive}: the shipped model can't be unpacked ({error}); run the job again"
                ) from None
            temporary.rename(folder)
            if not _is_whole(folder, checksum):
                shutil.rmtree(folder, ignore_errors=True)
                raise ModelError(
                    f"{archive}: isn't the model that the driver sent, {checksum[:12]}…; run the job again"
                )
    return folder


def _is_whole(folder: Path, checksum: str) -> bool:
    try:
        if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() != checksum:
            return False
        model = ModelFolder.open(folder)
        for name in model.manifest.files:
            model.read(name)
    except (OSError, ModelError):
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:  # closing it gives the lock back, and so does the end of the process
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
