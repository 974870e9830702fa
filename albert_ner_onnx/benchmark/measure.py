"""Latency, throughput, start time and memory of a model on this machine, measured with the runtime alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import repeat
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from albert_ner_onnx import load
from albert_ner_onnx.benchmark.startup import Startup, measure_startup, sample_sentences
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.hub.fetch import find_model
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.machine import Machine, available_cores, describe_machine
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.options import Options, most_threads
from albert_ner_onnx.recognizer import EntityRecognizer
from albert_ner_onnx.rules import resolve_rules
from albert_ner_onnx.text.words import split_words

T = TypeVar("T")
LENGTHS = (16, 32, 64, 128, 256, 512)
"""Lengths of the sequences to measure with, in pieces; those that the model can't take at once are left out."""

_FEWEST_CALLS = 20  # so that the 95th percentile isn't the slowest call
_FEWEST_BATCHES = 3
_OVERTIME = 5  # times the time asked for, at most, to reach the fewest calls
_WARM_UP = 0.1  # of the time asked for
_MOST_COPIES = 8  # of the sentences in one batch: about as many of one length as in a newspaper
_BATCH_SHARE = 0.25  # of the time asked for, for one batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The distribution of the time of a call, in milliseconds.

    Attributes:
        pieces: Length of the one sequence that the model is called with. `None` for `recognize`, which is called with
            one sentence after another and, from the second round on, has seen their words before.
        threads: Threads inside one call of the model.
        calls: Number of calls.
        p50_ms: Median.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile. It is close to the slowest call if there are fewer than a hundred.
    """

    pieces: int | None
    threads: int
    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def name(self) -> str:
        """What is called."""
        return "text to entities, one sentence" if self.pieces is None else f"model, {self.pieces} pieces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """The speed of `recognize_batch`, from texts to entities.

    Attributes:
        workers: Calls of the model at once.
        threads: Threads inside one call of the model.
        texts: Number of sentences in a batch.
        calls: Number of batches.
        words_per_second: Median over the batches.
    """

    workers: int
    threads: int
    texts: int
    calls: int
    words_per_second: float

    @property
    def name(self) -> str:
        """How the model is called."""
        return f"{_count(self.workers, 'worker')}, {_count(self.threads, 'thread')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What `benchmark` measured.

    Attributes:
        model: Name of the model.
        precision: `int8` or `fp32`.
        decoder: How `recognize` chose tags.
        context: What the model saw when `recognize` decided a word.
        machine: The machine.
        latencies: For each number of threads, those of the model by length, then that of `recognize`.
        throughputs: That of one worker for each number of threads, then that of `load`'s defaults.
        startup: Time and memory of a new process.
    """

    model: str
    precision: str
    decoder: str
    context: str
    machine: Machine
    latencies: tuple[Latency, ...]
    throughputs: tuple[Throughput, ...]
    startup: Startup

    def as_dict(self) -> dict[str, Any]:
        """The same as nested dictionaries and lists, for `json.dumps`."""
        return asdict(self)

    def report(self) -> str:
        """Tables for people to read, at most 80 columns wide."""
        lines = [
            f"{self.model}, {self.precision}, decoder {self.decoder}, context {self.context}",
            self.machine.report(),
            "",
        ]
        lines.append(f"{'latency, ms':<34} {'p50':>9} {'p95':>9} {'p99':>9} {'calls':>9}")
        threads = None
        for found in self.latencies:
            if found.threads != threads:
                threads = found.threads
                lines.append(_count(threads, "thread"))
            times = "".join(f" {value:>9.2f}" for value in (found.p50_ms, found.p95_ms, found.p99_ms))
            lines.append(f"  {found.name:<32}{times} {found.calls:>9}")
        names = [each.name for each in self.throughputs]
        names[-1] += " (default)"
        lines += ["", f"{f'throughput, {self.throughputs[0].texts} sentences at once':<34} {'words/s':>9}"]
        lines += [
            f"  {name:<32} {found.words_per_second:>9,.0f}" for name, found in zip(names, self.throughputs, strict=True)
        ]
        return "\n".join([*lines, "", self.startup.report()])


