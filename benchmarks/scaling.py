"""How time and memory grow: with the length of one text and with the number of texts in a stream.

Every point is a process of its own, so that its peak of memory is its own, too. It loads the model, reads some texts
to warm up, and then the point's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, Final

import numpy as np

from albert_ner_export.texts.corpus import own_corpus
from albert_ner_onnx import EntityRecognizer, load
from albert_ner_onnx.machine import peak_memory, resident_memory
from benchmarks.child import call_in_child
from benchmarks.markdown import markdown
from benchmarks.run import Run

LENGTHS: Final = (4_000, 16_000, 64_000, 256_000, 1_000_000)
COUNTS: Final = (1_000, 4_000, 20_000, 100_000)
_QUICK_LENGTHS, _QUICK_COUNTS = (500, 2_000), (50, 200)
_WARM_UP = 200  # texts, and characters of one


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    sizes = {
        "length": _QUICK_LENGTHS if run.quick else LENGTHS,
        "texts": _QUICK_COUNTS if run.quick else COUNTS,
    }
    curves = {}
    for curve, points in sizes.items():
        run.say(f"{curve}: {', '.join(map(str, points))}")
        curves[curve] = [call_in_child(__name__, "probe", str(run.model), curve, size) for size in points]
    exponents = {curve: exponent(points) for curve, points in curves.items()}
    return {"curves": curves, "exponents": exponents}


def exponent(points: Sequence[Mapping[str, Any]]) -> float:
    """The power of the size that CPU time grows with: the slope of a line through the logarithms."""
    sizes, seconds = ([float(point[name]) for point in points] for name in ("size", "cpu_seconds"))
    return round(float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]), 3)


def read_length(recognizer: EntityRecognizer, characters: int) -> int:
    """Reads one text of this length, of the project's own sentences; returns the number of its words."""
    whole = " ".join(own_corpus().held_out) + " "
    return len(recognizer.analyze((whole * (1 + characters // len(whole)))[:characters]).words)


def read_texts(recognizer: EntityRecognizer, count: int) -> int:
    """Streams this many texts and keeps nothing; returns the number of their words."""
    texts = islice(cycle(own_corpus().held_out), count)
    return sum(len(document.words) for document in recognizer.analyze_stream(texts))


_CURVES: Mapping[str, Callable[[EntityRecognizer, int], int]] = {"length": read_length, "texts": read_texts}


def probe(model: str, curve: str, size: int) -> dict[str, Any]:
    """One point, measured in this process: words, seconds, and resident memory before and at its peak."""
    recognizer = load(model)
    for read in _CURVES.values():
        read(recognizer, _WARM_UP)
    before, clock, cpu = resident_memory(), time.perf_counter(), time.process_time()
    words = _CURVES[curve](recognizer, size)
    return {
        "size": size,
        "words": words,
        "seconds": round(time.perf_counter() - clock, 4),
        "cpu_seconds": round(time.process_time() - cpu, 4),
        "before_bytes": before,
        "peak_bytes": peak_memory(),
    }


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    titles = {"length": "one text of {:,} characters", "texts": "a stream of {:,} texts"}
    rows = []
    for curve, points in figures["curves"].items():
        for point in points:
            row = [titles[curve].format(point["size"]), f"{point['words']:,}", f"{point['seconds']:.2f}"]
            row.append(f"{1e6 * point['cpu_seconds'] / point['words']:.0f}")
            sizes = point["before_bytes"], point["peak_bytes"]
            rows.append(row + ["unknown" if size is None else f"{size / 1e6:.0f}" for size in sizes])
    header = ["", "words", "s", "µs of CPU per word", "resident before, MB", "at the peak, MB"]
    powers = " and ".join(f"{power:.2f} ({curve})" for curve, power in figures["exponents"].items())
    return {"growth": f"{markdown(header, rows)}\n\nCPU time grows with the power {powers}."}
