"""The models on which peers are compared: the one that comes along, and random weights in other shapes."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from albert_ner_onnx import default_model
from benchmarks.peers import Settings
from benchmarks.sizes import in_a_process

_ROOT = Path(__file__).parents[2]
DEFAULT = "default"
MODELS = (DEFAULT, "base", "xlarge")


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint, our package of it, and the folder for the peers' files of it."""

    checkpoint: Path
    package: Path
    files: Path

    def settings(self, threads: int) -> Settings:
        """What peers of this model share."""
        return Settings(self.checkpoint, self.package, self.files, threads)


def prepare(name: str, work: Path) -> Model:
    """Makes a model, or takes what is in `work` already: our package is made anew when the exporter has changed.

    Args:
        name: One of `MODELS`.
        work: Folder that is kept from run to run.

    Raises:
        RuntimeError: The checkpoint or the package couldn't be made.
    """
    files = work.absolute() / name
    files.mkdir(parents=True, exist_ok=True)
    if name == DEFAULT:
        package = default_model()
        return Model(_ROOT / "checkpoints" / package.name, package, files)
    checkpoint, package = files / "checkpoint", files / f"package-{_exporter_state()}"
    if not (checkpoint / "model.safetensors").exists():
        _make("make_checkpoint", checkpoint, f"{name}-v2")
    if not package.exists():
        for old in files.glob("package-*"):
            shutil.rmtree(old)
        _make("export", checkpoint, str(package), "int8")
    return Model(checkpoint, package, files)


def _make(function: str, checkpoint: Path, *arguments: str) -> None:
    figures = in_a_process(function, str(checkpoint), *arguments)
    if "failed" in figures:
        raise RuntimeError(f"{checkpoint.parent.name}: {function} failed: {figures['failed']}")


def _exporter_state() -> str:
    """Changes with every file of the exporter."""
    digest = hashlib.sha256()
    for file in sorted((_ROOT / "export").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
