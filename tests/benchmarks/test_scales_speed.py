import json
from math import prod

import pytest

from albert_ner_onnx.inference import _BATCH_PIECES
from benchmarks.scales_speed import RESULT, table


def test_table() -> None:
    found = {"int8": {"ratio": 0.9914, "ratio_quartiles": [0.98, 1.0]}}
    head, _, row = table({"1×16": found, "8×64": found}).splitlines()
    assert head == "| time of int8 over that with dynamic scales | 1×16 | 8×64 |"
    assert row == "| median (quartiles) | 0.991 (0.980–1.000) | 0.991 (0.980–1.000) |"


@pytest.mark.xfail(strict=True, reason="not kept yet: up to 0.6 % slower in the run of 300 rounds")
def test_fixed_scales_are_no_slower_where_our_runtime_uses_them() -> None:
    shapes = json.loads(RESULT.read_text("utf-8"))["shapes"]
    used = [found for shape, found in shapes.items() if prod(map(int, shape.split("×"))) <= _BATCH_PIECES]
    assert len(used) == 4
    assert all(found["int8"]["ratio"] <= 1 for found in used)
