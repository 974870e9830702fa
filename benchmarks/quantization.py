"""What each way to quantize costs and gives: FB1, size, speed, and how far an answer depends on the batch.

    python -m benchmarks.quantization FILE [--quick]        # FILE such as CoNLL-2003's eng.testa

All on the checkpoint of the embedded default, in one run: ours in float32, in int8 as it comes along, that with 4-bit
embeddings, and our graph with dynamic scales; optimum's export with ONNX Runtime's `quantize_dynamic`, with
`quant_pre_process` before it, and with optimum's O1 optimizer and quantizer. Writes `results/quantization.json`, and of
it `results/quantization.svg`, with the extra `benchmark`. Speed is CPU time of one thread, all in turns, each round in
another order, in ten sessions one after another; batch dependence compares a sentence alone with the same one among 15
others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.int8.quality import check
from albert_ner_export.pipeline import MIN_AGREEMENT, export_model
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import load
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.model.manifest import MODEL, Manifest
from albert_ner_onnx.model.session import Session
from benchmarks.accuracy import CHECKPOINT, score
from benchmarks.batch_dependence import Sentences, compare_batches
from benchmarks.dynamic_graph import dynamic_graph
from benchmarks.environment import describe
from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown
from benchmarks.peers.stock import STOCK, make_in_a_process
from benchmarks.quantization_plot import plot
from benchmarks.sizes import describe_graph

RESULT = Path(__file__).parent / "results" / "quantization.json"
MAX_PIECES = 128  # as in the package that comes along
_CALLS = {"1×16": 8, "1×64": 3, "1×128": 2, "8×16": 2, "8×64": 1}  # in a row, so that the first one's misses count less
_SESSIONS = 10  # where a session's weights happen to lie in memory moves its time by one per cent
SHAPES = tuple(_CALLS)  # batch × pieces
OURS, DYNAMIC = "int8", "int8, dynamic scales"


def export_ours(folder: Path) -> dict[str, Path]:
    """Packages of the variants with our graph."""
    options: Mapping[str, Mapping[str, Any]] = {
        "float32": {"precision": "fp32"},
        "int8": {},
        # Without the gate, as this is to be measured even where it does not pass it
        "int8, 4-bit embeddings": {"embedding_bits": 4, "min_agreement": 0},
    }
    packages = {name: folder / f"ours{index}" for index, name in enumerate(options)}
    for name, package in packages.items():
        export_model(CHECKPOINT, package, max_sentence_length=MAX_PIECES, report=_report, **options[name])
    checkpoint = read_checkpoint(CHECKPOINT)
    file = folder / "dynamic.onnx"
    onnx.save(dynamic_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors)), file)
    return packages | {DYNAMIC: _with_model(packages["int8"], file)}


def export_stock(folder: Path, package: Path) -> dict[str, Path]:
    """Packages of the variants that optimum and ONNX Runtime make, with the tokenizer and manifest of one of ours."""
    named = {
        "stock: quantize_dynamic": "bare_quantize_dynamic",
        "stock: the same, pre-processed": "quantize_dynamic",
        "stock: optimum O1 and quantizer": "o1_quantizer",
    }
    packages = {}
    for name, kind in named.items():
        _report(name)
        make_in_a_process(kind, CHECKPOINT, folder)
        packages[name] = _with_model(package, folder / kind / STOCK[kind])
    return packages


def _with_model(package: Path, file: Path) -> Path:
    """A copy of a package with another model."""
    copy = package.with_name(f"{file.parent.name}-{file.stem}")
    shutil.copytree(package, copy)
    shutil.copyfile(file, copy / MODEL)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"][MODEL] = hashlib.sha256(file.read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def measure_speed(models: Mapping[str, bytes], rounds: int) -> dict[str, dict[str, Any]]:
    """What `compare` says of the CPU time of a call beside that of dynamic scales, by shape and variant.

    Args:
        models: The files of the variants' models.
        rounds: In each of ten sessions.

    Returns:
        Also `ratio_sessions`: the lowest and the highest of the sessions' own median ratios.
    """
    random = np.random.default_rng(0)
    inputs = {shape: random.integers(1000, 30000, tuple(map(int, shape.split("×")))) for shape in _CALLS}
    times: dict[str, list[dict[str, list[float]]]] = {shape: [] for shape in _CALLS}
    for seed in range(_SESSIONS):
        sessions = {name: Session(model, 1, 0) for name, model in models.items()}
        for shape, ids in inputs.items():
            tasks = {name: partial(_cpu_time, session, ids, _CALLS[shape]) for name, session in sessions.items()}
            times[shape].append(interleave(tasks, rounds, seed=seed))
    return {shape: _compare_sessions(found) for shape, found in times.items()}


def _compare_sessions(times: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, dict[str, Any]]:
    """`compare` over all sessions, and beside it what each says alone."""
    together: dict[str, dict[str, Any]] = compare(
        {name: [taken for part in times for taken in part[name]] for name in times[0]}, DYNAMIC
    )
    for name, found in together.items():
        alone = [np.median(np.divide(part[name], part[DYNAMIC])) for part in times]
        found["ratio_sessions"] = [round(float(min(alone)), 3), round(float(max(alone)), 3)]
    return together


def _cpu_time(session: Session, ids: npt.NDArray[np.int64], calls: int) -> float:
    started = time.thread_time()
    for _ in range(calls):
        session.run(ids)
    return (time.thread_time() - started) / calls


def judge(package: Path) -> dict[str, Any]:
    """What the exporter found on its own held-out text, and whether its gate lets an int8 package pass as it comes."""
    quantization = Manifest.read(package).quantization
    assert quantization is not None
    quality = quantization.quality
    try:
        check(replace(quality, min_agreement=MIN_AGREEMENT, judged=True))
    except ExportError:
        passes = False
    else:
        passes = True
    return {
        "own_text": {
            "tags_equal_float32": round(quality.tag_agreement, 5),
            "entity_tags_equal_float32": round(quality.entity_tag_agreement, 5),
            "passes_default_gate": passes,
        }
    }


def measure(file: Path, rounds: int) -> dict[str, Any]:
    """All figures, by variant."""
    gold = read_conll(file)
    with tempfile.TemporaryDirectory() as temporary:
        packages = export_ours(Path(temporary))
        judged = {name: judge(packages[name]) for name in ("int8", "int8, 4-bit embeddings")}
        packages |= export_stock(Path(temporary), packages["int8"])
        sentences = Sentences.sample(gold, packages["int8"])
        models = {name: (package / MODEL).read_bytes() for name, package in packages.items()}
        _report("speed")
        speed = measure_speed(models, rounds)
        figures: dict[str, Any] = {}
        for name, package in packages.items():
            _report(name)
            scores, tags = score(load(package), gold)
            if not figures:
                exact = tags
            padded, session = name.startswith("stock"), Session(models[name], 1, 0)
            batches = {"equal_length": sentences.equal_length_batches()}
            batches |= {"padded": sentences.mixed_batches()} if padded else {}
            figures[name] = {
                "fb1": scores["fb1"],
                "tags_equal_float32": round(sum(map(str.__eq__, exact, tags)) / len(tags), 5),
                **judged.get(name, {}),
                **describe_graph(str(package / MODEL)),
                "speed": {shape: _faster(times, "float32", name) for shape, times in speed.items()},
                "times_dynamic": {
                    shape: [times[name]["ratio"], *times[name]["ratio_sessions"]] for shape, times in speed.items()
                },
                "batches": {kind: compare_batches(session, sentences, part) for kind, part in batches.items()},
            }
    return figures


def _faster(times: Mapping[str, Any], reference: str, name: str) -> float:
    return round(float(times[reference]["median"]) / float(times[name]["median"]), 2)


def table(figures: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    columns = ["", "FB1", "tags as float32, %", "MB", *(f"speed {shape}" for shape in _CALLS)]
    columns += ["tags changed by the batch, %", "probability off by up to", "products in integers"]
    rows = []
    for name, found in figures.items():
        batches = found["batches"].get("padded") or found["batches"]["equal_length"]
        row = [name, f"{found['fb1']:.2f}", f"{100 * found['tags_equal_float32']:.2f}", f"{found['bytes'] / 1e6:.1f}"]
        row += [f"{found['speed'][shape]:.2f}" for shape in _CALLS]
        row += [f"{100 * batches['tags_changed']:.2f}", f"{batches['max_probability_difference']:.2g}"]
        integers = found["products_in_integers"]
        rows.append([*row, f"{integers} of {integers + found['products_in_float']}"])
    beside = figures[OURS]["times_dynamic"]
    cells = [f"{middle:.3f} ({low:.3f}–{high:.3f})" for middle, low, high in beside.values()]
    fixed = markdown(["time of int8 over that of int8 with dynamic scales", *beside], [["median (sessions)", *cells]])
    return f"{markdown(columns, rows)}\n\n{fixed}"


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, writes, draws and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true", help="fewer rounds of the speed")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else 15
    figures = measure(arguments.file, rounds)
    record = {"file": arguments.file.name, "rounds": rounds, "variants": figures, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(figures), flush=True)
    plot(arguments.output)


if __name__ == "__main__":
    main()
