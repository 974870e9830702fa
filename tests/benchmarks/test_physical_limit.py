from __future__ import annotations

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import toy
from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL
from benchmarks import physical_limit
from benchmarks.peers import PeerMissingError
from benchmarks.peers.models import Model
from benchmarks.physical_limit import (
    ENGINES,
    measure,
    onednn_gemm,
    onnxruntime_gemm,
    operands,
    operations,
    summarize,
    table,
)
from toy_models import FP32, INT8

CHECKPOINT = Path(__file__).parents[2] / "checkpoints" / default_model().name / "config.json"
TOY = toy.config(num_hidden_layers=7, num_hidden_groups=3, inner_group_num=2)  # as `make_toy_models.py` makes it
SIZE = (6, 20, 12)


@pytest.mark.parametrize(
    ("package", "config"), [(INT8, TOY), (default_model(), json.loads(CHECKPOINT.read_text("utf-8")))]
)
@pytest.mark.parametrize("rows", [1, 16, 512])
def test_operations_are_those_of_the_sizes(package: Path, config: dict[str, Any], rows: int) -> None:
    found = operations(onnx.load(package / MODEL).graph, rows)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    layers = config["num_hidden_layers"] * config["inner_group_num"]
    parameters = 4 * hidden * hidden + 2 * hidden * inner  # query, key, value, output; into and out of the middle
    assert found.total() == 2 * rows * layers * parameters
    assert set(found) == {(rows, hidden, n) for n in (3 * hidden, hidden, inner)} | {(rows, inner, hidden)}


def test_a_float_model_has_none() -> None:
    assert operations(onnx.load(FP32 / MODEL).graph, 16) == {}


@pytest.mark.parametrize(("operator", "kind"), [("MatMulInteger", np.int32), ("MatMulIntegerToFloat", np.float32)])
def test_a_bare_product(operator: str, kind: type[np.generic]) -> None:
    name, run = onnxruntime_gemm(operator, *SIZE)
    activations, weights = operands(*SIZE)
    assert name == f"{operator} 6×20×12"
    assert [activations.dtype.name, weights.dtype.name] == ["uint8", "int8"]
    result = run()[0]
    assert result.dtype == kind
    np.testing.assert_array_equal(result, activations.astype(np.int64) @ weights.astype(np.int64))


def test_without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(PeerMissingError, match="openvino isn't installed"):
        onednn_gemm(*SIZE)


def test_the_best_rate_and_the_own_ones() -> None:
    """Of a model with 8,000 operations of one size and 1,000 of another; the first is faster in another kernel."""
    work = Counter({(10, 20, 20): 8000, (10, 5, 10): 1000})
    times = {
        "slow 100×100×100": 1.0,  # 2,000,000 a second
        "slow 10×20×20": 0.02,
        "fast 10×20×20": 0.01,  # 800,000
        "slow 10×5×10": 0.01,  # 100,000
        "slow 110×5×10": 0.001,  # of another size, though it ends alike: 11,000,000
    }
    found = summarize(times, work)
    assert found["best"] == "slow 110×5×10"
    assert found["limit"] == pytest.approx(9000 / 11e6)
    assert found["own_rate"] == pytest.approx(9000 / (8000 / 800_000 + 1000 / 100_000))
    assert found["rates"]["fast 10×20×20"] == pytest.approx(800_000)


