"""Where the time goes: words, pieces, model, decoding and the rest of a corpus, and the operators of the graph.

    python -m benchmarks.stages [FILE] [--work FOLDER] [--only default base xlarge] [--output JSON]

The corpus is a CoNLL file's sentences, each a text of its words with blanks between, or the exporter's own held-out
text. It is read by a recognizer that was just loaded, with one thread, and each stage is timed where the pipeline calls
it. Operators are those of the embedded default and of ALBERT-base's and xlarge's shapes with random weights, in int8.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx import default_model, load, recognizer
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.model import classifier as inference
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.text.words import SPLITTERS, split_words
from benchmarks.environment import describe
from benchmarks.graph_profile import profile
from benchmarks.markdown import markdown
from benchmarks.peers.models import MODELS, prepare

RESULT = Path(__file__).parent / "results" / "stages.json"
SHAPES = ((1, 16), (1, 64), (1, 128), (8, 64))  # rows, pieces
REST = "rest of Python"
_STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "words and sentences": ((recognizer, "split_words"), (recognizer, "sentence_starts"), (recognizer, "word_ranges")),
    "pieces": ((WordTokenizer, "encode"),),
    "windows and batches": ((inference, "pack_windows"), (inference, "equal_length_batches")),
    "model": ((Session, "run"),),
    "decoding": tuple((recognizer, name) for name in ("viterbi_decode", "argmax_decode", "softmax", "find_spans")),
}


class StageClock:
    """Adds up the time of stages, of one thread. What a stage calls of another one counts there."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._inner = 0.0  # of the stage that runs: what the stages within it took

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which adds its time to a stage; if it is a generator, that of its items."""

        def call(*arguments: Any, **options: Any) -> Any:
            found = self._measure(stage, partial(function, *arguments, **options))
            return self._items(stage, found) if isinstance(found, Generator) else found

        return call

    def _measure(self, stage: str, call: Callable[[], Any]) -> Any:
        before, self._inner = self._inner, 0.0
        started = self._clock()
        try:
            return call()
        finally:
            took = self._clock() - started
            self.seconds[stage] += took - self._inner
            self._inner = before + took

    def _items(self, stage: str, items: Generator[Any]) -> Iterator[Any]:
        with suppress(StopIteration):
            while True:
                yield self._measure(stage, partial(next, items))


@contextmanager
def _instrumented(clock: StageClock) -> Iterator[None]:
    """Recognizers that are loaded meanwhile add their stages' time to `clock`."""
    with ExitStack() as stack:
        for stage, places in _STAGES.items():
            for owner, name in places:
                stack.enter_context(patch.object(owner, name, clock.timed(stage, getattr(owner, name))))
        # The batches ask for these, whose own time is no stage's
        for owner, name in ((inference.WordClassifier, "_read"), (recognizer.EntityRecognizer, "_split")):
            stack.enter_context(patch.object(owner, name, clock.timed(REST, getattr(owner, name))))
        # The recognizer asks whether its splitter is `split_words` itself, so that one stays the same as the other.
        own = vars(recognizer)["split_words"]
        splitters = {
            name: own if splitter is split_words else clock.timed("words and sentences", splitter)
            for name, splitter in SPLITTERS.items()
        }
        stack.enter_context(patch.object(recognizer, "SPLITTERS", splitters))
        yield


def stage_shares(package: Path, texts: Sequence[str], rounds: int = 3) -> dict[str, Any]:
    """Reads texts, each round with a recognizer that is new, so that no word was seen before.

    Returns:
        `seconds` of the fastest round, and in `shares` those of its stages, which are 1 in all.
    """
    fastest: dict[str, Any] = {"seconds": float("inf")}
    for _ in range(rounds):
        clock = StageClock()
        with _instrumented(clock):
            reader = load(package, threads=1)
            clock.seconds.clear()  # loading tries the model
            started = time.perf_counter()
            reader.recognize_batch(texts)
            seconds = time.perf_counter() - started
        if seconds < fastest["seconds"]:
            shares = {stage: clock.seconds[stage] / seconds for stage in _STAGES}
            fastest = {"seconds": seconds, "shares": shares | {REST: 1 - sum(shares.values())}}
    return fastest


def read_texts(file: Path | None) -> list[str]:
    """The sentences of a CoNLL file as texts, or our own."""
    if file is None:
        return list(own_corpus().held_out)
    return [" ".join(sentence.words) for sentence in read_conll(file)]


def profile_models(names: Sequence[str], work: Path, seconds: float) -> dict[str, Any]:
    """Profiles of each model, by shape; a model that can't be made says why instead."""
    random = np.random.default_rng(0)
    found: dict[str, Any] = {}
    for name in names:
        print(f"profile: {name}", file=sys.stderr, flush=True)
        try:
            file = prepare(name, work).package / MODEL
        except RuntimeError as error:
            found[name] = {"failed": str(error)}
            continue
        found[name] = {
            f"{rows}×{pieces}": profile(file, random.integers(5, 30_000, (rows, pieces)), seconds)
            for rows, pieces in SHAPES
        }
    return found


def table(record: dict[str, Any]) -> str:
    """The figures in Markdown."""
    corpus = record["corpus"]
    title = f"{record['file']}, {record['texts']:,} texts, {corpus['seconds']:.2f} s"
    blocks = [markdown([title, "share, %"], [[stage, _percent(share)] for stage, share in corpus["shares"].items()])]
    for name, shapes in record["models"].items():
        if "failed" in shapes:
            blocks.append(f"{name}: {shapes['failed']}")
        else:
            blocks.append(markdown([f"{name}: % of the profiled time", *shapes], _rows(list(shapes.values()))))
    return "\n\n".join(blocks)


def _rows(shapes: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of a model's profiles, one for each shape."""
    times = {"a call, ms": "ms", "profiled, ms": "profiled_ms", "its matrix products, ms": "gemm_ms"}
    rows = [[title, *(f"{found[key]:.2f}" for found in shapes)] for title, key in times.items()]
    rows.append(["matrix products, of a call", *(_percent(found["gemm_share"]) for found in shapes)])
    for place, title in (("in_loops", "in the loops"), ("outside", "outside")):
        operators = Counter[str]()
        for found in shapes:
            operators.update(found[place])
        for operator, _ in operators.most_common():
            shares = [found[place].get(operator, 0.0) for found in shapes]
            if max(shares) >= 0.01:
                rows.append([f"{operator}, {title}", *map(_percent, shares)])
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    parser.add_argument("--only", nargs="+", choices=MODELS, default=MODELS, help="models to profile")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to profile each shape")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    texts = read_texts(arguments.file)
    record: dict[str, Any] = {
        "file": arguments.file.name if arguments.file else "our own text",
        "texts": len(texts),
        "corpus": stage_shares(default_model(), texts),
        "models": profile_models(arguments.only, arguments.work, arguments.seconds),
        "environment": describe(),
    }
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(record))


if __name__ == "__main__":
    main()
