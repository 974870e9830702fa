from pathlib import Path
from typing import Any

import pytest

from benchmarks import latency_peers
from benchmarks.latency_peers import judge, table


def shapes(first: float, second: float, openvino: float) -> dict[str, Any]:
    ratios = {
        "ours": 1.0,
        "onnxruntime-int8-latency": first,
        "onnxruntime-o1-int8-latency": second,
        "openvino-int8-latency": openvino,
    }
    return {
        "1×16": {
            name: {"median": ratio / 1000, "ratio": ratio, "ratio_quartiles": [ratio, ratio]}
            for name, ratio in ratios.items()
        }
    }


@pytest.mark.parametrize(
    ("first", "second", "openvino", "gemm_share", "met"),
    [
        (1.15, 1.2, 1.0, None, True),
        (1.2, 1.149, 1.0, 0.7, False),  # the faster of the two counts
        (1.2, 1.149, 1.0, 0.71, True),  # where matrix products take nearly all, 1.05 is enough
        (1.2, 1.049, 1.0, 0.71, False),
        (1.2, 1.2, 0.999, 0.71, False),
    ],
)
def test_targets(
    monkeypatch: pytest.MonkeyPatch, first: float, second: float, openvino: float, gemm_share: float | None, met: bool
) -> None:
    profiled: list[Any] = []

    def profile(model: Path, ids: Any, seconds: float) -> dict[str, Any]:
        profiled.append((model, ids.shape))
        return {"gemm_share": gemm_share}

    monkeypatch.setattr(latency_peers, "profile", profile)
    found = judge(shapes(first, second, openvino), Path("model.onnx"))["1×16"]
    assert (found["stock"], found["openvino"], found["met"]) == (min(first, second), openvino, met)
    assert profiled == ([] if gemm_share is None else [(Path("model.onnx"), (1, 16))])
    assert ("profile" in found) == (gemm_share is not None)


def test_table() -> None:
    engines = {
        "agreement": {"ours": 0.9995, "onnxruntime-int8-latency": 0.9965},
        "shapes": shapes(1.2, 1.3, 1.0),
        "judged": {"1×16": {"met": False}},
    }
    short = {
        "p50": shapes(1.2, 1.3, 1.0)["1×16"],
        "agreement": {"ours": 0.9995},
        "peers": {"spacy-small": {"missing": "not installed"}},
    }
    lines = table({"2": {"engines": {"base": engines}, "short_text": short}}).splitlines()
    assert "| ours | 1.00 (1.00, 1.00–1.00) | 0.9995 |" in lines
    assert "| onnxruntime-int8-latency | 1.20 (1.20, 1.20–1.20) | 0.9965 |" in lines
    assert "| targets | missed |  |" in lines
    assert "| onnxruntime-o1-int8-latency | 1.30 (1.30, 1.30–1.30) | another model |" in lines
    assert lines[-1] == "| spacy-small | not measured: not installed |  |"
