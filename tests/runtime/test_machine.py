from __future__ import annotations

import builtins
import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx.machine import _quotas, available_cores, describe_machine, resident_memory

RASPBERRY_PI = {
    "/proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd crc32\nCPU part\t: 0xd08\n\nprocessor\t: 1\nFeatures\t: x\n",
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
}
PC = {"/proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: sse avx2 avx\n\nprocessor\t: 1\n"}


def give_files(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    def read_text(path: Path, *options: object) -> str:
        try:
            return files[str(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    monkeypatch.setattr(Path, "read_text", read_text)


@pytest.mark.parametrize(
    ("files", "cpu", "flags"),
    [
        (PC, "Some CPU @ 2 GHz", ("avx", "avx2", "sse")),
        (RASPBERRY_PI, "Raspberry Pi 4 Model B Rev 1.4", ("asimd", "crc32", "fp")),
        ({}, platform.processor() or platform.machine(), ()),
    ],
)
def test_cpu(monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cpu: str, flags: tuple[str, ...]) -> None:
    versions = describe_machine().versions
    monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)  # it reads files, too
    give_files(monkeypatch, files)
    found = describe_machine()
    assert (found.cpu, found.cpu_flags) == (cpu, flags)


def test_this_machine() -> None:
    found = describe_machine()
    assert found.cores == os.cpu_count()
    assert found.versions["python"] == platform.python_version()
    assert all(found.versions[name] == version(name) for name in ("onnxruntime", "tokenizers", "numpy"))
    lines = found.report().splitlines()
    assert lines[0] == f"{found.cpu}, {found.cores} cores, {platform.system()} {platform.machine()}"
    assert f"numpy {np.__version__}" in lines[1]


def test_memory_follows_what_is_held() -> None:
    """In a process of its own, as others' garbage may go meanwhile; the kernel's counters may be 1 MB late."""
    code = """if True:
        import numpy as np
        from albert_ner_onnx.machine import peak_memory, resident_memory
        found = [resident_memory()]
        held = np.ones(8_000_000)
        found += [resident_memory(), peak_memory()]
        del held
        print(*found, resident_memory(), peak_memory())
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    before, during, peak, after, last_peak = map(int, done.stdout.split())
    assert during - before == pytest.approx(64e6, abs=2e6)
    assert after == pytest.approx(before, abs=2e6)
    assert min(peak, last_peak) >= during - 1e6
    assert max(peak, last_peak) <= during + 20e6


@pytest.mark.parametrize(("system", "unit"), [("linux", 1024), ("darwin", 1)])
def test_memory_without_proc(monkeypatch: pytest.MonkeyPatch, system: str, unit: int) -> None:
    give_files(monkeypatch, {})
    monkeypatch.setattr(sys, "platform", system)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = resident_memory()
    assert found
    assert before <= found / unit <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_memory_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "resource":
            raise ModuleNotFoundError(name)
        return imported(name, *rest)

    give_files(monkeypatch, {})
    monkeypatch.setattr(builtins, "__import__", refuse)
    assert resident_memory() is None


V1 = {"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}
V2_LINE, V1_LINES = "0::/\n", "5:memory:/\n4:cpu,cpuacct:/\n"


@pytest.mark.parametrize(
    ("groups", "files", "quotas"),
    [
        (V2_LINE, {}, []),
        (V2_LINE, {"cpu.max": "max 100000\n"}, []),
        (V2_LINE, {"cpu.max": "50000 100000\n"}, [0.5]),
        (V2_LINE, {"cpu.max": "250000 100000\n"}, [2.5]),
        (V2_LINE, {"cpu.max": "nonsense\n"}, []),
        (V2_LINE, {"cpu.max": "1 0\n"}, []),
        ("0::/a.slice/b\n", {"a.slice/cpu.max": "200000 100000\n", "a.slice/b/cpu.max": "max 100000\n"}, [2.0]),
        ("0::/a/b\n", {"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "300000 100000\n"}, [3.0, 1.0]),
        ("0::/not/mounted/here\n", {"cpu.max": "300000 100000\n"}, [3.0]),
        (V1_LINES, V1, [1.5]),
        (V1_LINES, V1 | {"cpu/cpu.cfs_quota_us": "-1\n"}, []),
        (V1_LINES, {"cpu/cpu.cfs_quota_us": "150000\n"}, []),
        ("5:memory:/\n", V1, []),
        ("", {"cpu.max": "50000 100000\n"}, []),
    ],
)
def test_the_quotas_around_a_process(tmp_path: Path, groups: str, files: dict[str, str], quotas: list[float]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    assert list(_quotas(tmp_path, groups)) == quotas


@pytest.mark.parametrize(
    ("quotas", "cores"), [([], 8), ([0.5], 1), ([1.0], 1), ([2.5], 3), ([64.0], 8), ([4.0, 1.5], 2)]
)
def test_cores_follow_affinity_and_quota(monkeypatch: pytest.MonkeyPatch, quotas: list[float], cores: int) -> None:
    monkeypatch.setattr("albert_ner_onnx.machine._quotas", lambda root, groups: iter(quotas))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert available_cores() == cores


def test_without_affinity_the_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albert_ner_onnx.machine._quotas", lambda root, groups: iter(()))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert available_cores() == 6


def test_other_systems_have_no_control_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    give_files(monkeypatch, {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2}, raising=False)
    assert available_cores() == 3
