"""How many instructions a call takes with fixed scales and with dynamic ones: `python -m benchmarks.instructions`.

Times of two graphs that are so much alike differ by less than a machine's noise; instructions are the same each time.
valgrind counts them, on the processor that it shows to programs, an x86-64 with AVX2 and nothing newer. They are no
times: one that waits for memory counts as much as any other.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session, available_cores
from benchmarks.accuracy import CHECKPOINT
from benchmarks.dynamic_graph import dynamic_graph
from benchmarks.environment import describe
from benchmarks.markdown import markdown
from benchmarks.quantization import DYNAMIC, OURS, SHAPES

RESULT = Path(__file__).parent / "results" / "instructions.json"
_CALLS = (2, 4)  # the first one also makes what is kept; what these two differ by is two calls
_SAME_EACH_TIME = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}


def count(model: Path, shape: str) -> int:
    """Instructions of one call.

    Raises:
        SystemExit: valgrind is missing, or can't run this Python.
    """
    fewer, more = (_count_calls(model, shape, calls) for calls in _CALLS)
    return round((more - fewer) / (_CALLS[1] - _CALLS[0]))


def _count_calls(model: Path, shape: str, calls: int) -> int:
    """Instructions of a process that loads a model and calls it so often."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("valgrind is missing; install it, on Debian with apt-get install valgrind")
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        command = [
            valgrind,
            "--tool=callgrind",
            f"--callgrind-out-file={profile}",
            sys.executable,
            "-m",
            "benchmarks.instructions",
        ]
        command += ["--call", str(model), shape, str(calls)]
        done = subprocess.run(command, env=os.environ | _SAME_EACH_TIME, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"valgrind can't count {model.name}: {done.stderr.strip().splitlines()[-1]}")
    return total(done.stderr)


def total(report: str) -> int:
    """The number of instructions in what valgrind's callgrind says at its end."""
    found = re.search(r"Collected : (\d+)", report)
    if found is None:
        raise SystemExit(f"valgrind named no number of instructions in {report[-200:]!r}")
    return int(found[1])


def call(model: Path, shape: str, calls: int) -> None:
    """What is counted."""
    session = Session(model.read_bytes(), 1)
    ids = np.random.default_rng(0).integers(1000, 30000, tuple(map(int, shape.split("×"))))
    for _ in range(calls):
        session.run(ids)


def measure() -> dict[str, dict[str, int]]:
    """Instructions of one call, by shape and by graph."""
    checkpoint = read_checkpoint(CHECKPOINT)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(available_cores()) as pool:
        models = {OURS: default_model() / MODEL, DYNAMIC: Path(folder) / "dynamic.onnx"}
        onnx.save(
            dynamic_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors)), models[DYNAMIC]
        )
        started = {
            shape: {name: pool.submit(count, model, shape) for name, model in models.items()} for shape in SHAPES
        }
        return {shape: {name: found.result() for name, found in of.items()} for shape, of in started.items()}


def table(shapes: Mapping[str, Mapping[str, int]]) -> str:
    """The figures in Markdown."""
    rows = [[name, *(f"{found[name] / 1e6:.1f}" for found in shapes.values())] for name in (OURS, DYNAMIC)]
    rows.append(["the first over the second", *(f"{found[OURS] / found[DYNAMIC]:.3f}" for found in shapes.values())])
    return markdown(["million instructions of a call", *shapes], rows)


def main() -> None:
    """Counts, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument(
        "--call", nargs=3, metavar=("MODEL", "SHAPE", "CALLS"), help="what the counted process is given"
    )
    arguments = parser.parse_args()
    if arguments.call:
        model, shape, calls = arguments.call
        call(Path(model), shape, int(calls))
        return
    record: dict[str, Any] = {"shapes": measure(), "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(record["shapes"]))


if __name__ == "__main__":
    main()
