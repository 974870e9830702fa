import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sizes import kept
from benchmarks.sizes_table import RESULT, faults, limits, tables

README = Path(__file__).parents[2] / "benchmarks" / "README.md"
PEER = {"bytes": 4_000_000, "resident_mb": 90, "load_seconds": 0.1, "products_in_integers": 8, "products_in_float": 90}


def figures(precision: str = "int8", **changes: Any) -> dict[str, Any]:
    """Of a model of a million parameters, all at their limits."""
    ours: dict[str, dict[str, Any]] = {}
    for name, width in (("fp32", 4.24), ("int8", 1.08)):
        size = round(width * 1e6)
        most = limits(1_000_000, name, size)
        ours[name] = PEER | most | {"bytes": size, "seconds": 1, "cpu_seconds": 2, "child_peak_mb": 3}
    ours[precision] |= changes
    return {
        "parameters": 1_000_000,
        **{f"ours_{name}": found for name, found in ours.items()},
        "int8_against_fp32": {"correlation": 0.99, "by_tag": [0.98, 0.97]},
        "environment": {"cpu": "A processor"},
        **{f"optimum_{name}": PEER for name in ("float32", "quantize_dynamic", "o1_quantizer")},
    }


def test_limits() -> None:
    assert limits(1_000_000, "int8", 1_000_000) == {
        "bytes_per_ideal_byte": 1.08,
        "resident_mb": 62.2,
        "own_peak_mb": 1516,
    }


def test_at_the_limit_all_is_well() -> None:
    assert faults({"base-v2": figures()}) == []


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("name", ["bytes_per_ideal_byte", "resident_mb", "own_peak_mb"])
def test_beyond_the_limit(precision: str, name: str) -> None:
    (line,) = faults({"base-v2": figures(precision, **{name: 9999})})
    assert line.startswith(f"base-v2, {precision}: {name} is 9,999, at most ")


def test_what_failed_and_what_does_not_correlate() -> None:
    found = figures(failed="MemoryError")
    found["int8_against_fp32"] = {"correlation": 0.9899, "by_tag": [0.9899]}
    assert [line.split(": ")[1][:12] for line in faults({"xlarge-v1": found})] == ["MemoryError", "int8's logit"]
    assert "MemoryError" in tables({"xlarge-v1": found})[0]


def test_readme_has_the_tables_of_the_result() -> None:
    sizes = json.loads(RESULT.read_text("utf-8"))["sizes"]
    assert faults(sizes) == []
    assert all(table in README.read_text("utf-8") for table in tables(sizes))


def test_a_files_sizes_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "sizes.json"
    assert kept(file) == {}
    file.write_text(json.dumps({"sizes": {"base-v2": figures()}}))
    assert kept(file) == {"base-v2": figures()}
