"""How time and memory grow: with the length of a text, with the number of texts streamed, and with cores.

    python -m benchmarks.scaling [--quick | --long] [--output FILE]

Each point is a process of its own, so that its peak of memory is, too: it loads the embedded default, reads our own
text to warm up, and then the point's. Growth is fitted to the time of the CPU, which other processes change less than
the clock's, and must be linear; memory must stay within bounds that `faults` derives. `--long` goes on to 10 MB and a
million texts, which takes most of an hour. Writes `results/scaling.json`, and with the extra `benchmark` draws it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.machine import peak_memory, resident_memory
from albert_ner_onnx.model.session import available_cores
from albert_ner_onnx.recognizer import PREFETCHED_TEXTS
from benchmarks.environment import describe
from benchmarks.markdown import markdown
from benchmarks.scaling_plot import plot

RESULT = Path(__file__).parent / "results" / "scaling.json"
LENGTHS = (1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000)  # characters
COUNTS = (1_000, 4_000, 20_000, 100_000)  # texts
LONG_LENGTHS, LONG_COUNTS = (*LENGTHS, 4_000_000, 10_000_000), (*COUNTS, 1_000_000)
QUICK_LENGTHS, QUICK_COUNTS = LENGTHS[2:5], (250, 1_000, 4_000)  # shorter texts fill no batch: no line in so few
TOLERANCE = 0.1  # of an exponent: over a factor of 1000, a factor of 2
# What a word of a text in work takes, in bytes: the word itself, a tuple of 80 with a string of 56 and two offsets of
# 32; eight references to it, to its text, pieces and tag, of 8 each; one and a half pieces and a bound of 8 each; its
# tag as a number of 8; and logits, exponentials, their shifted values, probabilities and a copy of these, 9 tags of 4
# each. Twice that, for windows, sentences and entities, which are fewer than words, and for what allocators keep free.
BYTES_A_WORD = 2 * (80 + 56 + 2 * 32 + 8 * 8 + 20 + 8 + 5 * 9 * 4)
_WARM_UP = 500  # texts, and characters of one
_WORTH_TIMING = 0.5  # seconds; what is shorter is done again
_CORES_TEXTS = 2_000  # for each point of the curves of cores


def read_length(recognizer: EntityRecognizer, characters: int) -> int:
    """Reads one text of our own sentences; returns the number of its words."""
    whole = " ".join(own_corpus().held_out) + " "
    return len(recognizer.analyze((whole * (1 + characters // len(whole)))[:characters]).words)


def read_texts(recognizer: EntityRecognizer, count: int) -> int:
    """Streams texts from a generator, and keeps nothing; returns the number of their words."""
    texts = islice(cycle(own_corpus().held_out), count)
    return sum(len(document.words) for document in recognizer.analyze_stream(texts))


_CURVES: dict[str, Callable[[EntityRecognizer, int], int]] = {"length": read_length, "texts": read_texts}


def probe(curve: str, size: int) -> dict[str, Any]:
    """A point of growth, measured in this process: words, times, and resident memory before and at its peak."""
    recognizer = load()
    for read in (read_texts, read_length):
        read(recognizer, _WARM_UP)
    loaded = resident_memory()
    times: list[tuple[float, float]] = []
    while sum(seconds for seconds, _ in times) < _WORTH_TIMING:
        clock, cpu = time.perf_counter(), time.process_time()
        words = _CURVES[curve](recognizer, size)
        times.append((time.perf_counter() - clock, time.process_time() - cpu))
    seconds, cpu_seconds = map(min, zip(*times, strict=True))
    return {
        "size": size,
        "words": words,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(cpu_seconds, 4),
        "loaded_bytes": loaded,
        "peak_bytes": peak_memory(),
    }


def probe_cores(mode: str, cores: int) -> dict[str, Any]:
    """Speed on some of the cores, measured in this process.

    Args:
        mode: `threads` for as many in each call of the model, `calls` for as many calls at once, the default.
        cores: How many this process may use.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    recognizer = load(threads=cores if mode == "threads" else None)
    read_texts(recognizer, _WARM_UP)
    started = time.perf_counter()
    words = read_texts(recognizer, _CORES_TEXTS)
    seconds = time.perf_counter() - started
    return {"cores": cores, "seconds": round(seconds, 3), "words_per_second": round(words / seconds)}


