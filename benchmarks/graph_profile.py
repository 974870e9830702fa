"""Where the time of a model's call goes: ONNX Runtime's profile, summed by operator, in loops and outside."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from albert_ner_onnx.model.session import PROVIDER

# What multiplies matrices, counted whole: QAttention's time includes its softmax and its two products of activations.
GEMMS = frozenset({"QAttention", "MatMulIntegerToFloat", "MatMul", "FusedMatMul", "Gemm"})
_WARM_UP = 2  # calls
_LEAST_CALLS = 3


def profile(model: Path, ids: npt.NDArray[np.int64], seconds: float) -> dict[str, Any]:
    """Profiles calls of a model on one thread, in turn with calls that aren't profiled.

    Args:
        model: A `model.onnx` whose only input is `input_ids`.
        ids: What to call it with, int64 [batch, piece].
        seconds: How long to go on; three calls of each count in any case.

    Returns:
        Median milliseconds of a call, `ms`, of one that is profiled, `profiled_ms`, and of its matrix products,
        `gemm_ms`; `gemm_share`, these as a share of `ms`; and the shares of all operators in the profiled time, by
        name, `in_loops` and `outside`. Profiling takes time for each operator, so that small calls look as if their
        loops cost more than they do.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, profiled = (_session(model, prefix) for prefix in (None, f"{folder}/profile"))
        times: list[float] = []
        ends = time.perf_counter() + seconds
        while len(times) < _WARM_UP + _LEAST_CALLS or time.perf_counter() < ends:
            started = time.perf_counter()
            plain.run(["logits"], {"input_ids": ids})
            times.append(1000 * (time.perf_counter() - started))
            profiled.run(["logits"], {"input_ids": ids})
        events: list[dict[str, Any]] = json.loads(Path(profiled.end_profiling()).read_text("utf-8"))
    runs = sorted((event["ts"], event["dur"]) for event in events if event["name"] == "model_run")[_WARM_UP:]
    counted = [event for event in events if event["ts"] >= runs[0][0]]
    ms, gemm_ms = float(np.median(times[_WARM_UP:])), gemm_time(counted, [start for start, _ in runs]) / 1000
    return {
        "ms": round(ms, 3),
        "profiled_ms": round(float(np.median([takes for _, takes in runs])) / 1000, 3),
        "gemm_ms": round(gemm_ms, 3),
        "gemm_share": round(gemm_ms / ms, 4),
    } | operator_shares(counted)


def _session(model: Path, profile_prefix: str | None) -> Any:
    """A session with the settings of `albert_ner_onnx.model.session`, which profiles if a prefix of files is given."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    if profile_prefix:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    return onnxruntime.InferenceSession(str(model), options, providers=[PROVIDER])


def gemm_time(events: Sequence[Mapping[str, Any]], starts: Sequence[int]) -> float:
    """Median over calls of the microseconds that matrix products take.

    Args:
        events: Those of ONNX Runtime's profile.
        starts: When the calls began, in microseconds, in order.
    """
    products = [event for event in _kernels(events) if event["args"]["op_name"] in GEMMS]
    calls = np.searchsorted(starts, [event["ts"] for event in products], "right") - 1
    return float(np.median(np.bincount(calls, [event["dur"] for event in products], len(starts))))


def _kernels(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The operators, in order, those that run within another one behind it."""
    kernels = [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]
    return sorted(kernels, key=lambda event: (event["ts"], -event["dur"]))


def operator_shares(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares of the operators' time; what a loop's body takes isn't counted again as the loop's own.

    Args:
        events: Those of ONNX Runtime's profile, of one thread; times are in microseconds.

    Returns:
        `in_loops` and `outside` of `profile`, the largest shares first.
    """
    own = {True: Counter[str](), False: Counter[str]()}
    around: list[tuple[str, int]] = []  # operators that this one runs in, with their ends
    for event in _kernels(events):
        operator, starts, takes = event["args"]["op_name"], event["ts"], event["dur"]
        while around and around[-1][1] <= starts:
            around.pop()
        if around:
            own[len(around) > 1][around[-1][0]] -= takes
        own[bool(around)][operator] += takes
        if operator in ("Loop", "If", "Scan"):
            around.append((operator, starts + takes))
    whole = sum(sum(times.values()) for times in own.values())
    shares = {
        inside: {operator: round(takes / whole, 4) for operator, takes in times.most_common() if takes > 0}
        for inside, times in own.items()
    }
    return {"in_loops": shares[True], "outside": shares[False]}
