from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albert_ner_export.options import ExportOptions
from albert_ner_onnx.cli import main
from albert_ner_onnx.model.manifest import Manifest
from fakes import manifest, set_exporter


class FakeExporter:
    """Records what it was asked to export."""

    def __init__(self) -> None:
        self.calls: list[tuple[Path, Path, ExportOptions, bool]] = []

    def export_model(self, source: Path, out: Path, options: ExportOptions, *, force: bool, report: Any) -> Manifest:
        report("reading")
        self.calls.append((source, out, options, force))
        return manifest()


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> FakeExporter:
    exporter = FakeExporter()
    set_exporter(monkeypatch, exporter.export_model)
    return exporter


def test_export_prints_its_steps_and_what_it_measured(
    model: Path, exporter: FakeExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "source", str(model)]) == 0
    assert exporter.calls == [(Path("source"), model, ExportOptions(), False)]
    out, err = capsys.readouterr()
    assert err == "reading\n"
    first, *others = out.splitlines()
    assert first.startswith(f"{model}: toy, int8, 1.52")
    assert first.endswith(" MB")
    assert len(others) == 3
    assert "int8 compared with float32: 98.08% of tags equal, 97.22% in entities" in out


def test_export_names_the_extra_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "albert_ner_export.pipeline", None)
    assert main(["export", "a", "b"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("albert-ner: error: exporting needs albert_ner_export")
    assert "pip install 'albert-ner-onnx[export]'" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--tags-file=tags.txt"], {"tags_file": Path("tags.txt")}),
        (["--labels=tags.txt"], {"tags_file": Path("tags.txt")}),
        (["--ignore-labels=X, [PAD]"], {"ignore_labels": ("X", "[PAD]")}),
        (["--ignore-labels="], {"ignore_labels": ()}),
        (["--case-sensitive=true"], {"case_sensitive": True}),
        (["--case-sensitive=false"], {"case_sensitive": False}),
        (["--keep-accents=true"], {"keep_accents": True}),
        (["--keep-accents=false"], {"keep_accents": False}),
        (["--max-sentence-length=512"], {"max_sentence_length": 512}),
        (["--exact-spark-nlp"], {"exact_spark_nlp": True}),
        (["--precision=fp32"], {"precision": "fp32"}),
        (["--interface=native"], {"interface": "native"}),
        (["--oracle=optimum"], {"oracle": "optimum"}),
        (["--oracle=transformers"], {"oracle": "transformers"}),
        (["--trust-tokenizer=ours"], {"trust_tokenizer": "ours"}),
        (["--interface=huggingface"], {"interface": "huggingface"}),
        (["--calibration=text.txt"], {"calibration": Path("text.txt")}),
        (["--gold=eng.testa"], {"gold": Path("eng.testa")}),
        (["--embedding-bits=4"], {"embedding_bits": 4}),
        (["--min-agreement=0.999"], {"min_agreement": 0.999}),
        (["--min-agreement=0"], {"min_agreement": 0.0}),
        (["--license=MIT", "--language=de"], {"license": "MIT", "language": "de"}),
    ],
)
def test_export_hands_its_options_to_the_exporter(
    model: Path, exporter: FakeExporter, arguments: list[str], expected: dict[str, Any]
) -> None:
    assert main(["export", "a", str(model), *arguments]) == 0
    assert exporter.calls == [(Path("a"), model, replace(ExportOptions(), **expected), False)]


def test_export_replaces_a_model_only_with_force(model: Path, exporter: FakeExporter) -> None:
    assert main(["export", "a", str(model), "--force"]) == 0
    assert exporter.calls == [(Path("a"), model, ExportOptions(), True)]


def test_a_percentage_is_refused_with_the_share_to_write(
    model: Path, exporter: FakeExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "a", str(model), "--min-agreement=99.9"]) == 1
    assert "it is a share, not a percentage: write 0.999" in capsys.readouterr().err
    assert exporter.calls == []


@pytest.mark.parametrize(
    "argument",
    [
        "--case-sensitive=maybe",
        "--keep-accents=some",
        "--case-sensitive",
        "--max-sentence-length=x",
        "--interface=triton",
        "--min-agreement=x",
    ],
)
def test_export_refuses_other_values(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["export", "a", "b", argument])
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert argument.partition("=")[0] in err
    assert err.count("\n") == 1
