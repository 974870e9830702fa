"""Every published size of ALBERT: file, memory and loading time of ours in int8, next to stock exports of the same.

Checkpoints have random weights, and every figure is taken in a process of its own. They have 32 positions where the
published ones have 512, because an export verifies sequences of all lengths, and an xxlarge would take an hour. That
changes base's file by 0.5 % and xxlarge's by 0.03 %.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from albert_ner_onnx.machine import resident_memory
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import Session
from benchmarks.child import call_in_child
from benchmarks.markdown import markdown
from benchmarks.models import SHAPES, random_model
from benchmarks.peers.stock import make_stock
from benchmarks.run import Run

_STOCK: Final = {"stock_float32": "float32", "stock_int8": "quantize_dynamic"}
_FEW_POSITIONS = {"max_position_embeddings": 32}
_PIECES = np.arange(5, 25)  # any ones that every vocabulary has


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    found = {}
    for size in ["base"] if run.quick else SHAPES:
        run.say(size)
        folder = run.work / "sizes" / size
        checkpoint, model = random_model(run, SHAPES[size] | _FEW_POSITIONS, folder)
        files = {"ours_int8": model / MODEL}
        files |= {name: make_stock(kind, checkpoint, folder / "stock") for name, kind in _STOCK.items()}
        found[size] = {
            "parameters": (checkpoint / "model.safetensors").stat().st_size // 4,  # float32; the header is small
            "models": {
                name: {"bytes": _bytes(file), **call_in_child(__name__, "load_model", str(file))}
                for name, file in files.items()
            },
            "correlation_with_float32": {
                name: call_in_child(__name__, "correlation", str(files["stock_float32"]), str(files[name]))
                for name in ("ours_int8", "stock_int8")
            },
        }
    return found


def _bytes(file: Path) -> int:
    """Size of a graph, with the weights that a large one keeps in a second file."""
    return sum(each.stat().st_size for each in (file, file.with_name(f"{file.name}_data")) if each.exists())


def load_model(file: str) -> dict[str, Any]:
    """Loads a graph in this process: seconds, and resident bytes that it adds, after loading and after a call."""
    before, started = resident_memory() or 0, time.perf_counter()
    session = Session(Path(file).read_bytes(), 1)
    seconds, loaded = time.perf_counter() - started, resident_memory() or 0
    session.run(_PIECES[None])
    return {
        "load_seconds": round(seconds, 3),
        "resident_bytes": loaded - before,
        "resident_bytes_after_call": (resident_memory() or 0) - before,
    }


def correlation(one: str, other: str) -> float:
    """Correlation of two graphs' logits over some sequences, which says more than the tags of random weights."""
    sequences = [_PIECES[None, :length] for length in range(3, len(_PIECES))]
    logits = []
    for file in (one, other):
        session = Session(Path(file).read_bytes(), 2)
        logits.append(np.concatenate([session.run(sequence).ravel() for sequence in sequences]))
    return round(float(np.corrcoef(logits[0], logits[1])[0, 1]), 5)


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    titles = {"ours_int8": "ours, int8", "stock_int8": "ONNX Runtime's int8", "stock_float32": "float32 export"}
    header = ["MB / resident MB / seconds to load", "million parameters", *titles.values()]
    header += ["logits of ours go with float32's", "of ONNX Runtime's int8"]
    rows = []
    for size, found in figures.items():
        cells = []
        for name in titles:
            model = found["models"][name]
            megabytes = f"{model['bytes'] / 1e6:.1f} / {model['resident_bytes'] / 1e6:,.0f}"
            cells.append(f"{megabytes} / {model['load_seconds']:.2f}")
        with_float32 = found["correlation_with_float32"]
        shares = [f"{with_float32[name]:.4f}" for name in ("ours_int8", "stock_int8")]
        rows.append([size, f"{found['parameters'] / 1e6:.1f}", *cells, *shares])
    return {"models": markdown(header, rows)}
