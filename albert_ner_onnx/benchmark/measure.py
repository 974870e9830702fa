"""How fast a package is on this device: latency, throughput, start and memory, with the runtime alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_onnx import default_model, load
from albert_ner_onnx.benchmark.startup import Startup, measure_startup, own_texts
from albert_ner_onnx.benchmark.timing import time_calls
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.machine import Machine, available_cores, describe_machine
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.options import most_threads
from albert_ner_onnx.rules import resolve_rules
from albert_ner_onnx.text.words import split_words

LENGTHS = (16, 32, 64, 128, 256, 512)
"""Pieces of a sequence, special ones included, as far as a package reads so many at once."""

_MOST_COPIES = 8  # of the texts in a call of `recognize_batch`: as many as a newspaper has sentences of a length
_BATCH_SHARE = 0.25  # of the time for one such call


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The distribution of the time of a call, in milliseconds.

    Attributes:
        pieces: Length of the one sequence that the model is given; `None` for `recognize`, text to entities, on one
            sentence after another, whose words it knows from the second round on.
        threads: Threads that a call of the model uses inside.
        calls: How many were timed.
        p50_ms: The median.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile; with fewer than a hundred calls it is close to the slowest.
    """

    pieces: int | None
    threads: int
    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def name(self) -> str:
        """What was called."""
        return "text to entities, a sentence" if self.pieces is None else f"model, {self.pieces} pieces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Speed of `recognize_batch`, text to entities.

    Attributes:
        threads: As for `albert_ner_onnx.load`; `None` is its default, one call a core with one thread each.
        texts: Sentences that were given at once.
        calls: How often they were.
        words_per_second: Median over the calls.
    """

    threads: int | None
    texts: int
    calls: int
    words_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What `benchmark` found.

    Attributes:
        package: Name of the model.
        precision: `int8` or `fp32`.
        machine: Where it ran.
        latencies: By number of threads, then of the model by length, then of `recognize`.
        throughputs: By number of threads, then for the default of `albert_ner_onnx.load`.
        startup: Time and memory of a new process.
    """

    package: str
    precision: str
    machine: Machine
    latencies: tuple[Latency, ...]
    throughputs: tuple[Throughput, ...]
    startup: Startup

    def as_dict(self) -> dict[str, Any]:
        """The same as nested dictionaries and lists that `json.dumps` takes."""
        return asdict(self)

    def report(self) -> str:
        """Tables for people to read, 76 columns wide."""
        lines = [f"{self.package}, {self.precision}", self.machine.report(), ""]
        lines += [f"{'latency, ms':<34} {'p50':>9} {'p95':>9} {'p99':>9} {'calls':>9}"]
        threads = None
        for found in self.latencies:
            if found.threads != threads:
                threads = found.threads
                lines.append(_threads(threads))
            times = "".join(f" {value:>9.2f}" for value in (found.p50_ms, found.p95_ms, found.p99_ms))
            lines.append(f"  {found.name:<32}{times} {found.calls:>9}")
        texts = self.throughputs[0].texts
        lines += ["", f"{f'throughput, {texts} sentences at once':<34} {'words/s':>9}"]
        lines += [f"  {_threads(found.threads):<32} {found.words_per_second:>9,.0f}" for found in self.throughputs]
        return "\n".join([*lines, "", self.startup.report()])


