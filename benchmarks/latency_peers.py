"""Latency of ours beside its peers: engines on random pieces in three models, and one short text, text to entities.

    python -m benchmarks.latency_peers [--work FOLDER] [--only default base xlarge] [--quick] [--output FILE]

Needs the extra `benchmark`. Engines: both stock int8, OpenVINO with NNCF's int8, PyTorch in float32, with all cores and
with one thread (but the xlarge shape, which would take most of the time). Where ours is slower than it should be, a
profile of its operators on one thread comes along.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from albert_ner_onnx.benchmark.startup import own_texts
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import available_cores
from benchmarks.environment import describe
from benchmarks.graph_profile import profile
from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown
from benchmarks.peers import EXACT, OURS, OURS_LATENCY, PEERS, QUICK_PEERS
from benchmarks.peers.agreement import logit_correlation, tag_agreement
from benchmarks.peers.models import DEFAULT, MODELS, Model, prepare
from benchmarks.peers.process import PeerProcess, loaded_peers

RESULT = Path(__file__).parent / "results" / "latency_peers.json"
WORK = Path("build/peers")
STOCK = ("onnxruntime-int8-latency", "onnxruntime-o1-int8-latency")
OPENVINO = "openvino-int8-latency"
ENGINES = (OURS, *STOCK, OPENVINO, EXACT)
SHAPES = {"1×16": (1, 16), "1×64": (1, 64), "1×128": (1, 128), "8×64": (8, 64)}
STOCK_TARGET, GEMM_STOCK_TARGET, MOST_GEMM, OPENVINO_TARGET = 1.15, 1.05, 0.7, 1.0
_ROUNDS = {"default": 9, "base": 5, "xlarge": 2}
_TEXT_ROUNDS = 3  # of forty texts each
_ALL_CORES_ONLY = ("xlarge",)
_QUICK_ROUNDS = 3
_SECONDS = 0.05  # of calls in a row, so that the steps of the clock's rate don't count
_PROFILE_SECONDS, _QUICK_PROFILE_SECONDS = 2.0, 0.2


def measure_engines(model: Model, trained: bool, threads: int, rounds: int) -> dict[str, Any]:
    """All engines on all shapes.

    Args:
        model: What they run.
        trained: Whether tags mean something; else logits are compared.
        threads: Of each engine.
        rounds: That count.

    Returns:
        The `peers`, their `agreement` with float32, and for each of the `shapes` what `compare` says of seconds a call.
    """
    with loaded_peers(ENGINES, model.settings(threads), _report) as (processes, described):
        agreement = _tags(processes) if trained else logit_correlation(processes)
        shapes = {}
        for name, (rows, pieces) in SHAPES.items():
            tasks = {peer: _engine_task(process, rows, pieces) for peer, process in processes.items()}
            shapes[name] = compare(interleave(tasks, rounds, warm_up=0), OURS)
    return {"peers": described, "agreement": agreement, "shapes": shapes}


def _tags(processes: Mapping[str, PeerProcess]) -> dict[str, float]:
    for process in processes.values():
        process.call("keep", name="short", texts=own_texts())
    return tag_agreement(processes, "short", dict.fromkeys(processes, 1))


def _engine_task(process: PeerProcess, rows: int, pieces: int) -> Callable[[], float]:
    """Times enough calls in a row, on the same pieces as the other peers. Finding out how many warms up."""
    ask = partial(process.call, "run", rows=rows, pieces=pieces, seed=0)
    calls = max(1, round(_SECONDS / ask(calls=1)))
    return lambda: float(ask(calls=calls))


def judge(shapes: Mapping[str, Any], file: Path, seconds: float = _PROFILE_SECONDS) -> dict[str, Any]:
    """How much faster ours is than the faster stock int8 and than OpenVINO, and a profile of what is too slow.

    Args:
        shapes: Of `measure_engines`.
        file: Our `model.onnx`.
        seconds: How long to profile.

    Returns:
        For each shape the ratios `stock` and `openvino`, whether the targets are `met`, and perhaps the `profile`.
    """
    found: dict[str, Any] = {}
    for shape, figures in shapes.items():
        stock, openvino = min(figures[name]["ratio"] for name in STOCK), figures[OPENVINO]["ratio"]
        found[shape] = {"stock": stock, "openvino": openvino, "met": True}
        if stock >= STOCK_TARGET and openvino >= OPENVINO_TARGET:
            continue
        ids = np.random.default_rng(0).integers(1000, 30_000, SHAPES[shape])
        profiled = profile(file, ids, seconds)
        least = GEMM_STOCK_TARGET if profiled["gemm_share"] > MOST_GEMM else STOCK_TARGET
        found[shape] |= {"met": stock >= least and openvino >= OPENVINO_TARGET, "profile": profiled}
    return found


def measure_texts(
    model: Model, threads: int, rounds: int, texts: Sequence[str], peers: Iterable[str]
) -> dict[str, Any]:
    """One short text a call, text to entities: medians over texts, of all peers, beside ours with all threads."""
    with loaded_peers(peers, model.settings(threads), _report) as (processes, described):
        for process in processes.values():
            process.call("keep", name="short", texts=list(texts))
        checkpoint_peers = {name: 1 for name in processes if name != "spacy-small"}
        agreement = tag_agreement(processes, "short", checkpoint_peers)

        def p50(process: PeerProcess) -> float:
            return float(median(process.call("recognize_each", texts="short")))

        tasks = {name: partial(p50, process) for name, process in processes.items()}
        times = compare(interleave(tasks, rounds), OURS_LATENCY)
    return {"peers": described, "agreement": agreement, "p50": times, "texts": len(texts)}


def measure(names: Sequence[str], work: Path, quick: bool) -> dict[str, Any]:
    """All figures, by threads."""
    found: dict[str, Any] = {}
    cores = available_cores()
    for threads in sorted({1, cores}, reverse=True):
        engines: dict[str, Any] = {}
        for name in [name for name in names if threads == cores or name not in _ALL_CORES_ONLY]:
            _report(f"{name}, {threads} threads")
            model = prepare(name, work)
            rounds = _QUICK_ROUNDS if quick else _ROUNDS[name]
            engines[name] = measure_engines(model, name == DEFAULT, threads, rounds)
            seconds = _QUICK_PROFILE_SECONDS if quick else _PROFILE_SECONDS
            engines[name]["judged"] = judge(engines[name]["shapes"], model.package / MODEL, seconds)
        found[str(threads)] = {"engines": engines}
    texts, rounds = own_texts()[: 10 if quick else None], _QUICK_ROUNDS if quick else _TEXT_ROUNDS
    peers = QUICK_PEERS if quick else PEERS
    found[str(cores)]["short_text"] = measure_texts(prepare(DEFAULT, work), cores, rounds, texts, peers)
    return found


def table(figures: Mapping[str, Any]) -> str:
    """The figures in Markdown: milliseconds, and how much longer than ours that took."""
    blocks = []
    for threads, part in figures.items():
        for model, engines in part["engines"].items():
            header = [f"{model}, {threads} threads: ms (times ours)", *engines["shapes"], "agrees with float32"]
            rows = [
                [peer, *(_cell(shape[peer]) for shape in engines["shapes"].values()), f"{agreement:.4f}"]
                for peer, agreement in engines["agreement"].items()
            ]
            judged = engines["judged"].values()
            rows.append(["targets", *("met" if each["met"] else "missed" for each in judged), ""])
            blocks.append(markdown(header, rows))
        if not (short := part.get("short_text")):
            continue
        header = [f"one short text, {threads} threads", f"p50, ms (times {OURS_LATENCY})", "agrees with float32"]
        rows = [
            [peer, _cell(times), f"{short['agreement'][peer]:.4f}" if peer in short["agreement"] else "another model"]
            for peer, times in sorted(short["p50"].items(), key=lambda item: item[1]["ratio"])
        ]
        missing = {name: each["missing"] for name, each in short["peers"].items() if "missing" in each}
        rows += [[name, f"not measured: {reason}", ""] for name, reason in missing.items()]
        blocks.append(markdown(header, rows))
    return "\n\n".join(blocks)


def _cell(times: Mapping[str, Any]) -> str:
    low, high = times["ratio_quartiles"]
    return f"{1000 * times['median']:.2f} ({times['ratio']:.2f}, {low:.2f}–{high:.2f})"


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(names: Sequence[str], work: Path, quick: bool, output: Path) -> None:
    """Measures, writes and prints."""
    record = {"threads": measure(names, work, quick), "quick": quick, "environment": describe()}
    output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(json.loads(output.read_text("utf-8"))["threads"]))


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=WORK, help="where made models are kept")
    parser.add_argument("--only", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--quick", action="store_true", help="few rounds, and for a short text few peers")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    run(arguments.only, arguments.work, arguments.quick, arguments.output)


if __name__ == "__main__":
    main()
