from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.model.manifest import MODEL
from benchmarks.graph_profile import gemm_time, operator_shares, profile
from toy_models import FP32, INT8


def node(operator: str, starts: int, takes: int) -> dict[str, Any]:
    return {"cat": "Node", "name": f"{operator}_kernel_time", "ts": starts, "dur": takes, "args": {"op_name": operator}}


def test_a_loop_is_not_counted_twice() -> None:
    events = [
        node("MatMul", 10, 30),
        node("Gelu", 40, 20),
        {"cat": "Session", "name": "SequentialExecutor::Execute", "ts": 5, "dur": 90, "args": {}},
        node("Loop", 0, 100),
        node("Add", 100, 60),  # where the loop ends
        node("MatMul", 160, 40),
    ]
    found = operator_shares(events)
    assert found == {"in_loops": {"MatMul": 0.15, "Gelu": 0.1}, "outside": {"Add": 0.3, "Loop": 0.25, "MatMul": 0.2}}


def test_a_loop_in_a_loop() -> None:
    events = [node("Loop", 0, 100), node("Loop", 0, 60), node("MatMul", 0, 50), node("Add", 60, 20)]
    assert operator_shares(events) == {"in_loops": {"MatMul": 0.5, "Add": 0.2, "Loop": 0.1}, "outside": {"Loop": 0.2}}


@given(st.lists(st.tuples(st.integers(1, 30), st.lists(st.integers(1, 20), max_size=5)), min_size=1, max_size=8))
def test_shares_are_of_all(loops: list[tuple[int, list[int]]]) -> None:
    """Loops of an own time, half of it before what is in them; nothing is lost."""
    events, now, own = [], 0, 0
    for overhead, inner in loops:
        events.append(node("Loop", now, 2 * overhead + sum(inner)))
        now, own = now + overhead, own + 2 * overhead
        for takes in inner:
            events.append(node("MatMul", now, takes))
            now += takes
        now += overhead
    found = operator_shares(events[::-1])
    assert found["outside"] == {"Loop": round(own / now, 4)}
    assert found["in_loops"].get("MatMul", 0) == pytest.approx(1 - own / now, abs=1e-4)


def test_the_median_call() -> None:
    """Of calls at 0, 100 and 200 µs; none of the last one's operators multiplies."""
    events = [node("MatMul", 0, 10), node("QAttention", 50, 20), node("MatMul", 100, 25), node("Gelu", 130, 99)]
    assert gemm_time(events, [0, 100, 200]) == 25
    assert gemm_time(events, [0, 100]) == (30 + 25) / 2


@pytest.mark.parametrize(("package", "operator"), [(FP32, "MatMul"), (INT8, "MatMulIntegerToFloat")])
def test_real_profiles(package: Path, operator: str) -> None:
    found = profile(package / MODEL, np.arange(5, 23).reshape(2, 9), seconds=0)
    assert found["in_loops"][operator] > 0
    assert {"Loop", "Scan"} & found["outside"].keys()
    assert sum(sum(found[place].values()) for place in ("in_loops", "outside")) == pytest.approx(1, abs=0.01)
    assert 0 < found["gemm_ms"] < found["profiled_ms"]
    assert found["gemm_share"] == pytest.approx(found["gemm_ms"] / found["ms"], rel=0.05)
