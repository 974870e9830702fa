"""Inputs of several chunks, and runs with a toy model, which is fast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx.files.readers import chunking
from albert_ner_onnx.runs import Summary, run
from toy_models import INT8

WORDS = ["John", "Smith", "lives", "in", "Berlin", "Mary", "Paris", "xyz", ".", "Zürich"]


def sentence(number: int) -> str:
    return " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 6)) + f" {number}"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 10)


@pytest.fixture
def texts() -> list[str]:
    """The texts of two chunks and a bit."""
    return [sentence(number) for number in range(21)]


@pytest.fixture
def source(tmp_path: Path, texts: list[str]) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return path


@pytest.fixture
def start() -> Callable[..., Summary]:
    def start(inputs: Any, output: Any, **options: Any) -> Summary:
        return run(inputs, output, **{"model": INT8, **options})

    return start