@pytest.fixture
def no_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small products, and no oneDNN, whatever is installed."""
    monkeypatch.setattr(physical_limit, "LARGE", [SIZE])
    monkeypatch.setitem(sys.modules, "openvino", None)


@pytest.mark.usefixtures("no_onednn")
def test_a_real_measurement() -> None:
    found = measure(INT8, (2, 9), rounds=1, seconds=0.001)
    assert found["seconds"] > 0
    assert found["operations"] == operations(onnx.load(INT8 / MODEL).graph, 18).total()
    assert list(found["engines"]) == list(ENGINES)
    engine = found["engines"]["ONNX Runtime"]
    sizes = ("6×20×12", "18×16×48", "18×16×16", "18×16×24", "18×24×16")
    assert set(engine["rates"]) == {f"{name} {size}" for name in physical_limit._GRAPHS for size in sizes}
    assert 0 < engine["own_rate"] <= engine["rates"][engine["best"]] == max(engine["rates"].values())
    assert engine["limit"] == found["operations"] / engine["rates"][engine["best"]]
    assert "openvino isn't installed" in found["engines"]["oneDNN"]["missing"]


@pytest.mark.usefixtures("no_onednn")
def test_an_engine_that_cannot_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it made before it failed doesn't run, and the rest goes on."""
    ran: list[int] = []

    def later(m: int, k: int, n: int) -> Any:
        if (m, k, n) != SIZE:
            raise PeerMissingError("not in int8")
        return "kernel", partial(ran.append, 0)

    monkeypatch.setattr(physical_limit, "ENGINES", {"oneDNN": [later], "ONNX Runtime": ENGINES["ONNX Runtime"]})
    found = measure(INT8, (1, 5), rounds=1, seconds=0)
    assert found["engines"]["oneDNN"] == {"missing": "not in int8"}
    assert found["engines"]["ONNX Runtime"]["limit"] > 0
    assert ran == []


@pytest.mark.usefixtures("no_onednn")
@pytest.mark.parametrize(
    ("arguments", "models"), [(["--quick"], ["default"]), (["--quick", "--only", "base", "xlarge"], ["base", "xlarge"])]
)
def test_what_is_written_and_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    models: list[str],
) -> None:
    output = tmp_path / "result.json"
    monkeypatch.setattr(physical_limit, "SHAPES", {"2×5": (2, 5)})
    monkeypatch.setattr(physical_limit, "_TURNS", {"quick": (2, 0.0)})
    monkeypatch.setattr(physical_limit, "prepare", lambda name, work: Model(tmp_path, INT8, work / name))
    monkeypatch.setattr(sys, "argv", ["physical_limit", *arguments, "--output", str(output)])
    physical_limit.main()
    record = json.loads(output.read_text("utf-8"))
    assert (list(record["models"]), record["quick"]) == (models, True)
    assert {"cpu", "packages", "commit"} <= set(record["environment"])
    assert capsys.readouterr().out == table(record) + "\n"


def test_table() -> None:
    engine = {"best": "MatMulInteger 512×1024×1024", "limit": 0.0005, "own_rate": 3.5e11}
    shape = {
        "operations": 339_738_624,
        "seconds": 0.0015,
        "engines": {
            "ONNX Runtime": engine | {"rates": {engine["best"]: 4.375e11}},
            "oneDNN": {"missing": "openvino isn't installed"},
        },
    }
    assert table({"models": {"default": {"1×16": shape}, "base": {"8×64": shape}}}).splitlines() == [
        "| default, one thread | 10⁹ operations | ours, ms "
        "| at ONNX Runtime's best rate, ms (of ours) | best rate, 10⁹ a second | at own sizes "
        "| at oneDNN's best rate, ms (of ours) | best rate, 10⁹ a second | at own sizes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 1×16 | 0.34 | 1.50 | 0.50 (33 %) | 438, MatMulInteger 512×1024×1024 | 350 "
        "| not measured: openvino isn't installed |  |  |",
        "",
        "| base, one thread | 10⁹ operations | ours, ms "
        "| at ONNX Runtime's best rate, ms (of ours) | best rate, 10⁹ a second | at own sizes "
        "| at oneDNN's best rate, ms (of ours) | best rate, 10⁹ a second | at own sizes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 8×64 | 0.34 | 1.50 | 0.50 (33 %) | 438, MatMulInteger 512×1024×1024 | 350 "
        "| not measured: openvino isn't installed |  |  |",
    ]
