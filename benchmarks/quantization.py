"""Ways to quantize: ours against ONNX Runtime's int8 at its best, by answers, dependence on the batch, and time.

Time is CPU time of one thread. All models take turns, in several sessions one after another, because the place in
memory where a session's weights happen to lie changes its time by one per cent. Needs `--conll`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from albert_ner_onnx import load
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.tags.decoding import softmax
from benchmarks.accuracy import score
from benchmarks.markdown import markdown, percent
from benchmarks.models import exported, with_graph
from benchmarks.peers.bare import PAD, PieceTokenizer, padded
from benchmarks.peers.process import settings_of
from benchmarks.peers.stock import make_stock
from benchmarks.run import Run
from benchmarks.turns import ratios, take_turns

OURS: Final = "ours, int8"
STOCK_WAYS: Final = {
    "ONNX Runtime, pre-processed, `quantize_dynamic`": "quantize_dynamic",
    "optimum, O1 and quantizer": "o1_quantizer",
}
CALLS: Final = {"1×16": 8, "1×64": 3, "1×128": 2, "8×16": 2, "8×64": 1}  # in a row
_ROUNDS, _SESSIONS = 10, 8
_SENTENCES, _QUICK_SENTENCES = 1000, 20
_BATCH = 16


_Sequence = tuple[list[int], list[int]]
"""Pieces, special ones included, and the indices of those that open a word."""


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    sentences = list(chain.from_iterable(run.documents()[: 3 if run.quick else None]))
    run.say("making models")
    models = {"float32": exported(run, "fp32"), OURS: run.model}
    stock = settings_of(run.checkpoint, run.model, run.folder)
    for name, kind in STOCK_WAYS.items():
        file = make_stock(kind, run.checkpoint, stock.files)
        models[name] = with_graph(run.model, file, run.folder / f"with-{kind}")
    run.say("time")
    seconds = _time(run, {name: (model / MODEL).read_bytes() for name, model in models.items()}, stock.window)
    texts = [" ".join(sentence.words) for sentence in sentences]
    chosen = _sample(texts, run.checkpoint, stock.window, _QUICK_SENTENCES if run.quick else _SENTENCES)
    exact: list[str] = []
    figures: dict[str, Any] = {}
    for name, model in models.items():
        run.say(name)
        recognizer = load(model)
        found = recognizer.tag([sentence.words for sentence in sentences])
        tags = list(chain.from_iterable(found))
        exact = exact or tags
        figures[name] = {
            "f1": score(recognizer, sentences, found)["f1"],
            "tags_as_float32": round(sum(map(str.__eq__, exact, tags)) / len(tags), 5),
            "bytes": (model / MODEL).stat().st_size,
            "batch": batch_dependence((model / MODEL).read_bytes(), chosen, pads=name in STOCK_WAYS),
            "seconds": {shape: of_shape[name] for shape, of_shape in seconds.items()},
        }
    return {"words": len(exact), "ways": figures}


def _time(run: Run, models: Mapping[str, bytes], window: int) -> dict[str, dict[str, Any]]:
    """What `ratios` says about the CPU time of a call, by shape and model; ours in int8 is 1."""
    shapes = {shape: tuple(map(int, shape.split("×"))) for shape in CALLS}
    inputs = {shape: np.full(size, 5) for shape, size in shapes.items() if size[1] <= window}
    taken: dict[str, dict[str, list[float]]] = {shape: defaultdict(list) for shape in inputs}
    for seed in range(1 if run.quick else _SESSIONS):
        sessions = {name: Session(model, 1) for name, model in models.items()}
        for shape, ids in inputs.items():
            tasks = {name: partial(_cpu_time, session, ids, CALLS[shape]) for name, session in sessions.items()}
            for name, found in take_turns(tasks, 1 if run.quick else _ROUNDS, warm_up=1, seed=seed).items():
                taken[shape][name] += found
    return {shape: ratios(found, OURS) for shape, found in taken.items()}


def _cpu_time(session: Session, ids: npt.NDArray[np.int64], calls: int) -> float:
    started = time.thread_time()
    for _ in range(calls):
        session.run(ids)
    return (time.thread_time() - started) / calls


def _sample(texts: Sequence[str], checkpoint: Path, window: int, number: int) -> list[_Sequence]:
    """Pieces and words of texts at random, of those that fit into one window."""
    windows = PieceTokenizer(checkpoint, window).windows(texts)
    counts = np.bincount([each.text for each in windows], minlength=len(texts))
    fitting = [each for each in windows if counts[each.text] == 1 and len(each.ids) > 2]
    order = np.random.default_rng(0).permutation(len(fitting))[:number]
    chosen = (fitting[index] for index in order)
    return [(each.ids, each.first_of_words(texts[each.text])) for each in chosen]


def batch_dependence(model: bytes, sequences: Sequence[_Sequence], pads: bool) -> dict[str, Any]:
    """How far words' answers in batches are from those of each sequence alone.

    A model that takes a mask gets batches of any sequences, padded; ours gets sequences of one length, as in the
    runtime.
    """
    session = Session(model, 1, masked_piece=PAD)
    order = list(range(len(sequences)))
    if not pads:
        order.sort(key=lambda index: len(sequences[index][0]))
    batches: list[list[int]] = [[]]
    for index in order:
        last = batches[-1]
        fits = pads or not last or len(sequences[last[0]][0]) == len(sequences[index][0])
        if len(last) == _BATCH or not fits:
            batches.append([])
        batches[-1].append(index)
    alone = _probabilities(session, sequences, [[index] for index in order])
    together = _probabilities(session, sequences, batches)
    return {
        "words": len(alone),
        "sequences_in_company": sum(len(batch) for batch in batches if len(batch) > 1),
        "tags_changed": round(float((alone.argmax(axis=1) != together.argmax(axis=1)).mean()), 6),
        "max_probability_difference": round(float(np.abs(alone - together).max()), 6),
    }


def _probabilities(
    session: Session, sequences: Sequence[_Sequence], batches: Sequence[Sequence[int]]
) -> npt.NDArray[np.float32]:
    """Probabilities of all words, float32 [word, tag], in the order of the batches."""
    found = []
    for batch in batches:
        ids, _ = padded([sequences[index][0] for index in batch])
        found += [softmax(logits[sequences[index][1]]) for index, logits in zip(batch, session.run(ids), strict=True)]
    return np.concatenate(found)


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    shapes = next(iter(figures["ways"].values()))["seconds"]
    header = ["", "F1, %", "tags as float32, %", "MB", "tags that the batch changes, %", "probability moves by up to"]
    rows = []
    for name, way in figures["ways"].items():
        row = [name, percent(way["f1"]), percent(way["tags_as_float32"]), f"{way['bytes'] / 1e6:.1f}"]
        row += [percent(way["batch"]["tags_changed"]), f"{way['batch']['max_probability_difference']:.2g}"]
        rows.append(row + [f"{1000 * each['median']:.2f} ({each['ratio']:.2f}×)" for each in way["seconds"].values()])
    return {"ways": markdown([*header, *(f"ms, {shape}" for shape in shapes)], rows)}
