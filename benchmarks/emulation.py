"""Other CPUs and other versions of the packages on one x86-64 Debian, with QEMU's user mode, apt-get and pip.

Nothing is installed outside the work folder, and a later run uses what is there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path
from typing import Literal

from benchmarks.run import ROOT

_RUNTIME = [line for line in requires("albert-ner-onnx") or () if ";" not in line]  # such as numpy>=1.26
_NAMES = [line.partition(">=")[0] for line in _RUNTIME]
_REQUIREMENTS = {
    "installed": [f"{name}=={version(name)}" for name in _NAMES],
    "oldest": [line.replace(">=", "==") for line in _RUNTIME],
    "newest": _NAMES,
}
# ONNX Runtime's cpuinfo crashes on an x86's /proc/cpuinfo; it asks QEMU, not this file, what the CPU can do.
_ARM64_CORE = (
    "processor\t: {}\nBogoMIPS\t: 100.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
    "CPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n"
)


class UnavailableError(RuntimeError):
    """An environment can't be made or run here. The message may name files and hosts, so keep it out of results."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Versions of the runtime's dependencies, and a CPU: QEMU's name of it, or `None` for this machine's own."""

    packages: Literal["installed", "oldest", "newest"] = "installed"
    cpu: str | None = None
    arm64: bool = False

    def run(self, work: Path, module: str, *arguments: str) -> str:
        """Runs `python -m module` there, from this checkout; returns what it prints.

        Raises:
            UnavailableError: The environment can't be made, or the module fails there.
        """
        python, site = [sys.executable], [ROOT]
        if self.arm64:
            root = _once(work / "arm64", _make_arm64)
            executable = root / "usr/bin/python3"
            python = ["-L", str(root), str(executable)]
            site.append(_arm64_packages(work, executable))
        elif self.packages != "installed":
            site.append(_packages(work / self.packages, self.packages))
        variables = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, site))}
        if self.cpu:
            emulator = _once(work / "qemu", _make_qemu) / ("qemu-aarch64" if self.arm64 else "qemu-x86_64")
            python = [str(emulator), "-cpu", self.cpu, *python]
            if not self.arm64:  # the vendor stays the host's, and NumPy's BLAS would take an AMD's own kernels
                variables["OPENBLAS_CORETYPE"] = self.cpu
        return _run([*python, "-W", "ignore", "-m", module, *arguments], variables)


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Makes a folder unless it is there; an unfinished one doesn't count."""
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return folder


def _make_qemu(folder: Path) -> None:
    """Takes the two emulators out of their Debian package."""
    for package in _download(folder / "apt", "amd64", "qemu-user-static"):
        _run(["dpkg-deb", "--extract", str(package), str(folder / "all")])
    for file in (folder / "all/usr/bin").glob("qemu-*"):
        if found := re.fullmatch(r"(qemu-(?:x86_64|aarch64))(?:-static)?", file.name):
            shutil.copy(file, folder / found[1])
    shutil.rmtree(folder / "all")
    shutil.rmtree(folder / "apt")


def _make_arm64(root: Path) -> None:
    """Unpacks a Python for arm64 and the libraries that it and the wheels need."""
    for package in _download(root / "apt", "arm64", "python3", "libstdc++6"):
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    if not (root / "lib").exists():  # from Debian 13 on, another package has this link
        (root / "lib").symlink_to("usr/lib")
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text("".join(_ARM64_CORE.format(core) for core in range(2)))
    shutil.rmtree(root / "apt")


def _download(folder: Path, architecture: str, *packages: str) -> list[Path]:
    """Downloads Debian packages and their dependencies, apart from the system's own lists and caches."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    architectures = [f"APT::Architecture={architecture}", f"APT::Architectures={architecture}"]
    apart = [f"Dir::State={folder}/state", f"Dir::State::status={folder}/status", f"Dir::Cache={folder}/cache"]
    settings = [*architectures, "APT::Install-Recommends=false", "APT::Sandbox::User=root", "Debug::NoLocking=true"]
    apt_get = ["apt-get", "-qq", "--yes", *(f"--option={setting}" for setting in [*settings, *apart])]
    _run([*apt_get, "update"])
    _run([*apt_get, "install", "--download-only", *packages])
    return sorted((folder / "cache/archives").glob("*.deb"))


def _arm64_packages(work: Path, python: Path) -> Path:
    """Installs the versions of this machine for arm64 and the Python that was unpacked."""
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37))]
    target = [f"--python-version={python.resolve().name.removeprefix('python')}"]
    target += [f"--platform={platform}" for platform in platforms]
    return _packages(work / " ".join(["arm64", *_REQUIREMENTS["installed"]]), "installed", *target)


def _packages(folder: Path, versions: str, *target: str) -> Path:
    """Installs the runtime's dependencies into a folder, without their own, which `import` doesn't need."""

    def install(unfinished: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--only-binary=:all:", f"--target={unfinished}", *target, *_REQUIREMENTS[versions]])

    return _once(folder, install)


def _run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    """Runs a command; returns what it prints."""
    try:
        return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
    except OSError as error:
        raise UnavailableError(f"{command[0]}: can't be run ({error.strerror}); use an x86-64 Debian") from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()] or ["it says nothing"]
        raise UnavailableError(f"{Path(command[0]).name}: exit status {error.returncode}: {lines[-1]}") from None
