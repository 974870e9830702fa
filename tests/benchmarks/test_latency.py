import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import latency, latency_peers


def test_figures_are_written_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def benchmark(package: Path, seconds: float) -> SimpleNamespace:
        return SimpleNamespace(as_dict=lambda: {"latencies": [str(package), seconds]}, report=lambda: "a table")

    output = tmp_path / "latency.json"
    monkeypatch.setattr(latency, "benchmark", benchmark)
    monkeypatch.setattr(sys, "argv", f"latency --package some --seconds 0.5 --output {output}".split())
    latency.main()
    record = json.loads(output.read_text())
    assert record["latencies"] == ["some", 0.5]
    assert record["environment"]["cpu"]
    assert capsys.readouterr().out == "a table\n"


def test_peers_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(latency_peers, "run", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(sys, "argv", f"latency --peers --quick --output {tmp_path}/peers.json".split())
    latency.main()
    assert asked == [(["default", "base", "xlarge"], Path("build/peers"), True, tmp_path / "peers.json")]
