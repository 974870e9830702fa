"""The pages describe every option, attribute and field that there is."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

import albert_ner_onnx
from albert_ner_onnx import cli, errors
from albert_ner_onnx.model import manifest
from albert_ner_onnx.recognizer import EntityRecognizer
from pages import ROOT

PYTHON, COMMAND_LINE, MODEL_FORMAT, EXPORT = (
    (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("python", "command-line", "model-format", "export")
)
IN_GENERAL = {"--help", "--version", "--debug", "--model"}  # described once, for all commands


def missing(names: set[str], page: str) -> set[str]:
    """The names that no code of a page contains."""
    code = " ".join(re.findall(r"`+([^`]+)`+", page))
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)}


def test_options_of_load() -> None:
    assert not missing(set(inspect.signature(albert_ner_onnx.load).parameters) - {"path"}, PYTHON)


def test_the_recognizer() -> None:
    assert not missing({name for name in vars(EntityRecognizer) if not name.startswith("_")}, PYTHON)


@pytest.mark.parametrize("name", ["Entity", "Document"])
def test_values(name: str) -> None:
    kind = getattr(albert_ner_onnx, name)
    methods = {method for method, _ in inspect.getmembers(kind, callable) if not method.startswith("_")}
    assert not missing({field.name for field in fields(kind)} | methods, PYTHON)


def test_errors() -> None:
    assert not missing({name for name in vars(errors) if name.endswith("Error")}, PYTHON)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_options_of_commands(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    options = set(re.findall(r"(?<!\w)--[a-z][a-z-]+\b", capsys.readouterr().out)) - IN_GENERAL
    page = EXPORT if command == "export" else COMMAND_LINE.partition(f"\n## {command}")[2].partition("\n## ")[0]
    assert not missing(options, page)


@pytest.mark.parametrize("kind", ["Manifest", "Verification", "Quantization", "Quality", "GoldScores"])
def test_fields_of_the_manifest(kind: str) -> None:
    prefix = "quality." if kind == "Quality" else ""
    assert not missing({f"{prefix}{field.name}" for field in fields(getattr(manifest, kind))}, MODEL_FORMAT)
