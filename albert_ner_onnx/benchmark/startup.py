"""What a new process takes before its first answer: time, by parts, and resident memory.

    python -m albert_ner_onnx.benchmark.startup PACKAGE

is such a process: it reports the first answer in a line of JSON, and its memory in a second one after all texts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from albert_ner_onnx.errors import InferenceError
from albert_ner_onnx.machine import peak_memory, resident_memory

_LEAST_STARTS = 3


def own_texts() -> list[str]:
    """Forty sentences of our own writing, of 5 to 55 words: news, sports, letters and chat."""
    return Path(__file__).with_name("sentences.txt").read_text("utf-8").splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """Medians over new processes with the package in the disk's cache. Times are in milliseconds, memory in bytes.

    Attributes:
        starts: Number of processes.
        total_ms: From the start of the process to its first answer.
        import_ms: Of that, importing what recognizing takes: ONNX Runtime, NumPy, tokenizers and this package.
        load_ms: Of that, loading the model package.
        first_ms: Of that, the first text.
        imported_bytes: Resident after the imports; this and the others are `None` where the system doesn't say.
        loaded_bytes: Resident after loading.
        used_bytes: Resident after all texts.
        peak_bytes: The most that was resident at once.
    """

    starts: int
    total_ms: float
    import_ms: float
    load_ms: float
    first_ms: float
    imported_bytes: int | None
    loaded_bytes: int | None
    used_bytes: int | None
    peak_bytes: int | None

    def report(self) -> str:
        """Two tables, of time and of memory."""
        python = self.total_ms - self.import_ms - self.load_ms - self.first_ms
        times = {"Python itself": python, "imports": self.import_ms, "package": self.load_ms, "a text": self.first_ms}
        sizes = {
            "after the imports": self.imported_bytes,
            "after loading": self.loaded_bytes,
            "after all sentences": self.used_bytes,
            "at the peak": self.peak_bytes,
        }
        return "\n".join(
            [
                f"start of a process, ms (median of {self.starts})",
                *(f"  {name:<32} {value:>9.1f}" for name, value in times.items()),
                f"  {'to the first answer':<32} {self.total_ms:>9.1f}",
                "",
                "resident memory, MB",
                *(f"  {name:<32} {_megabytes(value):>9}" for name, value in sizes.items()),
            ]
        )


def measure_startup(package: Path, seconds: float) -> Startup:
    """Starts processes one after another, the first one to warm up, until the time is over.

    Args:
        package: The folder of a model package.
        seconds: How long to go on; three processes count in any case.

    Raises:
        InferenceError: A process failed.
    """
    _start(package)
    ends = time.perf_counter() + seconds
    found: list[dict[str, Any]] = []
    while len(found) < _LEAST_STARTS or time.perf_counter() < ends:
        found.append(_start(package))
    medians = {name: _median([each[name] for each in found]) for name in found[0]}
    return Startup(starts=len(found), **medians)


def _median(values: Sequence[Any]) -> Any:
    """One of the values, so that bytes stay whole."""
    return None if None in values else sorted(values)[(len(values) - 1) // 2]


def _start(package: Path) -> dict[str, Any]:
    """The figures of one process."""
    import subprocess  # late, as the process that is measured doesn't need it

    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    started = time.perf_counter()
    with subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "albert_ner_onnx.benchmark.startup",
            package,
        ],  # a random.py in the folder is not meant
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,  # not ours, where an interrupt would show the traceback of two processes
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        encoding="utf-8",
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        total = round(1000 * (time.perf_counter() - started), 2)
        rest, errors = process.communicate()
    if process.returncode:
        reason = errors.strip().rpartition("\n")[2] or f"exit status {process.returncode}"
        raise InferenceError(f"{package}: a new process failed to use it ({reason}); try `albert-ner info`")
    return {"total_ms": total, **json.loads(first), **json.loads(rest)}


def _probe(package: Path) -> None:
    """Loads a package, answers, and reports."""
    times = [time.perf_counter()]
    import albert_ner_onnx.recognizer  # late: it is measured

    times.append(time.perf_counter())
    imported = resident_memory()
    recognizer = albert_ner_onnx.load(package)
    times.append(time.perf_counter())
    loaded = resident_memory()
    texts = own_texts()
    recognizer.recognize(texts[0])
    times.append(time.perf_counter())
    durations = [round(1000 * (after - before), 2) for before, after in pairwise(times)]
    print(json.dumps(dict(zip(("import_ms", "load_ms", "first_ms"), durations, strict=True))), flush=True)
    recognizer.recognize_batch(texts)
    sizes = {"imported_bytes": imported, "loaded_bytes": loaded, "used_bytes": resident_memory()}
    print(json.dumps(sizes | {"peak_bytes": peak_memory()}), flush=True)


def _megabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.1f}"


if __name__ == "__main__":
    _probe(Path(sys.argv[1]))
