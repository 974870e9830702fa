"""`python -m benchmarks`: what it runs, writes and says."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy, run
from benchmarks.__main__ import main
from benchmarks.run import Run, describe_environment
from toy_models import FP32, INT8


@pytest.fixture
def arguments(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(accuracy, "exported", lambda run, precision: FP32)
    folders = {"checkpoint": run.checkpoint, "model": INT8, "work": run.work, "results": tmp_path / "results"}
    return ["--quick", *(str(part) for name, folder in folders.items() for part in (f"--{name}", folder))]


def test_a_suite_writes_its_record(
    arguments: list[str], conll: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accuracy", "--conll", str(conll), *arguments]) == 0
    record = json.loads((tmp_path / "results" / "accuracy.json").read_text())
    assert (record["suite"], record["quick"], record["data"]) == ("accuracy", True, "gold.conll")
    assert {"cpu", "cpu_flags", "amx", "packages", "commit", "changed"} <= record["environment"].keys()
    assert "onnxruntime" in record["environment"]["packages"]
    assert str(tmp_path) not in json.dumps(record)
    assert "F1 of phrases" in capsys.readouterr().out


def test_a_suite_without_its_data_is_named_in_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accuracy", *arguments]) == 0
    assert "accuracy: not run: needs gold tags; give --conll FILE" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_suite_without_a_package_is_named_in_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(run: Run) -> None:
        raise ModuleNotFoundError("No module named 'openvino'", name="openvino")

    monkeypatch.setattr(accuracy, "measure", measure)
    assert main(["accuracy", *arguments]) == 0
    assert "accuracy: not run: openvino isn't installed; pip install -e '.[benchmark]'" in capsys.readouterr().err


def test_a_suite_that_fails_does_not_stop_the_others(
    arguments: list[str], conll: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: Run) -> dict[str, Any]:
        raise OSError("disk full")

    monkeypatch.setattr("benchmarks.scaling.measure", fail)
    assert main(["scaling", "accuracy", "--conll", str(conll), *arguments]) == 1
    assert [file.name for file in (tmp_path / "results").iterdir()] == ["accuracy.json"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["acuracy"], "no suite 'acuracy'; there are accuracy, untidy"),
        (["--conll", "nowhere"], "nowhere: no such file or folder"),
        (["--peers", "nobody"], "invalid choice: 'nobody'"),
    ],
)
def test_wrong_arguments(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given)
    assert message in capsys.readouterr().err


def test_the_record_says_whether_amx_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe_environment()["amx"] in ("absent", "allowed", "refused")
    assert run._amx(("avx2",)) == "absent"
    calls = []

    class Library:
        def syscall(self, *arguments: int) -> int:
            calls.append(arguments)
            return -1

    monkeypatch.setattr("ctypes.CDLL", lambda name: Library())
    assert run._amx(("amx_tile",)) == "refused"
    assert calls == [(158, 0x1023, 18)]