def in_a_process(function: str, *arguments: str | int) -> dict[str, Any]:
    """Runs a function of this file in a new process.

    Raises:
        SystemExit: It failed; its own message has been printed.
    """
    print(function, *arguments, file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.scaling", "--run", function, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{function} {arguments}: exit status {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def exponent(points: Sequence[Mapping[str, Any]], figure: str) -> float:
    """The power of the size that a figure grows with: the slope of a least-squares line through its logarithms."""
    sizes, values = ([float(point[name]) for point in points] for name in ("size", figure))
    return round(float(np.polyfit(np.log(sizes), np.log(values), 1)[0]), 3)


def faults(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """What isn't as it must be.

    From the point in the middle to the last one memory may grow by `BYTES_A_WORD` for each word more that is held:
    those of a longer text, but of a longer stream no more than those of the texts that it reads ahead.
    """
    found = []
    for name, points in curves.items():
        power = exponent(points, "cpu_seconds")
        if abs(power - 1) > TOLERANCE:
            found.append(f"{name}: time grows with the power {power} of it, expected 1 ± {TOLERANCE}")
        middle, last = points[len(points) // 2], points[-1]
        words = last["words"] - middle["words"]
        if name == "texts":
            words = math.ceil(PREFETCHED_TEXTS * last["words"] / last["size"])
        grown = (last["peak_bytes"] or 0) - (middle["peak_bytes"] or 0)
        if grown > BYTES_A_WORD * words:
            found.append(
                f"{name}: memory grows by {grown / 1e6:.1f} MB from {middle['size']:,} to {last['size']:,}, "
                f"expected {BYTES_A_WORD * words / 1e6:.1f} MB at most"
            )
    return found


def measure(sizes: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """All figures, and what is wrong with them."""
    curves = {name: [in_a_process("probe", name, size) for size in found] for name, found in sizes.items()}
    every = range(1, available_cores() + 1)
    cores = {mode: [in_a_process("probe_cores", mode, number) for number in every] for mode in ("threads", "calls")}
    exponents = {
        name: {figure: exponent(points, figure) for figure in ("cpu_seconds", "seconds")}
        for name, points in curves.items()
    }
    return {"growth": curves, "exponents": exponents, "cores": cores, "faults": faults(curves)}


def table(record: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    titles = {"length": "characters of a text", "texts": "texts of a stream"}
    blocks = []
    for name, points in record["growth"].items():
        header = [titles[name], "words", "s", "of the CPU", "µs of the CPU a word", "resident, MB", "at the peak"]
        rows = []
        for point in points:
            cpu, sizes = point["cpu_seconds"], (point["loaded_bytes"], point["peak_bytes"])
            row = [f"{point['size']:,}", f"{point['words']:,}", f"{point['seconds']:.2f}", f"{cpu:.2f}"]
            row.append(f"{1e6 * cpu / point['words']:.0f}")
            rows.append(row + ["unknown" if size is None else f"{size / 1e6:.0f}" for size in sizes])
        blocks.append(markdown(header, rows))
    modes = {"threads": "as many threads in a call", "calls": "as many calls at once (the default)"}
    cores = [str(point["cores"]) for point in record["cores"]["calls"]]
    rows = [
        [modes[mode], *(f"{point['words_per_second']:,}" for point in points)]
        for mode, points in record["cores"].items()
    ]
    blocks.append(markdown(["words a second, by cores", *cores], rows))
    return "\n\n".join(blocks)


def main() -> None:
    """Measures, writes and draws; fails if growth is not what it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="three lengths, to 256,000 characters, and to 4,000 texts")
    extent.add_argument("--long", action="store_true", help="go on to 10 MB and a million texts")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        function, kind, size = arguments.run
        print(json.dumps({"probe": probe, "probe_cores": probe_cores}[function](kind, int(size))))
        return
    sizes = {"length": LENGTHS, "texts": COUNTS}
    if arguments.quick:
        sizes = {"length": QUICK_LENGTHS, "texts": QUICK_COUNTS}
    elif arguments.long:
        sizes = {"length": LONG_LENGTHS, "texts": LONG_COUNTS}
    record = measure(sizes)
    arguments.output.write_text(json.dumps(record | {"environment": describe()}, indent=2) + "\n")
    print(table(record))
    plot(arguments.output)
    if record["faults"]:
        raise SystemExit("\n".join(record["faults"]))


if __name__ == "__main__":
    main()
