from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers import OURS, Settings
from benchmarks.startup import installed_bytes, model_bytes, required, start, table
from toy import write_checkpoint
from toy_models import INT8


def test_what_ours_requires() -> None:
    found = required(["albert-ner-onnx"])
    assert {"albert-ner-onnx", "onnxruntime", "tokenizers", "numpy", "protobuf"} <= set(found)
    assert {"torch", "transformers", "pytest"}.isdisjoint(found)  # of extras, here and in what it requires
    assert "torch" in required(["transformers", "torch"])
    with pytest.raises(PackageNotFoundError):
        required(["no-such-distribution"])


def test_bytes_are_those_of_the_files() -> None:
    sizes = installed_bytes({name: distribution(name) for name in ("numpy", "albert-ner-onnx", "packaging")})
    packaging = distribution("packaging")
    folder = Path(str(packaging.locate_file("packaging")))
    sources = sum(file.stat().st_size for file in folder.rglob("*.py"))
    assert sources < sizes["packaging"] < sources + 100_000  # and the licences and metadata
    assert sizes["numpy"] > 10_000_000
    assert 14_000_000 < sizes["albert-ner-onnx"] < 20_000_000  # with its model, whether or not it is editable


def test_model_files(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    settings = Settings(checkpoint, INT8, tmp_path, 1)
    (tmp_path / "nncf").mkdir()
    (tmp_path / "nncf" / "model.xml").write_bytes(b"1" * 10)
    (tmp_path / "nncf" / "model.bin").write_bytes(b"1" * 100)
    assert model_bytes("openvino-int8-latency", settings) == 110
    assert model_bytes("transformers-float32", settings) == (checkpoint / "model.safetensors").stat().st_size
    assert model_bytes(OURS, settings) == model_bytes("spacy-small", settings) == 0


def test_a_process_to_its_first_entity(tmp_path: Path) -> None:
    settings = Settings(tmp_path, INT8, tmp_path, threads=1)
    assert 0.05 < start(OURS, settings) < 60
    with pytest.raises(RuntimeError, match="ours: a new process found no entities; exit status 1"):
        start(OURS, Settings(tmp_path, tmp_path, tmp_path, threads=1))


def test_table() -> None:
    found: dict[str, Any] = {"median": 0.25, "ratio": 1.0, "ratio_quartiles": [1.0, 1.0]}
    found |= {"installed_bytes": 123_400_000, "model_bytes": 0}
    lines = table({"ours": found, "spacy-small": {"missing": "not installed"}}).splitlines()
    assert lines[2] == "| ours | 0.25 | 1.0 | 1.0–1.0 | 123 | included |"
    assert lines[3] == "| spacy-small | not measured: not installed |  |  |  |  |"
