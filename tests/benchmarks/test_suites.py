"""Every suite on a tiny model: it runs, gives JSON with shares from 0 to 1, and its tables can be written."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from albert_ner_onnx import Entity
from benchmarks import accuracy, adapters, portability, quantization, runs, scaling, sizes, speed, start, untidy
from benchmarks.child import call_in_child
from benchmarks.emulation import Environment, UnavailableError
from benchmarks.models import random_model
from benchmarks.peers import OURS, PEERS, PRESIDIO
from benchmarks.run import Run
from toy import config
from toy_models import FP32, INT8


def shares(figures: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """All figures whose name says that they are shares."""
    if isinstance(figures, dict):
        for key, value in figures.items():
            yield from shares(value, key)
    elif any(part in name for part in ("f1", "precision", "recall", "accuracy", "tags", "agreement")):
        yield name, figures


def checked(suite: Any, figures: dict[str, Any]) -> dict[str, str]:
    assert all(0 <= share <= 1 for _, share in shares(figures))
    tables: dict[str, str] = suite.tables(json.loads(json.dumps(figures)))
    assert all(table.startswith("|") for table in tables.values())
    return tables


def test_accuracy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "exported", lambda run, precision: FP32)
    monkeypatch.setattr(accuracy, "WINDOWS", (24, 12))
    figures = accuracy.measure(run)
    tables = checked(accuracy, figures)
    assert (figures["words"], figures["sentences"]) == (9, 3)
    assert figures["contexts"].keys() == {
        f"{context}, {decoder}" for context in ("sentence", "document") for decoder in ("argmax", "viterbi")
    }
    assert figures["contexts"]["sentence, viterbi"]["f1"] == figures["by_sentence"]["int8"]["f1"]
    assert figures["printed_text"]["words_f1"] == 1
    assert f"| {accuracy.CARD_NAME} |" not in tables["card"]
    assert "90.16" in tables["card"]
    assert "24 pieces" in tables["windows"]


def test_untidy_text(run: Run) -> None:
    figures = untidy.measure(run)
    tables = checked(untidy, figures)
    assert figures["kept"].keys() == untidy._SETTINGS.keys()
    assert "| `**Berlin**` |" in tables["names"]


def test_untidy_text_is_set_around_its_entities() -> None:
    entities = [Entity("Anna", "PER", 0, 4, 1.0, 1.0), Entity("Bonn", "LOC", 9, 13, 1.0, 1.0)]
    marked = untidy.set_text("Anna met Bonn", entities, untidy.Setting("<", ">>"))
    assert marked == ("<Anna>> met <Bonn>>", {(1, 5, "PER"), (13, 17, "LOC")})
    spread = untidy.set_text("Anna met Bonn", entities, untidy.Setting(char=lambda char: char * 2))
    assert spread == ("AAnnnnaa  mmeett  BBoonnnn", {(0, 8, "PER"), (18, 26, "LOC")})
    assert untidy.set_text("Anna", entities[:1], untidy.Setting(start="> ")) == ("> Anna", {(2, 6, "PER")})
    soft = untidy.Setting(char=lambda char: "\u00ad" + char)
    assert untidy.set_text("Anna", entities[:1], soft) == ("\u00adA\u00adn\u00adn\u00ada", {(1, 8, "PER")})


def test_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "random_model", lambda run, shape, folder: (run.checkpoint, INT8))
    monkeypatch.setattr(runs, "OUTPUTS", {name: runs.OUTPUTS[name] for name in ("jsonl", "redact")})
    monkeypatch.setattr(runs, "_QUICK_MEGABYTES", (0.01,))
    monkeypatch.setattr(runs, "_QUICK_LINES", 1_500)
    figures = runs.measure(run)
    tables = checked(runs, figures)
    kills = figures["kills"]
    assert kills["equal_to_the_byte"] == kills["tried"] == 2
    assert figures["speed"]["ways"][runs.REFERENCE]["ratio"] == 1
    assert "| 0.01 MB |" in tables["memory"]


def test_adapters(run: Run) -> None:
    figures = adapters.measure(run)
    tables = checked(adapters, figures)
    assert all(each["texts_answered_alike"] == 1 for each in figures["adapters"].values())
    assert figures["adapters"].keys() == adapters.ADAPTERS.keys()
    assert PEERS[PRESIDIO].title in tables["today"]


def test_quantization(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "exported", lambda run, precision: FP32)
    monkeypatch.setattr(quantization, "make_stock", lambda kind, checkpoint, folder: FP32 / "model.onnx")
    figures = quantization.measure(run)
    tables = checked(quantization, figures)
    ours = figures["ways"][quantization.OURS]
    assert (ours["batch"]["tags_changed"], ours["batch"]["max_probability_difference"]) == (0, 0)
    assert ours["seconds"].keys() == {"1×16", "8×16"}  # what the tiny model can read
    assert ours["seconds"]["1×16"]["ratio"] == 1
    assert all(f"| {way} |" in tables["ways"] for way in quantization.STOCK_WAYS)


def test_portability(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run_here = Environment.run

    def run_there(self: Environment, *arguments: Any) -> str:
        if self.arm64:
            raise UnavailableError("apt-get: exit status 100: host.example")
        return run_here(self, *arguments)

    monkeypatch.setattr(Environment, "run", run_there)
    environments = {portability.NATIVE: Environment(), "again": Environment(), "arm64": Environment(arm64=True)}
    monkeypatch.setattr(portability, "ENVIRONMENTS", environments)
    figures = portability.measure(run)
    again = figures["environments"]["again"]
    assert again["logits_equal_to_the_bit"]
    assert (again["tags_equal"], again["max_probability_difference"]) == (1, 0)
    assert figures["environments"]["arm64"] == {"missing": "can't be made here"}
    assert "arm64: not run: apt-get: exit status 100" in capsys.readouterr().err
    assert "| arm64 | not measured |" in checked(portability, figures)["environments"]


def test_sizes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "random_model", lambda run, shape, folder: (run.checkpoint, INT8))
    monkeypatch.setattr(sizes, "make_stock", lambda kind, checkpoint, folder: FP32 / "model.onnx")
    monkeypatch.setattr(sizes, "call_in_child", lambda _, name, *arguments: getattr(sizes, name)(*arguments))
    figures = sizes.measure(run)
    assert figures["base"]["correlation_with_float32"]["stock_int8"] == 1
    assert "| base |" in checked(sizes, figures)["models"]


def test_a_random_model_is_exported_once(run: Run) -> None:
    names = ("embedding_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    shape = {name: config()[name] for name in (*names, "max_position_embeddings")}
    checkpoint, model = random_model(run, shape, run.work / "tiny")
    written = (model / "model.onnx").stat().st_mtime_ns
    assert random_model(run, shape, run.work / "tiny") == (checkpoint, model)
    assert (model / "model.onnx").stat().st_mtime_ns == written


def test_speed_with_agreement_and_a_missing_peer(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "ENGINES", (OURS,))  # so that the others start only once
    monkeypatch.setattr(speed, "CALLS", {"1×8": (1, 8)})
    figures = speed.measure(replace(run, peers=(OURS, "transformers", "spacy")))
    tables = checked(speed, figures)
    assert figures["sentences"]["agreement"].keys() == {OURS, "transformers"}
    assert figures["sentences"]["agreement"]["transformers"] == 1
    assert figures["sentences"]["peers"][OURS]["ratio"] == 1
    assert (figures["sentences"]["texts"], figures["documents"]["texts"]) == (3, 2)
    if "missing" in figures["peers"]["spacy"]:
        assert "spacy: not measured:" in capsys.readouterr().err
        assert "Not measured: spacy (" in tables["texts"]
    assert "| transformers' pipeline, float32 |" in tables["texts"]
    assert "| int8 | ours | " in tables["engines"]


def test_start(run: Run) -> None:
    figures = start.measure(replace(run, peers=(OURS,)))
    ours = figures["peers"][OURS]
    assert figures["peers"].keys() == {OURS}
    assert ours["start"]["median"] > 0
    memory = ours["memory"]
    assert 0 < memory["imported"]["resident"] <= memory["after_calls"]["peak"]
    assert PEERS[OURS].title in checked(start, figures)["peers"]


def test_scaling(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_WARM_UP", 2)
    monkeypatch.setattr(scaling, "call_in_child", lambda module, function, *arguments: scaling.probe(*arguments))
    figures = scaling.measure(run)
    tables = checked(scaling, figures)
    assert [point["size"] for point in figures["curves"]["texts"]] == [50, 200]
    assert "CPU time grows with the power" in tables["growth"]


def test_the_power_of_growth() -> None:
    linear = [{"size": size, "cpu_seconds": 3e-4 * size} for size in (10, 100, 1000)]
    assert scaling.exponent(linear) == 1
    assert scaling.exponent([point | {"cpu_seconds": point["size"] ** 2} for point in linear]) == 2


def test_a_child_that_fails_says_why() -> None:
    assert call_in_child("operator", "add", 2, 3) == 5
    with pytest.raises(RuntimeError, match=r"operator\.truediv: ZeroDivisionError: division by zero"):
        call_in_child("operator", "truediv", 1, 0)


def test_texts_without_gold_tags_are_our_own() -> None:
    texts = speed.read_texts(Run(quick=True))
    assert (len(texts["sentences"]), len(texts["documents"])) == (30, 2)
    assert all(len(text.split()) > 100 for text in texts["documents"])
