"""The machine that this process runs on: its processor, the cores that it may use, and its memory."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from albert_ner_onnx.version import __version__

_DEPENDENCIES = ("onnxruntime", "tokenizers", "numpy")
_BOARD = Path("/proc/device-tree/model")  # Arm boards state their name here; their /proc/cpuinfo has no model name

# --- Cores ------------------------------------------------------------------------------------------------------------


def available_cores() -> int:
    """Counts the cores that this process may use, within its CPU affinity and the CPU quota of its control groups."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:  # not Linux
        return cores
    return max(1, min([cores, *(math.ceil(quota) for quota in _quotas(Path("/sys/fs/cgroup"), groups))]))


def _quotas(root: Path, groups: str) -> Iterator[float]:
    """Yields the CPU quota, in cores, of each control group that contains this process.

    Args:
        root: Where control groups are mounted. In a container this is the container's own group.
        groups: The content of `/proc/self/cgroup`. Each line is `number:controllers:path` and describes one hierarchy;
            version 2 leaves the controllers empty.
    """
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "cpu" if controllers else root
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top) and (quota := _read_quota(folder)) is not None:
                yield quota


def _read_quota(group: Path) -> float | None:
    """Reads the quota of one control group, in cores; `None` if it has none."""
    try:
        quota, period = (group / "cpu.max").read_text().split()  # version 2, where "max" means no limit
    except (OSError, ValueError):
        try:
            quota = (group / "cpu.cfs_quota_us").read_text()  # version 1, where -1 means no limit
            period = (group / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None


# --- Processor and versions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a reader needs to compare figures with those of another machine. It holds no host name.

    Attributes:
        cpu: Name of the processor or board, as the system gives it.
        cpu_flags: Instruction set extensions, sorted; empty where the system doesn't list them.
        cores: Cores of the machine. This process may be allowed fewer.
        system: Operating system and instruction set.
        versions: Versions of Python, this package and its dependencies.
    """

    cpu: str
    cpu_flags: tuple[str, ...]
    cores: int
    system: str
    versions: Mapping[str, str]

    def report(self) -> str:
        """Describes the machine in two lines, without the flags."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.cpu}, {self.cores} cores, {self.system}\n{versions}"


def describe_machine() -> Machine:
    """Describes this machine from what the system says."""
    from importlib.metadata import version  # late: it is slow, and recognizers don't need it

    try:
        first_core, _, _ = Path("/proc/cpuinfo").read_text("utf-8").partition("\n\n")
    except OSError:  # not Linux
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


# --- Memory -----------------------------------------------------------------------------------------------------------


def resident_memory() -> int | None:
    """Returns the bytes of this process in memory; its peak outside Linux, `None` where the system doesn't say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return peak_memory()
    return int(pages) * os.sysconf("SC_PAGESIZE")


def peak_memory() -> int | None:
    """Returns the most bytes that this process had in memory so far; `None` where the system doesn't say.

    On Linux this reads `VmHWM`, because `getrusage` starts from the memory of the parent process.
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
