"""A model's files as bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import toy_models
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.copies import ModelInMemory, read_files
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MANIFEST, MODEL, TOKENIZER
from albert_ner_onnx.recognizer import EntityRecognizer


@pytest.fixture
def folder() -> ModelFolder:
    return ModelFolder.open(toy_models.INT8)


def test_a_copy_is_the_model(folder: ModelFolder, tmp_path: Path) -> None:
    files = read_files(folder)
    assert list(files) == [MODEL, TOKENIZER, MANIFEST]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    copy = ModelFolder.open(tmp_path)
    assert copy.manifest == folder.manifest
    assert [copy.read(name) for name in (MODEL, TOKENIZER)] == [folder.read(name) for name in (MODEL, TOKENIZER)]


def test_a_model_in_memory_answers_as_on_disk(folder: ModelFolder) -> None:
    texts = ["John lives in Berlin.", "", "Nothing happened."]
    memory = EntityRecognizer(ModelInMemory.open_files(read_files(folder)))
    assert memory.analyze_batch(texts) == EntityRecognizer(folder).analyze_batch(texts)
    assert read_files(memory.folder) == read_files(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({MANIFEST: None}, "hold no model"),
        ({MANIFEST: b"{}"}, "schema_version must be"),
        ({MODEL: None}, "model.onnx is missing or damaged in the bytes of"),
        ({TOKENIZER: b"{}"}, "tokenizer.json is missing or damaged in the bytes of"),
    ],
)
def test_damage_is_refused(folder: ModelFolder, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ModelInMemory.open_files(read_files(folder) | change)


@pytest.mark.parametrize("files", [{}, [], None, b"", {MANIFEST: "{}"}])
def test_other_values_are_refused(files: Any) -> None:
    with pytest.raises(ModelError, match="hold no model"):
        ModelInMemory.open_files(files)
