"""The machine that a benchmark runs on, and the memory of this process."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from albert_ner_onnx import __version__

_DEPENDENCIES = ("onnxruntime", "tokenizers", "numpy")
_BOARD = Path("/proc/device-tree/model")  # of Arm boards, whose /proc/cpuinfo names no model


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What has to be known to compare figures with others. No host name is in it.

    Attributes:
        cpu: Model of the processor or board, as the system names it.
        cpu_flags: Extensions of its instruction set, sorted; empty where the system doesn't list them.
        cores: Cores of the machine, of which this process may be allowed fewer.
        system: Name of the system and of the instruction set.
        versions: Of Python, of this package and of what it needs.
    """

    cpu: str
    cpu_flags: tuple[str, ...]
    cores: int
    system: str
    versions: Mapping[str, str]

    def report(self) -> str:
        """The machine in two lines, without the flags."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.cpu}, {self.cores} cores, {self.system}\n{versions}"


def describe_machine() -> Machine:
    """Asks the system."""
    try:
        first_core, _, _ = Path("/proc/cpuinfo").read_text("utf-8").partition("\n\n")
    except OSError:  # no Linux
        first_core = ""
    pairs = (line.partition(":") for line in first_core.splitlines())
    cpu = {name.strip(): value.strip() for name, _, value in pairs}
    return Machine(
        cpu=cpu.get("model name") or _board() or platform.processor() or platform.machine(),
        cpu_flags=tuple(sorted((cpu.get("flags") or cpu.get("Features") or "").split())),  # x86, Arm
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        versions={
            "python": platform.python_version(),
            "albert-ner-onnx": __version__,
            **{name: version(name) for name in _DEPENDENCIES},
        },
    )


def _board() -> str:
    try:
        return _BOARD.read_text("utf-8").strip("\0\n ")
    except OSError:
        return ""


def resident_memory() -> int | None:
    """Bytes of this process in memory now; at their peak where the system isn't Linux, `None` where it doesn't say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return peak_memory()
    return int(pages) * os.sysconf("SC_PAGESIZE")


def peak_memory() -> int | None:
    """Most bytes of this process that were in memory at once so far; `None` where the system doesn't say.

    On Linux it is the process's own: `getrusage` would begin with what its parent had when it started it.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError):
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
