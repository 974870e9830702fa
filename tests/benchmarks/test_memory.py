from pathlib import Path

import pytest

from benchmarks.memory import MOMENTS, measure_peer, number_of_calls, table
from benchmarks.peers import OURS, Settings
from toy_models import INT8


def test_a_process_at_each_moment(tmp_path: Path) -> None:
    found = measure_peer(OURS, Settings(tmp_path, INT8, tmp_path, threads=1), ["John lives", "in Berlin"], calls=5)
    memory = found["memory"]
    assert tuple(memory) == MOMENTS
    peaks = [memory[moment]["peak"] for moment in MOMENTS]
    assert peaks == sorted(peaks)
    assert 10e6 < memory["imported"]["rss"] <= memory["imported"]["peak"]
    assert memory["loaded"]["rss"] > memory["imported"]["rss"]


@pytest.mark.parametrize(
    ("peer", "quick", "default", "long"),
    [
        ("ours", 100, 10_000, 10_000),
        ("openvino-int8-latency", 100, 1_000, 10_000),
        ("transformers-float32", 100, 1_000, 1_000),
    ],
)
def test_calls(peer: str, quick: int, default: int, long: int) -> None:
    assert [number_of_calls(peer, extent) for extent in ("quick", "default", "long")] == [quick, default, long]


def test_table() -> None:
    def moments(megabytes: float) -> dict[str, dict[str, float]]:
        return {moment: {"rss": megabytes * 1e6, "pss": 1e6, "peak": 2e6 * megabytes} for moment in MOMENTS}

    record = {
        "peers": {
            "ours": {"memory": moments(100), "calls": 10_000},
            "other": {"memory": moments(450), "calls": 1_000},
            "third": {"missing": "gone"},
        },
        "sentences": 600,
        "our_growth": 50e6,
        "our_model_bytes": 14e6,
    }
    lines = table(record).splitlines()
    assert lines[2] == "| ours | 100 (1) | 100 (1) | 100 (1) | 100 (1) after 10,000 | 200 | 1.00 |"
    assert lines[3].endswith(" after 1,000 | 900 | 4.50 |")
    assert lines[4].startswith("| third | not measured: gone |")
    assert "50 MB" in lines[-1]
