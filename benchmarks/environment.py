"""Where a benchmark ran: what has to be known to compare its figures with others."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = tuple("onnxruntime tokenizers numpy onnx torch transformers optimum openvino nncf spacy seqeval".split())
_REPOSITORY = Path(__file__).resolve().parent.parent


def describe() -> dict[str, object]:
    """The machine, the software and the commit, for a benchmark's JSON; no host name and no path is in it."""
    cpu = _cpu()
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    return {
        "cpu": cpu.get("model name") or platform.machine(),
        "cpu_flags": sorted((cpu.get("flags") or cpu.get("Features") or "").split()),  # x86, Arm
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "commit": commit,
        "dirty": None if changes is None else changes != "",
    }


def _cpu() -> dict[str, str]:
    """What Linux says of the first core; nothing on other systems."""
    try:
        first, _, _ = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


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
