"""One run of the benchmarks: what it measures, with which data, and on which machine."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from albert_ner_onnx import default_model
from albert_ner_onnx.files.conll import ConllSentence, read_conll_documents
from albert_ner_onnx.machine import describe_machine

ROOT: Final = Path(__file__).parents[1]
DEFAULT_MODEL: Final = default_model()
_PACKAGES = (
    "onnxruntime tokenizers numpy onnx torch transformers optimum optimum-onnx openvino nncf spacy "
    "pyarrow pandas polars duckdb presidio_analyzer"
).split()
_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA = 158, 0x1023, 18


class NotRunError(Exception):
    """A suite, or a part of it, can't run here. The message is one line that says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a suite may use.

    Attributes:
        quick: Whether to check that everything works, with few texts and few rounds, rather than to measure.
        conll: A CoNLL file with gold tags, such as CoNLL-2003's eng.testa.
        checkpoint: Hugging Face folder of the model.
        model: The int8 model that was exported from the checkpoint.
        work: Folder for everything that takes long to make; a later run takes it from there.
        peers: Names of the peers to compare with; `None` for all.
    """

    quick: bool = False
    conll: Path | None = None
    checkpoint: Path = ROOT / "checkpoints" / DEFAULT_MODEL.name
    model: Path = DEFAULT_MODEL
    work: Path = ROOT / "build" / "benchmarks"
    peers: tuple[str, ...] | None = None

    @property
    def folder(self) -> Path:
        """Of the work folder, the part for what is made of the checkpoint."""
        return self.work / self.checkpoint.name

    def documents(self) -> list[list[ConllSentence]]:
        """Reads the CoNLL file.

        Raises:
            NotRunError: The run has none.
        """
        if self.conll is None:
            raise NotRunError("needs gold tags; give --conll FILE, such as CoNLL-2003's eng.testa")
        return read_conll_documents(self.conll)

    def say(self, line: str) -> None:
        """Tells the user what is being done."""
        print(line, file=sys.stderr, flush=True)


def describe_environment() -> dict[str, object]:
    """The machine, the software and the commit, without any host name or path."""
    machine = describe_machine()
    changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!*.md")
    return {
        "cpu": machine.cpu,
        "cpu_flags": list(machine.cpu_flags),
        "amx": _amx(machine.cpu_flags),
        "cores": machine.cores,
        "system": machine.system,
        "python": platform.python_version(),
        "packages": {each.name: each.version for each in distributions() if each.name in _PACKAGES},
        "commit": _git("rev-parse", "HEAD"),
        "changed": None if changes is None else changes != "",
    }


def _amx(cpu_flags: tuple[str, ...]) -> str:
    """Whether programs can use AMX: `absent`, `allowed` or, as under `.ci/without_amx.py`, `refused`."""
    if "amx_tile" not in cpu_flags:
        return "absent"
    granted = ctypes.CDLL(None).syscall(_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA) == 0
    return "allowed" if granted else "refused"


def _git(*arguments: str) -> str | None:
    """What git prints about this repository; `None` without git, a repository or a commit."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
