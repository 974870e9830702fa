"""Runs from files to files: memory by the size of the input, runs that were killed and resumed, and speed.

Memory and kills are measured with a tiny model, which reads 200 MB in minutes: both depend on what is read and written,
not on what the model says. Speed is that of the default model, beside `recognize_batch`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from albert_ner_export.texts.corpus import own_corpus
from benchmarks.child import QUIET
from benchmarks.markdown import markdown
from benchmarks.models import random_model
from benchmarks.run import ROOT, Run
from benchmarks.turns import ratios, take_turns

TINY: Final = {
    "embedding_size": 32,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
OUTPUTS: Final[Mapping[str, tuple[str, ...]]] = {  # by name, the arguments that make it
    "jsonl": ("-o", "out.jsonl"),
    "parquet": ("-o", "out.parquet"),
    "html": ("-o", "out.html"),
    "redact": ("-o", "out.txt", "--to", "redact", "--numbered", "--mapping", "mapping.jsonl"),
}
REFERENCE: Final = "recognize_batch"
_MEGABYTES, _QUICK_MEGABYTES = (2, 20, 200), (0.1, 0.2)
_KILLS, _QUICK_KILLS = 50, 2
_LINES, _QUICK_LINES = 20_000, 3_000  # of the runs that are killed
_TEXTS, _QUICK_TEXTS = 4_000, 40
_ROUNDS, _QUICK_ROUNDS = 5, 1
_SCRIPT = """import sys, albert_ner_onnx
texts = open("texts.txt", encoding="utf-8").read().splitlines()
albert_ner_onnx.load(sys.argv[1]).recognize_batch(texts)"""
_COMMAND = (sys.executable, "-W", "ignore", "-m", "albert_ner_onnx", "run")


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    _, tiny = random_model(run, TINY, run.work / "tiny")
    with tempfile.TemporaryDirectory() as folder:
        return {
            "memory": [
                _memory(run, tiny, Path(folder), size) for size in (_QUICK_MEGABYTES if run.quick else _MEGABYTES)
            ],
            "kills": _kill_and_resume(run, tiny, Path(folder)),
            "speed": _speed(run, Path(folder)),
        }


def _write_lines(file: Path, *, lines: int | None = None, megabytes: float | None = None) -> None:
    """Writes so many of the project's own sentences, over and over again, each with its number."""
    written = 0
    with file.open("w", encoding="utf-8") as stream:
        for number, sentence in enumerate(cycle(own_corpus().held_out)):
            if number == lines or (megabytes is not None and written >= 1e6 * megabytes):
                return
            written += len(f"{number} {sentence}\n".encode())
            stream.write(f"{number} {sentence}\n")


# --- Memory -----------------------------------------------------------------------------------------------------------


