"""Where a benchmark ran: what has to be known to compare its figures with others."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from albert_ner_onnx.machine import describe_machine

_PACKAGES = tuple("onnxruntime tokenizers numpy onnx torch transformers optimum openvino nncf spacy seqeval".split())
_REPOSITORY = Path(__file__).resolve().parent.parent


def describe() -> dict[str, object]:
    """The machine, the software and the commit, for a benchmark's JSON; no host name and no path is in it."""
    machine = describe_machine()
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    return {
        "cpu": machine.cpu,
        "cpu_flags": list(machine.cpu_flags),
        "cores": machine.cores,
        "system": machine.system,
        "python": machine.versions["python"],
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "commit": commit,
        "dirty": None if changes is None else changes != "",
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """What git prints of the repository; None without git, a repository or a commit."""
    try:
        done = subprocess.run(["git", *arguments], cwd=_REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
