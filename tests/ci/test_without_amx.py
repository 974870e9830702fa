"""AMX is refused, and everything else about a command is as it was."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "without_amx.py"
# arch_prctl: ARCH_REQ_XCOMP_PERM for feature 18, the tile registers; ARCH_GET_FS, which every process may ask
ASK = """if True:
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    print(libc.syscall(158, 0x1023, 18), ctypes.get_errno())
    print(libc.syscall(158, 0x1003, ctypes.byref(ctypes.c_ulong())))
"""
ASK_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '''{ASK}'''], check=True)"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("without_amx", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *command], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("code", [ASK, ASK_IN_A_CHILD], ids=["command", "child"])
def test_amx_is_refused_and_other_calls_pass(script: ModuleType, code: str) -> None:
    if not script.needs_filter():
        pytest.skip("needs Linux on x86-64")
    done = run(sys.executable, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"-1 {errno.EPERM}", "0"]


def test_arguments_and_exit_status_are_the_commands() -> None:
    done = run(sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(7)", "a b", "--c")
    assert (done.returncode, done.stdout, done.stderr) == (7, "['a b', '--c']\n", "")


def test_elsewhere_the_command_runs_without_a_filter(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(script.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(script, "refuse_amx", lambda: pytest.fail("no filter is needed here"))
    monkeypatch.setattr(os, "execvp", lambda file, arguments: executed.append((file, arguments)))
    monkeypatch.setattr(sys, "argv", ["without_amx.py", "pytest", "-q"])
    script.main()
    assert executed == [("pytest", ["pytest", "-q"])]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([], "usage: without_amx.py COMMAND [ARGUMENT ...]\n"),
        (["no-such-program"], "without_amx.py: no-such-program: No such file or directory\n"),
    ],
)
def test_wrong_commands(command: list[str], message: str) -> None:
    done = run(*command)
    assert (done.returncode, done.stderr) == (1, message)
