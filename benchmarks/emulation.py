"""Other processors and other versions of the packages on one x86-64 Debian, with QEMU's user mode, apt-get and pip.

Nothing is installed outside the working folder, and what is in there already is used again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path
from typing import Literal

_RUNTIME = [line for line in requires("albert-ner-onnx") or () if ";" not in line]  # such as numpy>=1.26
_NAMES = [line.partition(">=")[0] for line in _RUNTIME]
_REQUIREMENTS = {
    "installed": [f"{name}=={version(name)}" for name in _NAMES],
    "oldest": [line.replace(">=", "==") for line in _RUNTIME],
    "newest": _NAMES,
}
# cpuinfo, in ONNX Runtime, crashes on an x86's /proc/cpuinfo. It takes the features from what QEMU says, not from here.
_ARM64_CORE = """processor\t: {}
BogoMIPS\t: 100.00
Features\t: fp asimd
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""


class UnavailableError(RuntimeError):
    """An environment that can't be made or run here. One line; it may name files and hosts, so keep it out of JSON."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A processor and versions of the packages.

    Attributes:
        packages: Versions of the runtime's dependencies: those installed here, or the oldest or newest that it takes.
        cpu: QEMU's name of the processor; `None` for this machine's own.
        arm64: Whether that is a 64-bit Arm, not an x86-64.
    """

    packages: Literal["installed", "oldest", "newest"] = "installed"
    cpu: str | None = None
    arm64: bool = False

    def run(self, work: Path, code: Path, module: str, *arguments: str) -> str:
        """Runs a module there, as `python -m` does.

        Args:
            work: Where to put what it takes, or to find it.
            code: The folder that its packages are imported from; else it has the runtime's dependencies only.
            module: Its dotted name.
            arguments: Its arguments.

        Returns:
            What it wrote to its standard output.

        Raises:
            UnavailableError: The environment can't be made, or the module fails there.
        """
        python, site = self._prepare(work)
        paths = os.pathsep.join(str(path) for path in (code, *site))
        command = [*python, "-W", "ignore", "-m", module, *arguments]
        variables = {"PYTHONPATH": paths}
        if self.cpu and not self.arm64:  # the vendor stays the host's, and NumPy's BLAS would take an AMD's own kernels
            variables["OPENBLAS_CORETYPE"] = self.cpu
        return _run(command, code, os.environ | variables)

    def _prepare(self, work: Path) -> tuple[list[str], list[Path]]:
        """The command that starts its Python, and where its packages are if not where ours are."""
        if self.arm64:
            root = _once(work / "arm64", _make_arm64)
            python = root / "usr/bin/python3"
            return [*self._emulator(work), "-L", str(root), str(python)], [_arm64_packages(work, python)]
        site = [_packages(work / self.packages, self.packages)] if self.packages != "installed" else []
        return [*self._emulator(work), sys.executable], site

    def _emulator(self, work: Path) -> list[str]:
        if self.cpu is None:
            return []
        emulators = _once(work / "qemu", _make_qemu)
        return [str(emulators / ("qemu-aarch64" if self.arm64 else "qemu-x86_64")), "-cpu", self.cpu]


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Makes a folder unless it is there; one that isn't finished doesn't count."""
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return folder


def _make_qemu(folder: Path) -> None:
    """Takes the two emulators out of their package, which is ten times their size."""
    for package in _download(folder / "apt", "amd64", "qemu-user-static"):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpacking:
            with tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive:
                for member in archive:
                    found = re.fullmatch(r"\./usr/bin/(qemu-(?:x86_64|aarch64))(?:-static)?", member.name)
                    if found and (content := archive.extractfile(member)):
                        (folder / found[1]).write_bytes(content.read())
                        (folder / found[1]).chmod(0o755)
    shutil.rmtree(folder / "apt")


def _make_arm64(root: Path) -> None:
    """Unpacks a Python for arm64 and the libraries that it and the wheels need."""
    packages = _download(root / "apt", "arm64", "python3", "libstdc++6")
    for package in packages:
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    if not (root / "lib").exists():  # from Debian 13 on, packages leave this link to base-files
        (root / "lib").symlink_to("usr/lib")
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text("".join(_ARM64_CORE.format(core) for core in range(2)))
    shutil.rmtree(root / "apt")


def _download(folder: Path, architecture: str, *packages: str) -> list[Path]:
    """Downloads Debian packages and those that they depend on, with lists and caches apart from the system's."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
    }
    apt_get = ["apt-get", "-qq", "--yes", *(f"--option={name}={value}" for name, value in settings.items())]
    _run([*apt_get, "update"])
    _run([*apt_get, "install", "--download-only", *packages])
    return sorted((folder / "cache/archives").glob("*.deb"))


def _arm64_packages(work: Path, python: Path) -> Path:
    """Installs the same versions as here for arm64, and the Python that was unpacked."""
    # Every glibc from the oldest that wheels are made for to that of Debian 12
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37))]
    target = [f"--python-version={python.resolve().name.removeprefix('python')}"]
    target += [f"--platform={platform}" for platform in platforms]
    return _packages(work / " ".join(["arm64", *_REQUIREMENTS["installed"]]), "installed", *target)


def _packages(folder: Path, versions: str, *target: str) -> Path:
    """Installs the runtime's dependencies, and not theirs, which `import` doesn't need, into a folder."""

    def install(unfinished: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        wheels = ["--no-deps", "--only-binary=:all:", f"--target={unfinished}", *target]
        _run([*pip, *wheels, *_REQUIREMENTS[versions]])

    return _once(folder, install)


def _run(command: Sequence[str], folder: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Runs a command; returns what it wrote to its standard output."""
    try:
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    except OSError as error:
        raise UnavailableError(
            f"{command[0]}: can't be run ({error.strerror}); use an x86-64 Debian with apt-get and pip"
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else "it says nothing"
        raise UnavailableError(f"{Path(command[0]).name}: exit status {done.returncode}: {reason}")
    return str(done.stdout)
