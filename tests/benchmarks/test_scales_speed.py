import json

from benchmarks.scales_speed import RESULT, table


def test_table() -> None:
    found = {"int8": {"ratio": 0.9914, "ratio_quartiles": [0.98, 1.0]}}
    head, _, row = table({"1×16": found, "8×64": found}).splitlines()
    assert head == "| time of int8 over that with dynamic scales | 1×16 | 8×64 |"
    assert row == "| median (quartiles) | 0.991 (0.980–1.000) | 0.991 (0.980–1.000) |"


def test_fixed_scales_are_no_slower() -> None:
    shapes = json.loads(RESULT.read_text("utf-8"))["shapes"]
    assert len(shapes) == 5
    assert all(found["int8"]["ratio"] <= 1 for found in shapes.values())
