import argparse
import importlib
import json
import sys
from pathlib import Path

import pytest

from benchmarks import suite
from benchmarks.suite import questions, run


class ParsedError(Exception):
    """Arguments are fine, and nothing is measured."""


@pytest.mark.parametrize("extent", ["quick", "default", "long"])
def test_each_question_has_a_script_that_knows_its_options(extent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser: argparse.ArgumentParser) -> None:
        parse(parser)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    for name, arguments in questions(Path(__file__), Path("work"), extent).items():
        script = importlib.import_module(f"benchmarks.{name}")
        monkeypatch.setattr(sys, "argv", [name, *arguments, "--output", "file"])
        with pytest.raises(ParsedError):
            script.main()


def test_extents() -> None:
    work = Path("w")
    assert questions(None, work, "quick")["scaling"] == ["--quick"]
    assert questions(None, work, "default")["scaling"] == []
    assert questions(None, work, "long")["scaling"] == ["--long"]
    assert questions(None, work, "long")["memory"] == ["--work", "w", "--long"]
    assert questions(None, work, "default")["memory"] == ["--work", "w"]
    assert questions(Path("f"), work, "default")["throughput"] == ["f", "--work", "w"]
    assert questions(None, work, "default")["throughput"] == ["--work", "w"]
    assert questions(None, work, "quick")["latency_peers"] == ["--work", "w", "--only", "default", "--quick"]


def test_a_question_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    asked: dict[str, list[str]] = {"quantization_plot": [], "scaling_plot": []}  # which take no --output, but a file
    seconds, failed = run(asked, tmp_path)
    assert list(seconds) == failed == list(asked)


def test_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[str]] = []
    monkeypatch.setattr(suite, "make_models", lambda names, work: made.append(list(names)))
    monkeypatch.setattr(suite, "run", lambda asked, results: ({name: 1.5 for name in asked}, []))
    monkeypatch.setattr("benchmarks.report.main", lambda: pytest.fail("the README is for full runs"))
    monkeypatch.setattr(sys, "argv", ["suite", "--quick", "--results", str(tmp_path / "new")])
    suite.main()
    record = json.loads((tmp_path / "new" / "suite.json").read_text())
    assert made == [["default"]]
    assert record["extent"] == "quick"
    assert record["seconds"]["startup"] == 1.5


def test_failures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "make_models", lambda names, work: None)
    monkeypatch.setattr(suite, "run", lambda asked, results: ({"memory": 1.0, "startup": 2.0}, ["memory"]))
    monkeypatch.setattr(sys, "argv", ["suite", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^failed: memory;"):
        suite.main()


def test_a_wrong_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["suite", "nowhere"])
    with pytest.raises(SystemExit, match=r"^nowhere: no such file"):
        suite.main()