def _memory(run: Run, model: Path, folder: Path, megabytes: float) -> dict[str, Any]:
    """A run over a file of this size: seconds, and the most memory that its process had."""
    run.say(f"memory: {megabytes} MB")
    _write_lines(folder / "memory.txt", megabytes=megabytes)
    started = time.perf_counter()
    # Random weights find entities everywhere; without them, only texts are written, as with a real model
    arguments = ["memory.txt", "-o", "memory.jsonl", "--model", str(model), "--min-score", "1", "--overwrite"]
    process = _start(arguments, folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a run over {megabytes} MB ended with status {process.returncode}")
    return {
        "megabytes": megabytes,
        "seconds": round(time.perf_counter() - started, 2),
        "peak_bytes": 1024 * usage.ru_maxrss,
    }


# --- Kills ------------------------------------------------------------------------------------------------------------


def _kill_and_resume(run: Run, model: Path, folder: Path) -> dict[str, Any]:
    """Kills a run at a random moment, resumes it, and compares its output with that of a run that wasn't killed."""
    _write_lines(folder / "killed.txt", lines=_QUICK_LINES if run.quick else _LINES)
    chance = random.Random(0)
    names = list(OUTPUTS)
    whole = {name: _undisturbed(name, model, folder) for name in names}
    kills: list[dict[str, Any]] = []
    for number in range(_QUICK_KILLS if run.quick else _KILLS):
        name = names[number % len(names)]
        expected, seconds = whole[name]
        after = chance.uniform(0, seconds)
        killed = _killed(name, model, folder, after)
        resumed = _finish(name, model, folder, "--resume")
        kills.append({"output": name, "after": round(after, 3), "killed": killed, "equal": resumed == expected})
        run.say(f"kill {number + 1}: {kills[-1]}")
    return {
        "lines": _QUICK_LINES if run.quick else _LINES,
        "seconds": {name: round(seconds, 2) for name, (_, seconds) in whole.items()},
        "tried": len(kills),
        "killed_before_the_end": sum(kill["killed"] for kill in kills),
        "equal_to_the_byte": sum(kill["equal"] for kill in kills),
        "kills": kills,
    }


def _undisturbed(name: str, model: Path, folder: Path) -> tuple[str, float]:
    """The checksum of a whole run's files, and its seconds."""
    started = time.perf_counter()
    digest = _finish(name, model, folder)
    return digest, time.perf_counter() - started


def _finish(name: str, model: Path, folder: Path, *more: str) -> str:
    """Runs to the end; returns the checksum of the files, and removes them."""
    process = _start(["killed.txt", *OUTPUTS[name], "--model", str(model), *more], folder)
    if process.wait():
        raise RuntimeError(f"a run to {name} ended with status {process.returncode}")
    digest = hashlib.sha256()
    for file in sorted(folder.glob("out.*")) + sorted(folder.glob("mapping.*")):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
        file.unlink()
    return digest.hexdigest()


def _killed(name: str, model: Path, folder: Path, after: float) -> bool:
    """Starts a run and kills it after so many seconds; returns whether it was still running."""
    process = _start(["killed.txt", *OUTPUTS[name], "--model", str(model)], folder)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    for file in (*folder.glob("out.*"), *folder.glob("mapping.*")):  # done before the kill: nothing to resume
        file.unlink()
    return False


# --- Speed ------------------------------------------------------------------------------------------------------------


def _speed(run: Run, folder: Path) -> dict[str, Any]:
    """Whole processes from file to file, beside a script that reads the file and keeps nothing."""
    count = _QUICK_TEXTS if run.quick else _TEXTS
    _write_lines(folder / "texts.txt", lines=count)
    texts = (folder / "texts.txt").read_text("utf-8").splitlines()
    with (folder / "texts.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": text}) + "\n" for text in texts)

    command = partial(_run_seconds, run.model, folder)
    ways: dict[str, Callable[[], float]] = {
        REFERENCE: partial(_seconds, [sys.executable, "-c", _SCRIPT, str(run.model)], folder),
        "lines to JSON Lines": partial(command, "texts.txt", "-o", "speed.jsonl"),
        "JSON Lines to Parquet": partial(command, "texts.jsonl", "-o", "speed.parquet"),
        "lines to a redacted file": partial(command, "texts.txt", "-o", "speed.txt", "--to", "redact"),
        "lines to JSON Lines, two processes": partial(command, "texts.txt", "-o", "speed.jsonl", "--processes", "2"),
    }
    run.say(f"speed: {count} texts")
    taken = take_turns(ways, _QUICK_ROUNDS if run.quick else _ROUNDS, warm_up=0 if run.quick else 1)
    return {"texts": count, "ways": ratios(taken, REFERENCE)}


def _run_seconds(model: Path, folder: Path, *arguments: str) -> float:
    return _seconds([*_COMMAND, *arguments, "--model", str(model), "--overwrite"], folder)


def _seconds(command: Sequence[str], folder: Path) -> float:
    """How long a new process takes."""
    started = time.perf_counter()
    if status := _open(command, folder).wait():
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return time.perf_counter() - started


def _start(arguments: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    return _open([*_COMMAND, *arguments], folder)


def _open(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | QUIET | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "export")))}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere)


# --- Tables -----------------------------------------------------------------------------------------------------------


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    memory = [
        [f"{each['megabytes']:g} MB", f"{each['peak_bytes'] / 1e6:.0f}", f"{each['seconds']:.0f}"]
        for each in figures["memory"]
    ]
    kills, speed = figures["kills"], figures["speed"]
    killed = [
        ["runs", f"{kills['tried']}"],
        ["killed before their end", f"{kills['killed_before_the_end']}"],
        ["the same bytes after `--resume`", f"{kills['equal_to_the_byte']}"],
    ]
    ways = [
        [name, f"{speed['texts'] / each['median']:,.0f}", f"{1 / each['ratio']:.2f}"]
        for name, each in speed["ways"].items()
    ]
    return {
        "memory": markdown(["text", "peak of memory, MB", "s"], memory),
        "kills": markdown(["", ""], killed),
        "speed": markdown(["", "texts per second", f"speed, in that of `{REFERENCE}`"], ways),
    }
