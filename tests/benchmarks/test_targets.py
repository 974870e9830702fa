import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers import QUICK_PEERS
from benchmarks.targets import QUESTIONS, read_results, table, targets


def times(ratio: float) -> dict[str, Any]:
    return {"median": 0.001, "ratio": ratio, "ratio_quartiles": [ratio - 0.1, ratio + 0.1]}


def throughput(transformers: float, optimum: float, openvino: float, stock: float) -> dict[str, Any]:
    """Of each kind also a variant that is slower, and of OpenVINO a faster one that is no int8."""
    peers = {
        "ours": times(1),
        "transformers-float32": times(transformers),
        "optimum-float32": times(optimum + 1),
        "optimum-int8": times(optimum),
        "openvino-float32-latency": times(0.1),
        "openvino-int8-latency": times(openvino + 1),
        "openvino-int8-throughput": times(openvino),
        "onnxruntime-int8-throughput": times(stock),
        "onnxruntime-o1-int8-latency": times(stock + 1),
    }
    return {"sets": {"CoNLL sentences": {"texts": 300, "peers": peers}, "long documents": {"texts": 2, "peers": {}}}}


def latency(stock: float, openvino: float, gemm_share: float, short: float) -> dict[str, Any]:
    judged = {"stock": stock, "openvino": openvino, "met": False, "profile": {"gemm_share": gemm_share}}
    part = {
        "engines": {"base": {"judged": {"1×16": judged}}, "default": {"judged": {"1×16": judged}}},
        "short_text": {
            "p50": {"ours": times(1.4), "ours-latency": times(1), "spacy-small": times(0.5), "x": times(short)}
        },
    }
    return {"threads": {"2": part, "1": {}}}


def memory(ours: int, theirs: int, grown: int) -> dict[str, Any]:
    peers = {
        name: {"memory": {"after_sentences": {"rss": size}}}
        for name, size in (("ours", ours), ("transformers-float32", theirs))
    }
    return {"peers": peers, "sentences": 600, "our_growth": grown, "our_model_bytes": 10_000_000}


@pytest.mark.parametrize(
    ("name", "at", "beyond"),
    [
        ("latency_peers", latency(1.15, 1, 0.7, 1.3), latency(1.149, 0.99, 0.7, 1.29)),
        ("latency_peers", latency(1.05, 1, 0.71, 1.3), latency(1.049, 0.99, 0.71, 1.29)),
        ("throughput", throughput(10, 5, 1.3, 1.3), throughput(9.9, 4.9, 1.29, 1.29)),
        (
            "startup",
            {"peers": {"transformers-float32": times(15)}},
            {"peers": {"transformers-float32": times(14.9)}},
        ),
        ("memory", memory(100, 400, 50_000_000), memory(101, 400, 50_000_001)),
        (
            "stages",
            {"file": "f", "corpus": {"shares": {"model": 0.85}}},
            {"file": "f", "corpus": {"shares": {"model": 0.849}}},
        ),
        ("scaling", {"exponents": {}, "faults": []}, {"exponents": {}, "faults": ["much"]}),
    ],
)
def test_bounds(name: str, at: dict[str, Any], beyond: dict[str, Any]) -> None:
    assert [target.met for target in targets({name: at})] == [True] * len(targets({name: at}))
    assert [target.met for target in targets({name: beyond})] == [False] * len(targets({name: at}))


def test_peers_that_a_quick_run_leaves_out_have_no_target() -> None:
    record = throughput(12, 6, 1.5, 1.4)
    peers = record["sets"]["CoNLL sentences"]["peers"]
    record["sets"]["CoNLL sentences"]["peers"] = {name: peers[name] for name in peers if name in QUICK_PEERS}
    whats = [target.what for target in targets({"throughput": record})]
    assert whats == [
        "300 CoNLL sentences, against transformers' pipeline, float32",
        "300 CoNLL sentences, against OpenVINO int8, raw and sorted",
        "300 CoNLL sentences, against stock int8, raw and sorted",
    ]


def test_the_best_peer_counts() -> None:
    found = {target.what: target.found for target in targets({"throughput": throughput(12, 6, 1.5, 1.4)})}
    assert found == {
        "300 CoNLL sentences, against transformers' pipeline, float32": "12.00× (11.90–12.10)",
        "300 CoNLL sentences, against optimum's pipeline": "6.00× (5.90–6.10)",
        "300 CoNLL sentences, against OpenVINO int8, raw and sorted": "1.50× (1.40–1.60)",
        "300 CoNLL sentences, against stock int8, raw and sorted": "1.40× (1.30–1.50)",
    }


def test_a_lower_bound_is_explained() -> None:
    (stock, openvino, short) = targets({"latency_peers": latency(1.06, 1.01, 0.8, 2)})
    assert stock.bound == "1.05× or more (GEMMs are 80 % of ours)"
    assert openvino.bound == "1× or more"
    assert short.found == "2.00× (1.90–2.10)"


def test_table_and_files(tmp_path: Path) -> None:
    for name in ("scaling", "quantization"):
        record = {"exponents": {"texts": {"cpu_seconds": 1.016}}, "faults": ["much"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    results = read_results(tmp_path)
    assert list(results) == ["scaling"]
    assert "scaling" in QUESTIONS
    head, _, row = table(results).splitlines()
    assert head == "| ours | is to be | is | met |"
    assert row.endswith("| linear, and constant | powers: texts 1.02 | **no** |")
