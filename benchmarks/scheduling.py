"""How calls of the model are best shared out: at once or threads in each, size of batches, ONNX Runtime's arena.

    python -m benchmarks.scheduling [--quick] [--output FILE]

The embedded default reads our own text in `recognize_batch`, and one sentence after another. Each variant is a process
of its own, for its memory's sake; they take turns. The variants are settings of the runtime that its users don't see.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx import load
from albert_ner_onnx.benchmark.startup import own_texts
from albert_ner_onnx.machine import resident_memory
from albert_ner_onnx.model import classifier as inference
from albert_ner_onnx.model.session import available_cores, open_session
from benchmarks.environment import describe
from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown

RESULT = Path(__file__).parent / "results" / "scheduling.json"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "calls at once, batches of 128 pieces, no arena (the default)": {"at_once": True, "pieces": 128, "arena": False},
    "64 pieces": {"at_once": True, "pieces": 64, "arena": False},
    "256 pieces": {"at_once": True, "pieces": 256, "arena": False},
    "512 pieces": {"at_once": True, "pieces": 512, "arena": False},
    "with the arena": {"at_once": True, "pieces": 128, "arena": True},
    "512 pieces, with the arena": {"at_once": True, "pieces": 512, "arena": True},
    "threads in a call, with the arena (`threads=`)": {"at_once": False, "pieces": 128, "arena": True},
    "512 pieces, threads in a call, with the arena": {"at_once": False, "pieces": 512, "arena": True},
    "threads in a call, no arena": {"at_once": False, "pieces": 128, "arena": False},
}
_DEFAULT = next(iter(VARIANTS))
_TEXTS = 600
_CALLS = 3  # of `recognize_batch` in a process, and rounds of single sentences
_ROUNDS, _QUICK_ROUNDS = 3, 1


def probe(at_once: bool, pieces: int, arena: bool) -> dict[str, float]:
    """A variant's figures, measured in this process: seconds, milliseconds of a sentence, and growth of memory."""

    def session(model: bytes, threads: int = 1, *, concurrent: bool = False) -> Any:
        return open_session(model, threads, concurrent=not arena)

    texts = own_corpus().held_out[:_TEXTS]
    before = resident_memory()
    with patch("albert_ner_onnx.model.session.open_session", session), patch.object(inference, "_BATCH_PIECES", pieces):
        recognizer = load(threads=None if at_once else available_cores())
        recognizer.recognize_batch(texts)
        after = resident_memory()
        seconds = min(_timed(partial(recognizer.recognize_batch, texts)) for _ in range(_CALLS))
        single = [_timed(partial(recognizer.recognize, text)) for _ in range(_CALLS) for text in own_texts()]
    grown = 0 if before is None or after is None else after - before
    return {"seconds": seconds, "sentence": float(np.median(single)), "grown_bytes": grown}


def _timed(call: Any) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def in_a_process(variant: str) -> dict[str, float]:
    """The figures of a variant, from a new process.

    Raises:
        CalledProcessError: It failed; why is printed.
    """
    command = [sys.executable, "-m", "benchmarks.scheduling", "--run", variant]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def measure(rounds: int) -> dict[str, Any]:
    """By variant: what `compare` says of `texts` and of a `sentence`, in seconds, and the least growth of memory."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}

    def ask(name: str) -> float:
        found[name].append(in_a_process(name))
        return found[name][-1]["seconds"]

    texts = compare(interleave({name: partial(ask, name) for name in VARIANTS}, rounds, warm_up=0), _DEFAULT)
    sentence = compare({name: [each["sentence"] for each in runs] for name, runs in found.items()}, _DEFAULT)
    return {
        name: {
            "texts": texts[name],
            "sentence": sentence[name],
            "grown_bytes": min(each["grown_bytes"] for each in runs),
        }
        for name, runs in found.items()
    }


def table(record: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    header = ["", "time for texts", "quartiles", "time for a sentence", "quartiles", "memory grows by, MB"]
    rows = []
    for name, found in record["variants"].items():
        row = [name]
        for what in ("texts", "sentence"):
            low, high = found[what]["ratio_quartiles"]
            row += [f"{found[what]['ratio']:.2f}", f"{low:.2f}–{high:.2f}"]
        rows.append([*row, f"{found['grown_bytes'] / 1e6:.0f}"])
    return markdown(header, rows)


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="each variant once")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--run", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(probe(**VARIANTS[arguments.run])))
        return
    variants = measure(_QUICK_ROUNDS if arguments.quick else _ROUNDS)
    record = {"variants": variants, "quick": arguments.quick, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(record))


if __name__ == "__main__":
    main()
