"""Runs as processes of their own: killed, interrupted, without room, or without a reader."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import albert_ner_onnx
from toy_models import INT8

LINES = 4000  # four chunks
LIMIT = """
import os, resource, runpy
limit = os.path.getsize("expected.jsonl") * 3 // 5
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("albert_ner_onnx", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    words = ["John", "lives", "in", "Berlin", "Mary", "xyz", "Zürich"]
    lines = [" ".join(words[(number + step * step) % 7] for step in range(4)) for number in range(LINES)]
    (folder / "texts.txt").write_text("\n".join(lines), "utf-8")
    status, err = end(start(folder, "-o", "expected.jsonl"))
    assert status == 0, err
    return folder


def command(*argv: str) -> list[str]:
    return ["run", "texts.txt", "--model", str(INT8), *argv]


def start(
    folder: Path, *argv: str, program: tuple[str, ...] = ("-m", "albert_ner_onnx"), stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(albert_ner_onnx.__file__).parents[1])}
    # Shells start background jobs with this signal ignored, and the process would inherit that
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, *program, *command(*argv)],
        cwd=folder,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    return process


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Waits for a process, and for all others that hold its standard error open: its children."""
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        if condition() or process.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("nothing happened for a minute")


def chunks_done(folder: Path, name: str) -> int:
    try:
        found: int = json.loads((folder / f"{name}.partial.json").read_bytes())["chunks"]
    except FileNotFoundError:
        return 0
    return found


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_run_that_is_killed_again_and_again_gives_the_same_bytes(folder: Path, processes: str) -> None:
    out = folder / f"killed{processes}.jsonl"
    draw = random.Random(int(processes))
    for attempt in range(4):
        process = start(folder, "-o", out.name, "--resume", "--processes", processes)
        # Somewhere in the next chunk, but at the third attempt at the latest from the start on
        before = chunks_done(folder, out.name)
        if attempt % 3 < 2:
            wait_until(lambda: chunks_done(folder, out.name) > before, process)  # noqa: B023
        time.sleep(draw.random() * 0.3)
        process.kill()
        status, err = end(process)
        assert status in (0, -signal.SIGKILL)
        assert "error" not in err.replace("0 errors", "")  # it may have been killed behind its summary
        if out.exists() and not (folder / f"{out.name}.partial.json").exists():
            break
    else:
        assert end(start(folder, "-o", out.name, "--resume"))[0] == 0
    assert out.read_bytes() == (folder / "expected.jsonl").read_bytes()
    assert not list(folder.glob(f"{out.name}.*"))


def test_ctrl_c_leaves_what_can_be_resumed(folder: Path) -> None:
    out = "interrupted.jsonl"
    process = start(folder, "-o", out, "--processes", "2")
    wait_until(lambda: chunks_done(folder, out) > 0, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    assert end(process) == (130, "interrupted; go on with --resume\n")
    assert end(start(folder, "-o", out, "--resume"))[0] == 0
    assert (folder / out).read_bytes() == (folder / "expected.jsonl").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_a_killed_child_is_one_error(folder: Path) -> None:
    process = start(folder, "-o", "orphan.jsonl", "--processes", "2")
    wait_until(lambda: chunks_done(folder, "orphan.jsonl") > 0, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    spawned = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(spawned) == 2
    os.kill(int(spawned[0]), signal.SIGKILL)
    status, err = end(process)
    assert status == 1
    assert err.count("\n") == 1
    assert " of 2 was killed by signal 9, as a system does" in err
    assert end(start(folder, "-o", "orphan.jsonl", "--resume"))[0] == 0
    assert (folder / "orphan.jsonl").read_bytes() == (folder / "expected.jsonl").read_bytes()


def test_without_room_it_stops_and_can_be_resumed(folder: Path) -> None:
    """A limit on the size of files is what any user can set up like a full disk."""
    pytest.importorskip("resource")
    status, err = end(start(folder, "-o", "full.jsonl", program=("-c", LIMIT)))
    assert status == 1
    assert err == "albert-ner: error: full.jsonl.partial: File too large; what is written so far can be resumed\n"
    assert 0 < chunks_done(folder, "full.jsonl") < 4
    assert end(start(folder, "-o", "full.jsonl", "--resume"))[0] == 0
    assert (folder / "full.jsonl").read_bytes() == (folder / "expected.jsonl").read_bytes()


def test_a_closed_pipe_is_quiet(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start(folder, "--processes", "2", stdout=write)
    os.close(write)
    assert end(process) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        process = start(folder, stdout=full.fileno())
        assert end(process) == (1, "albert-ner: error: No space left on device\n")


def test_only_what_a_run_needs_is_imported(folder: Path) -> None:
    program = """
import sys
import albert_ner_onnx.runs
unwanted = {"pyarrow", "pandas", "polars", "zstandard", "tqdm", "torch", "transformers", "huggingface_hub"}
print(*sorted(unwanted & sys.modules.keys()), file=sys.stderr)
"""
    assert end(start(folder, program=("-c", program))) == (0, "\n")
