import json
from typing import Any

import pytest

from benchmarks.scales_speed import RESULT, keep, kernel, table

SLOWEST = {"AVX512-VNNI": 1.0, "AVX2": 1.01}  # without VNNI products take longer, and one short text as long as before


def record(flag: str, ratio: float) -> dict[str, Any]:
    found = {"int8": {"ratio": ratio, "ratio_quartiles": [0.98, 1.0]}}
    environment = {"cpu": "Some CPU", "cpu_flags": ["sse2", flag], "commit": "0123456789"}
    return {"shapes": {"1×16": found, "8×64": found}, "environment": environment}


def test_table() -> None:
    head, _, row = table([record("avx2", 0.9914)]).splitlines()
    assert head == "| machine | 1×16 | 8×64 |"
    assert row == "| Some CPU, AVX2, commit 0123456 | 0.991 (0.980–1.000) | 0.991 (0.980–1.000) |"


def test_a_record_replaces_that_of_the_same_kind_of_cpu_alone() -> None:
    old, new, other = record("avx2", 0.9), record("avx2", 0.8), record("avx512_vnni", 0.7)
    assert keep(new, [old, other]) == [new, other]
    assert keep(other, [new]) == [new, other]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["avx2", "avx512bw", "avx512_vnni", "avx_vnni"], "AVX512-VNNI"),
        (["avx2", "avx_vnni"], "AVX-VNNI"),
        (["avx2", "avx512bw"], "AVX512"),
        (["sse2"], "none of these"),
    ],
)
def test_kernel(flags: list[str], expected: str) -> None:
    assert kernel({"cpu_flags": flags}) == expected


def test_fixed_scales_are_no_slower() -> None:
    records = json.loads(RESULT.read_text("utf-8"))
    assert {kernel(found["environment"]) for found in records} == set(SLOWEST)
    for found in records:
        assert len(found["shapes"]) == 5
        most = SLOWEST[kernel(found["environment"])]
        assert all(shape["int8"]["ratio"] <= most for shape in found["shapes"].values())
