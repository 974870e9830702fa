from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import albert_ner_onnx
from albert_ner_onnx.model.manifest import MANIFEST, MODEL, TOKENIZER
from fakes import GOLD, FakeRecognizer, manifest


@pytest.fixture
def recognizer(monkeypatch: pytest.MonkeyPatch) -> FakeRecognizer:
    fake = FakeRecognizer()
    monkeypatch.setattr(albert_ner_onnx, "load", fake.load)
    return fake


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / MODEL).write_bytes(bytes(1_500_000))
    (folder / TOKENIZER).write_bytes(bytes(25_000))
    (folder / MANIFEST).write_text(manifest().to_json(), encoding="utf-8")
    return folder


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.conll"
    path.write_text(GOLD)
    return path


@pytest.fixture
def standard_input(tmp_path: Path) -> Iterator[Callable[[bytes], None]]:
    """Gives this process some bytes as its standard input, which must be left open."""
    kept = os.dup(0)

    def give(content: bytes) -> None:
        path = tmp_path / "standard input"
        path.write_bytes(content)
        with open(path, "rb") as stream:
            os.dup2(stream.fileno(), 0)

    try:
        yield give
        os.lseek(0, 0, os.SEEK_SET)  # it was left open
    finally:
        os.dup2(kept, 0)
        os.close(kept)
