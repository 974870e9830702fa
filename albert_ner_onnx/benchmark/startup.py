"""Start of a new process: the time to its first answer, part by part, and its memory.

    python -m albert_ner_onnx.benchmark.startup MODEL

is such a process. It prints one line of JSON after its first answer, with its times, and another one after all
sentences, with its memory.
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

_FEWEST_STARTS = 3


def sample_sentences() -> list[str]:
    """Reads the forty English sentences to measure with: news, sports, letters and chat, of 5 to 55 words."""
    return Path(__file__).with_name("sentences.txt").read_text("utf-8").splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """Medians over new processes, with the files in the system's cache.

    Attributes:
        starts: Number of processes.
        total_ms: Milliseconds from the start of the process to its first answer.
        import_ms: The part of `total_ms` that imports take: ONNX Runtime, NumPy, tokenizers and this package.
        load_ms: The part that loading the model takes.
        first_ms: The part that the first text takes.
        imported_bytes: Resident memory after the imports. It and the others are `None` if the system doesn't report it.
        loaded_bytes: Resident memory after the model is loaded.
        used_bytes: Resident memory after all sentences.
        peak_bytes: Largest resident memory of the process.
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
        """Tables of times and of memory for people to read."""
        python = self.total_ms - self.import_ms - self.load_ms - self.first_ms
        times = {"Python itself": python, "imports": self.import_ms, "model": self.load_ms, "first text": self.first_ms}
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


def measure_startup(model: Path, seconds: float) -> Startup:
    """Starts processes one after another until the time is over; the first one warms the caches and doesn't count.

    Args:
        model: A model folder.
        seconds: How long to go on; at least three processes count.

    Raises:
        InferenceError: A process failed.
    """
    _start(model)
    ends = time.perf_counter() + seconds
    found: list[dict[str, Any]] = []
    while len(found) < _FEWEST_STARTS or time.perf_counter() < ends:
        found.append(_start(model))
    medians = {name: _median([each[name] for each in found]) for name in found[0]}
    return Startup(starts=len(found), **medians)


def _median(values: Sequence[Any]) -> Any:
    """The lower median, which is one of the values, so that bytes stay whole; `None` if a value is missing."""
    return None if None in values else sorted(values)[(len(values) - 1) // 2]


def _start(model: Path) -> dict[str, Any]:
    """Runs one process and returns its figures."""
    import subprocess  # late, because the measured process doesn't need it

    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    started = time.perf_counter()
    with subprocess.Popen(
        # -P, because the working directory may contain a module with the name of an imported one.
        [sys.executable, "-P", "-m", "albert_ner_onnx.benchmark.startup", model],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,  # inherited, it would show a second traceback after an interrupt
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        encoding="utf-8",
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        total = round(1000 * (time.perf_counter() - started), 2)
        rest, errors = process.communicate()
    if process.returncode:
        reason = errors.strip().rpartition("\n")[2] or f"exit status {process.returncode}"
        raise InferenceError(f"{model}: a new process could not use it ({reason}); try `albert-ner info`")
    return {"total_ms": total, **json.loads(first), **json.loads(rest)}


def _probe(model: Path) -> None:
    """Loads a model, answers, and prints times and memory."""
    times = [time.perf_counter()]
    import albert_ner_onnx.recognizer  # here, because it is measured

    times.append(time.perf_counter())
    imported = resident_memory()
    recognizer = albert_ner_onnx.load(model)
    times.append(time.perf_counter())
    loaded = resident_memory()
    texts = sample_sentences()
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
