"""Signals that end a process, sent while the reference runs: no child process and no folder is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import toy

# The child says that it runs by a file, and then waits
CHILD = """
import os, sys, time
if len(sys.argv) > 2 and "albert_ner_export" in " ".join(sys.orig_argv):
    open(os.environ["STARTED"], "w").write(str(os.getpid()))
    time.sleep(600)
"""


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(path: Path) -> str:
    for _ in range(1200):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.1)
    raise AssertionError(f"{path} hasn't come in two minutes")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_leaves_no_child_and_no_folder(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    source = toy.write_checkpoint(tmp_path / "toy")
    for folder in ("start", "temporary", "outs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(CHILD)
    paths = [str(tmp_path / "start"), *(path for path in sys.path if path)]
    variables = {
        "TMPDIR": str(tmp_path / "temporary"),
        "STARTED": str(tmp_path / "started"),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    command = [sys.executable, "-m", "albert_ner_onnx", "export", str(source), str(tmp_path / "outs" / "out")]
    before = signal.signal(number, signal.SIG_DFL if name != "SIGINT" else signal.default_int_handler)
    process = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(number, before)
    try:
        child = int(wait_for(tmp_path / "started"))
        assert list((tmp_path / "temporary").iterdir())
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out) == (128 + number, b"")
    assert b"Traceback" not in err
    assert not is_alive(child)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert list((tmp_path / "outs").iterdir()) == []