def benchmark(
    model: str | os.PathLike[str] | None = None,
    *,
    threads: Iterable[int] | None = None,
    seconds: float = 2.0,
    decoder: str | None = None,
    context: str | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Benchmark:
    """Measures a model on this machine, on which nothing else should run meanwhile.

    It uses forty English sentences that come with this package. Every figure has a warm-up and takes `seconds`. It
    takes up to five times as long if that isn't enough for 20 calls, or for 3 batches or processes.

    Args:
        model: A folder made by `albert-ner export`, or a model on the Hugging Face Hub, as in `load`. The default is
            the model that comes with this package.
        threads: Numbers of threads inside one call of the model. The default is 1 and the number of available cores.
        seconds: How long to measure each figure.
        decoder: How `recognize` chooses tags, as in `load`.
        context: What the model sees when `recognize` decides a word, as in `load`.
        progress: Called as `progress(done, total)` before each figure and at the end, with numbers of figures.

    Raises:
        ModelError: There is no such model, or it is damaged.
        InputError: `threads`, `seconds`, `decoder` or `context` has an invalid value.
        InferenceError: The model failed.
    """
    if not isinstance(seconds, Real) or isinstance(seconds, bool) or not 0 < seconds < float("inf"):
        raise InputError(f"seconds must be a finite number above 0, found {seconds!r}")
    folder = ModelFolder.open(find_model(model))
    counts = _check_threads((1, available_cores()) if threads is None else threads)
    options = Options(decoder=decoder, context=context).settle(resolve_rules(folder.manifest), ())
    open_recognizer = partial(load, folder.path, decoder=options.decoder, context=options.context)
    sequences = _sequences(folder)
    # For each number of threads the sequences, `recognize` and `recognize_batch`; the default's throughput; the start
    total = len(counts) * (len(sequences) + 2) + 2
    step = map(progress, range(total + 1), repeat(total))
    latencies, throughputs = _measure(folder, open_recognizer, counts, sequences, seconds, step)
    next(step)
    startup = measure_startup(folder.path, seconds)
    next(step)
    return Benchmark(
        model=folder.manifest.name,
        precision=folder.manifest.precision,
        decoder=str(options.decoder),
        context=str(options.context),
        machine=describe_machine(),
        latencies=tuple(latencies),
        throughputs=tuple(throughputs),
        startup=startup,
    )


def time_calls(
    call: Callable[[T], object], items: Sequence[T], seconds: float, *, fewest: int = _FEWEST_CALLS
) -> npt.NDArray[np.float64]:
    """Times calls with one item after another, in whole rounds, until the time is over and `fewest` calls are made.

    After five times that time it stops at once, even in the middle of a round, with at least one call.

    Args:
        call: What to time.
        items: The arguments to call it with.
        seconds: How long to go on. Before that there is a warm-up of a tenth of that time, or of one round.
        fewest: Number of calls to make if the time is over sooner.

    Returns:
        Seconds of each call, float64 [call].
    """
    clock = time.perf_counter
    started = clock()
    for item in items:
        call(item)
        if clock() - started > _WARM_UP * seconds:
            break
    found: list[float] = []
    started = clock()
    while clock() - started < seconds or len(found) < fewest:
        for item in items:
            begun = clock()
            call(item)
            found.append(clock() - begun)
            if clock() - started > _OVERTIME * seconds:
                return np.array(found)
    return np.array(found)


def _measure(
    folder: ModelFolder,
    open_recognizer: Callable[..., EntityRecognizer],
    counts: Sequence[int],
    sequences: Sequence[npt.NDArray[np.int64]],
    seconds: float,
    step: Iterator[object],
) -> tuple[list[Latency], list[Throughput]]:
    """Measures latency and throughput; advances `step` before each figure.

    It keeps only one session open at a time, because two large models may not fit into memory.
    """
    sentences = sample_sentences()
    latencies: list[Latency] = []
    throughputs: list[Throughput] = []
    for threads in counts:
        session = Session(folder.read(MODEL), threads)
        for ids in sequences:
            next(step)
            latencies.append(_latency(session.run, [ids], seconds, pieces=ids.shape[1], threads=threads))
        del session
        recognizer = open_recognizer(workers=1, threads=threads)
        next(step)
        latencies.append(_latency(recognizer.recognize, sentences, seconds, pieces=None, threads=threads))
        if not throughputs:  # all throughputs need batches of the same size to be comparable
            batch = _copies(len(sentences) * latencies[-1].p50_ms / 1000, seconds) * sentences
        next(step)
        throughputs.append(_throughput(recognizer.recognize_batch, batch, seconds, workers=1, threads=threads))
        del recognizer
    recognizer = open_recognizer()
    workers, threads = recognizer.options.calls_at_once, recognizer.options.threads
    next(step)
    throughputs.append(_throughput(recognizer.recognize_batch, batch, seconds, workers=workers, threads=threads))
    return latencies, throughputs


def _check_threads(threads: Iterable[int]) -> list[int]:
    """Returns the distinct numbers of threads, in their order."""
    counts = list(dict.fromkeys(iterate(threads, "threads")))
    if not counts:
        raise InputError("threads must contain at least one number, found none")
    most = most_threads()
    for count in counts:
        if type(count) is not int or not 1 <= count <= most:
            raise InputError(f"threads must contain whole numbers from 1 to {most}, found {count!r}")
    return counts


def _latency(
    call: Callable[[Any], object], items: Sequence[Any], seconds: float, *, pieces: int | None, threads: int
) -> Latency:
    times = time_calls(call, items, seconds)
    p50, p95, p99 = (1000 * np.percentile(times, (50, 95, 99))).round(4).tolist()
    return Latency(pieces=pieces, threads=threads, calls=len(times), p50_ms=p50, p95_ms=p95, p99_ms=p99)


def _copies(seconds_per_copy: float, seconds: float) -> int:
    """How many copies of the sentences make a batch."""
    return min(_MOST_COPIES, max(1, int(_BATCH_SHARE * seconds / seconds_per_copy)))


def _throughput(
    call: Callable[[list[str]], object], batch: list[str], seconds: float, *, workers: int, threads: int
) -> Throughput:
    times = time_calls(call, [batch], seconds, fewest=_FEWEST_BATCHES)
    words = sum(len(split_words(text)) for text in batch)
    speed = round(words / float(np.median(times)), 1)
    return Throughput(workers=workers, threads=threads, texts=len(batch), calls=len(times), words_per_second=speed)


def _sequences(folder: ModelFolder) -> list[npt.NDArray[np.int64]]:
    """Makes one sequence of each length from the sentences' pieces, int64 [1, piece]."""
    manifest, rules = folder.manifest, resolve_rules(folder.manifest)
    read_pieces = rules.open_tokenizer(folder.read(TOKENIZER), manifest.max_pieces)
    pieces = read_pieces([word.text for text in sample_sentences() for word in rules.split_words(text)]).ids
    special = SpecialPieces(manifest.cls_id, manifest.sep_id)
    lengths = [length for length in LENGTHS if length <= manifest.max_pieces] or [manifest.max_pieces]
    return [special.enclose(np.resize(pieces, length - SPECIAL_PIECES))[None] for length in lengths]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