def benchmark(
    package: str | os.PathLike[str] | None = None,
    *,
    threads: Iterable[int] | None = None,
    seconds: float = 2.0,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Benchmark:
    """Measures a package on this machine, which should do nothing else meanwhile.

    The sentences are forty of our own. Every figure has a warm-up, and takes `seconds`, or up to five times as long
    where that is not enough for 20 calls of a latency, or three of the others.

    Args:
        package: A folder made by `albert-ner export`; by default the package that comes with this one.
        threads: Numbers of threads that a call of the model uses inside; by default 1, and as many as this process
            may use cores.
        seconds: How long to measure each figure.
        progress: Told, before each figure and at the end, how many there are and how many are done: `(done, total)`.

    Raises:
        ModelError: No such package, or a damaged one.
        InputError: A number of threads or seconds is none.
        InferenceError: The model failed.
    """
    if not isinstance(seconds, Real) or isinstance(seconds, bool) or not 0 < seconds < float("inf"):
        raise InputError(f"seconds must be a finite number above 0, found {seconds!r}")
    folder = ModelFolder.open(default_model() if package is None else Path(package))
    manifest = folder.manifest
    counts = _check_threads((1, available_cores()) if threads is None else threads)
    sequences = _sequences(folder)
    total = len(counts) * (len(sequences) + 2) + 2  # two of texts each, the default's throughput, and the start
    step = map(progress, range(total + 1), repeat(total))
    latencies, throughputs = _measure(folder, counts, sequences, seconds, step)
    next(step)
    startup = measure_startup(folder.path, seconds)
    next(step)
    return Benchmark(
        package=manifest.name,
        precision=manifest.precision,
        machine=describe_machine(),
        latencies=tuple(latencies),
        throughputs=tuple(throughputs),
        startup=startup,
    )


def _measure(
    folder: ModelFolder,
    counts: Sequence[int],
    sequences: Sequence[npt.NDArray[np.int64]],
    seconds: float,
    step: Iterator[object],
) -> tuple[list[Latency], list[Throughput]]:
    """Latency and throughput; advances `step` before each figure."""
    texts = own_texts()
    latencies: list[Latency] = []
    throughputs: list[Throughput] = []
    copies = 0
    for count in (*counts, None):  # one after another, as two large models may not fit into the memory
        if count is not None:
            session = Session(folder.read(MODEL), count)
            for ids in sequences:
                next(step)
                latencies.append(_latency(session.run, [ids], seconds, pieces=ids.shape[1], threads=count))
            del session
        recognizer = load(folder.path, workers=count and 1, threads=count or 1)
        if count is not None:
            next(step)
            latencies.append(_latency(recognizer.recognize, texts, seconds, pieces=None, threads=count))
        # As often for each number of threads, or their figures could not be compared
        copies = copies or _copies(len(texts) * latencies[-1].p50_ms / 1000, seconds)
        next(step)
        throughputs.append(_throughput(recognizer.recognize_batch, copies * texts, seconds, count))
        del recognizer
    return latencies, throughputs


def _check_threads(threads: Iterable[int]) -> list[int]:
    """The different numbers of threads, in their order."""
    counts = list(dict.fromkeys(iterate(threads, "threads")))
    if not counts:
        raise InputError("threads must hold a number of threads, found none")
    most = most_threads()
    for count in counts:
        if type(count) is not int or not 1 <= count <= most:
            raise InputError(f"threads must hold whole numbers from 1 to {most}, found {count!r}")
    return counts


def _latency(
    call: Callable[[Any], object], items: Sequence[Any], seconds: float, *, pieces: int | None, threads: int
) -> Latency:
    times = time_calls(call, items, seconds)
    p50, p95, p99 = (1000 * np.percentile(times, (50, 95, 99))).round(4).tolist()
    return Latency(pieces=pieces, threads=threads, calls=len(times), p50_ms=p50, p95_ms=p95, p99_ms=p99)


def _copies(seconds_a_copy: float, seconds: float) -> int:
    """How often to repeat the texts for a call of `recognize_batch`."""
    return min(_MOST_COPIES, max(1, int(_BATCH_SHARE * seconds / seconds_a_copy)))


def _throughput(
    call: Callable[[list[str]], object], texts: list[str], seconds: float, threads: int | None
) -> Throughput:
    times = time_calls(call, [texts], seconds, least=3)
    words = sum(len(split_words(text)) for text in texts)
    speed = words / float(np.median(times))
    return Throughput(threads=threads, texts=len(texts), calls=len(times), words_per_second=round(speed, 1))


def _sequences(folder: ModelFolder) -> list[npt.NDArray[np.int64]]:
    """One sequence of each length, of our texts' pieces, int64 [1, piece]."""
    manifest, rules = folder.manifest, resolve_rules(folder.manifest)
    read_pieces = rules.open_tokenizer(folder.read(TOKENIZER), manifest.max_pieces)
    pieces = read_pieces([word.text for text in own_texts() for word in rules.split_words(text)]).ids
    special = SpecialPieces(manifest.cls_id, manifest.sep_id)
    lengths = [length for length in LENGTHS if length <= manifest.max_pieces] or [manifest.max_pieces]
    inner = (np.resize(pieces, length - SPECIAL_PIECES) for length in lengths)
    return [special.enclose(ids)[None] for ids in inner]


def _threads(threads: int | None) -> str:
    if threads is None:
        return "one call a core (the default)"
    return "1 thread" if threads == 1 else f"{threads} threads in a call"
