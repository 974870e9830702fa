from __future__ import annotations

import sys
from pathlib import Path

import pytest

from albert_ner_onnx.cli import main
from albert_ner_onnx.model.manifest import Manifest
from fakes import manifest, set_exporter


def test_export_hands_its_arguments_to_the_exporter(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[object] = []

    def export_model(source: Path, out: Path, **options: object) -> Manifest:
        report = options.pop("report")
        assert callable(report)
        report("reading")
        calls.append((source, out, options))
        return manifest()

    set_exporter(monkeypatch, export_model)
    assert main(["export", "source", str(model)]) == 0
    options = {"precision": "int8", "force": False, "license": None, "language": None}
    assert calls == [(Path("source"), model, options)]
    out, err = capsys.readouterr()
    assert err == "reading\n"
    first, *others = out.splitlines()
    assert first.startswith(f"{model}: toy, int8, 1.52")
    assert first.endswith(" MB")
    assert len(others) == 3
    assert "int8 compared with float32: 98.08% of tags equal, 97.22% in entities" in out
    assert (
        main(
            [
                "export",
                "a",
                str(model),
                "--precision=fp32",
                "--force",
                "--license=MIT",
                "--language=de",
            ]
        )
        == 0
    )
    assert calls[1:] == [
        (
            Path("a"),
            model,
            {"precision": "fp32", "force": True, "license": "MIT", "language": "de"},
        ),
    ]


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
    ("argument", "expected"),
    [
        ("--tags-file=tags.txt", {"labels": Path("tags.txt")}),
        ("--labels=tags.txt", {"labels": Path("tags.txt")}),
        ("--case-sensitive=true", {"case_sensitive": True}),
        ("--case-sensitive=false", {"case_sensitive": False}),
        ("--max-sentence-length=512", {"max_sentence_length": 512}),
        ("--exact-spark-nlp", {"exact_spark_nlp": True}),
        ("--interface=native", {"interface": "native"}),
        ("--calibration=text.txt", {"calibration": Path("text.txt")}),
        ("--gold=eng.testa", {"gold": Path("eng.testa")}),
        ("--min-agreement=0.999", {"min_agreement": 0.999}),
        ("--min-agreement=0", {"min_agreement": 0.0}),
        ("--interface=huggingface", {"interface": "huggingface"}),
    ],
)
def test_export_hands_on_what_is_given_of_the_source(
    model: Path, monkeypatch: pytest.MonkeyPatch, argument: str, expected: dict[str, object]
) -> None:
    calls: list[dict[str, object]] = []

    def export_model(source: Path, out: Path, **options: object) -> Manifest:
        calls.append(options)
        return manifest()

    set_exporter(monkeypatch, export_model)
    assert main(["export", "a", str(model)]) == 0
    assert main(["export", "a", str(model), argument]) == 0
    plain, given = calls
    assert given == plain | expected
    assert given.keys() - plain.keys() == expected.keys()


@pytest.mark.parametrize(
    "argument",
    [
        "--case-sensitive=maybe",
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
