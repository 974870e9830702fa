"""The recognizer for Presidio, in Presidio's own analyzer. No model of spaCy is installed or needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("presidio_analyzer")
pytest.importorskip("presidio_anonymizer")

import yaml
from presidio_analyzer import (
    AnalyzerEngine,
    AnalyzerEngineProvider,
    BatchAnalyzerEngine,
    RecognizerRegistry,
)
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

import albert_ner_onnx
from albert_ner_onnx import InferenceError, InputError, ModelError
from albert_ner_onnx.integrations.presidio import AlbertNerRecognizer, AlbertNlpEngine
from albert_ner_onnx.recognizer import EntityRecognizer
from presidio_analyzers import FOUND, KINDS, TEXT, expected, facts, make_analyzer, named, no_op


@pytest.fixture(scope="module")
def recognizer() -> EntityRecognizer:
    return albert_ner_onnx.load()


# --- The recognizer ---------------------------------------------------------------------------------------------------


def test_the_entities_are_those_of_the_model_under_the_names_of_presidio(recognizer: EntityRecognizer) -> None:
    results = make_analyzer(AlbertNerRecognizer()).analyze(TEXT, "en")
    assert named(TEXT, results) == FOUND
    assert facts(results) == expected(recognizer.recognize(TEXT))


def test_labels_are_mapped_as_the_user_likes() -> None:
    mapped = AlbertNerRecognizer(label_mapping={"MISC": "NRP", "LOC": "PLACE"})
    assert set(mapped.get_supported_entities()) == {"PERSON", "PLACE", "ORGANIZATION", "NRP"}
    wanted = [("PERSON", "Kofi Annan"), ("PLACE", "Geneva"), ("PLACE", "New York"), ("NRP", "German")]
    assert named(TEXT, make_analyzer(mapped).analyze(TEXT, "en")) == [*wanted, ("ORGANIZATION", "Siemens")]
    one = AlbertNerRecognizer(label_mapping=dict.fromkeys(KINDS, "NAME"))
    assert one.get_supported_entities() == ["NAME"]
    assert [kind for kind, _ in named(TEXT, make_analyzer(one).analyze(TEXT, "en"))] == ["NAME"] * 5


def test_a_label_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(InputError, match=r"label_mapping must be one of LOC, MISC, ORG, PER, .*found 'GPE'"):
        AlbertNerRecognizer(label_mapping={"GPE": "LOCATION"})


def test_only_the_entities_asked_for_are_reported() -> None:
    analyzer = make_analyzer(AlbertNerRecognizer())
    assert set(analyzer.get_supported_entities("en")) == set(KINDS.values())
    for kind in KINDS.values():
        wanted = [found for found in FOUND if found[0] == kind]
        assert named(TEXT, analyzer.analyze(TEXT, "en", entities=[kind])) == wanted
    found = named(TEXT, analyzer.analyze(TEXT, "en", entities=["PERSON", "MISC", "PHONE_NUMBER"]))
    assert found == [FOUND[0], FOUND[3]]
    with pytest.raises(ValueError, match="No matching recognizers"):
        analyzer.analyze(TEXT, "en", entities=["PHONE_NUMBER"])


@pytest.mark.parametrize("entities", [None, []])
def test_without_a_choice_all_entities_are_reported(entities: list[str] | None) -> None:
    assert named(TEXT, AlbertNerRecognizer().analyze(TEXT, entities)) == FOUND


def test_supported_entities_can_be_fewer() -> None:
    people = AlbertNerRecognizer(["PERSON"])
    assert people.get_supported_entities() == ["PERSON"]
    assert named(TEXT, people.analyze(TEXT, ["PERSON", "LOCATION"])) == FOUND[:1]
    with pytest.raises(InputError, match=r"supported_entities must be among .*PERSON.*found 'DATE_TIME'"):
        AlbertNerRecognizer(["PERSON", "DATE_TIME"])


def test_options_of_load_hold() -> None:
    people = AlbertNerRecognizer(labels=["PER"])
    assert people.get_supported_entities() == ["PERSON"]
    assert named(TEXT, people.analyze(TEXT, None)) == FOUND[:1]
    text = "<b>Kofi</b> Annan left."
    [result] = AlbertNerRecognizer(markup="html").analyze(text, ["PERSON"])
    assert (result.start, result.end) == (3, 17)
    with pytest.raises(InputError, match=r"thresold: no such option; expected one of workers, threads, decoder"):
        AlbertNerRecognizer(thresold=0.5)
    with pytest.raises(InputError, match="newlines"):
        AlbertNerRecognizer(newlines="maybe")


def test_a_loaded_recognizer_can_be_given(recognizer: EntityRecognizer) -> None:
    assert facts(AlbertNerRecognizer(model_name=recognizer).analyze(TEXT, None)) == expected(recognizer.recognize(TEXT))
    with pytest.raises(InputError, match=r"min_score: .*loaded already"):
        AlbertNerRecognizer(model_name=recognizer, min_score=0.5)


def test_a_missing_model_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        AlbertNerRecognizer(model_name=tmp_path / "nowhere")


def test_recognizers_of_several_languages_share_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    load = albert_ner_onnx.load

    def counting(*given: Any, **options: Any) -> EntityRecognizer:
        loads.append(given)
        return load(*given, **options)

    monkeypatch.setattr(albert_ner_onnx, "load", counting)
    kept = [AlbertNerRecognizer(supported_language=language, min_score=0.125) for language in ("en", "de", "fr")]
    engine = AlbertNlpEngine([{"lang_code": "en", "model_name": None, "min_score": 0.125}])
    engine.load()
    assert len(loads) == 1
    kept.append(AlbertNerRecognizer(min_score=0.25))
    assert len(loads) == 2


def test_an_explanation_names_the_model_and_the_score(recognizer: EntityRecognizer) -> None:
    [result] = make_analyzer(AlbertNerRecognizer(["PERSON"], name="names")).analyze(
        TEXT, "en", return_decision_process=True
    )
    explanation = result.analysis_explanation
    assert explanation.recognizer == "names"
    assert explanation.original_score == explanation.score == result.score
    assert explanation.textual_explanation == (
        f"Identified as PERSON by {recognizer.manifest.name} (label PER, score {result.score:.2f})"
    )
    assert result.recognition_metadata["recognizer_name"] == "names"
    assert type(result.score) is float
    json.dumps(result.recognition_metadata)


def test_a_copy_of_a_result_is_its_own() -> None:
    """Presidio changes the copy where a context word raises the score."""
    [result] = AlbertNerRecognizer(["PERSON"]).analyze(TEXT, None)
    before = (str(result), repr(result.analysis_explanation), dict(result.recognition_metadata))
    made = deepcopy([result])[0]
    assert (made, repr(made.analysis_explanation), made.recognition_metadata) == (result, *before[1:])
    made.score = 1.0
    made.analysis_explanation.set_improved_score(1.0)
    made.recognition_metadata["is_score_enhanced_by_context"] = True
    assert (str(result), repr(result.analysis_explanation), result.recognition_metadata) == before


def test_thresholds(recognizer: EntityRecognizer) -> None:
    scores = sorted(entity.score for entity in recognizer.recognize(TEXT))
    analyzer = make_analyzer(AlbertNerRecognizer())
    for threshold, left in ((0.0, 5), (scores[1], 4), (scores[-1], 1), (1.0, 0)):
        assert len(analyzer.analyze(TEXT, "en", score_threshold=threshold)) == left
    thresholds = {"default": 0.0, "LOCATION": 1.0}
    own = make_analyzer(AlbertNerRecognizer(score_thresholds=thresholds))
    assert named(TEXT, own.analyze(TEXT, "en")) == [found for found in FOUND if found[0] != "LOCATION"]


def test_allow_lists() -> None:
    analyzer = make_analyzer(AlbertNerRecognizer())
    assert named(TEXT, analyzer.analyze(TEXT, "en", allow_list=["Geneva", "Annan"])) == [FOUND[0], *FOUND[2:]]
    found = analyzer.analyze(TEXT, "en", allow_list=["^G", "annan$"], allow_list_match="regex")
    assert named(TEXT, found) == [FOUND[2], FOUND[4]]


def test_languages() -> None:
    english, german = AlbertNerRecognizer(), AlbertNerRecognizer(["PERSON"], supported_language="de")
    languages = ["en", "de"]
    engine = NoOpNlpEngine([{"lang_code": language, "model_name": "no_op"} for language in languages])
    registry = RecognizerRegistry([english, german], supported_languages=languages)
    analyzer = AnalyzerEngine(registry, engine, supported_languages=languages)
    assert named(TEXT, analyzer.analyze(TEXT, "en")) == FOUND
    assert named(TEXT, analyzer.analyze(TEXT, "de")) == FOUND[:1]
    with pytest.raises(ValueError, match="No matching recognizers"):
        analyzer.analyze(TEXT, "fr")


@pytest.mark.parametrize("text", [None, 3, b"John"])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(InputError, match="text must be a str, found"):
        AlbertNerRecognizer().analyze(text, None)
    with pytest.raises(InputError, match="text must be a str, found"):
        make_analyzer(AlbertNerRecognizer(), engine=AlbertNlpEngine()).analyze(text, "en")


def test_serialized_recognizers_are_equal() -> None:
    made = AlbertNerRecognizer(
        ["PERSON", "NRP"],
        name="names",
        supported_language="de",
        context=["witness"],
        label_mapping={"MISC": "NRP"},
        score_thresholds={"default": 0.25},
        newlines="border",
        abbreviations=["Insp."],
        min_score={"PER": 0.125},
    )
    again: Any = AlbertNerRecognizer.from_dict(yaml.safe_load(yaml.safe_dump(json.loads(json.dumps(made.to_dict())))))
    assert again.to_dict() == made.to_dict()
    assert again.supported_entities == ["PERSON", "NRP"]
    assert (again.context, again.score_thresholds) == (["witness"], {"default": 0.25})
    assert facts(again.analyze(TEXT, None)) == facts(made.analyze(TEXT, None)) != []
    loaded = AlbertNerRecognizer(model_name=albert_ner_onnx.load(labels=["PER"], context="sentence"))
    assert loaded.to_dict()["model_context"] == "sentence"
    again = AlbertNerRecognizer.from_dict(loaded.to_dict())
    assert again.analyze(TEXT, None) == loaded.analyze(TEXT, None)


# --- What Presidio's own recognizer of transformers gets wrong --------------------------------------------------------

FILLER = "Nothing of note happened in the meeting on that day, and everybody went home again soon. "


def test_nothing_is_cut_off_in_a_long_text(recognizer: EntityRecognizer) -> None:
    """Presidio cuts into pieces of 400 characters. This text is longer than the 512 pieces that the model reads."""
    text = f"{FILLER}Angela Merkel met Barack Obama in Berlin. " * 30
    for engine in (None, AlbertNlpEngine()):
        results = make_analyzer(AlbertNerRecognizer(), engine=engine).analyze(text, "en")
        assert facts(results) == expected(recognizer.recognize(text))
    assert [name for _, name in named(text, results)] == ["Angela Merkel", "Barack Obama", "Berlin"] * 30


def test_no_name_begins_or_ends_inside_a_word() -> None:
    """Presidio gives `Ko` and `fi Annan` here, with the checkpoint of the same model."""
    text = "0: Kofi Annan flew from Geneva to New York, where the United Nations met on Tuesday."
    found = named(text, make_analyzer(AlbertNerRecognizer()).analyze(text, "en"))
    assert found[0] == ("PERSON", "Kofi Annan")
    assert all(re.search(rf"\b{name}\b", text) for _, name in found)


@pytest.mark.parametrize("before", range(391, 402))
def test_a_name_at_character_400_is_whole(before: int) -> None:
    text = (FILLER * 5)[: before - 1] + "\n\nAngela Merkel left Berlin."
    assert ("PERSON", "Angela Merkel") in named(text, make_analyzer(AlbertNerRecognizer()).analyze(text, "en"))


def test_a_failure_of_the_model_is_an_error_and_not_an_empty_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = albert_ner_onnx.load()

    def fail(*given: Any) -> Any:
        raise InferenceError("the model gave NaN")

    monkeypatch.setattr(recognizer, "_classifier", SimpleNamespace(logits=fail))
    alone = make_analyzer(AlbertNerRecognizer(model_name=recognizer))
    engine = AlbertNlpEngine([{"lang_code": "en", "model_name": recognizer}])
    batches = make_analyzer(AlbertNerRecognizer(model_name=recognizer), engine=engine)
    for analyzer in (alone, batches):
        with pytest.raises(InferenceError, match="the model gave NaN"):
            analyzer.analyze(TEXT, "en")
        with pytest.raises(InferenceError, match="the model gave NaN"):
            BatchAnalyzerEngine(analyzer).analyze_iterator([TEXT, TEXT], "en")


# --- Files of Presidio ------------------------------------------------------------------------------------------------

REGISTRY = """\
supported_languages: [en]
recognizers:
  - name: names
    class_name: AlbertNerRecognizer
    type: predefined
    supported_entities: [PERSON, LOCATION, NRP]
    label_mapping: {MISC: NRP}
    model_name: MODEL
    newlines: border
    min_score: {PER: 0.5}
    score_thresholds: {default: 0.25}
    supported_languages:
      - language: en
        context: [witness]
  - name: DateRecognizer
    type: predefined
"""


def test_a_registry_of_yaml(tmp_path: Path) -> None:
    file = tmp_path / "recognizers.yaml"
    file.write_text(REGISTRY.replace("MODEL", str(albert_ner_onnx.default_model())))
    registry = RecognizerRegistryProvider(conf_file=file).create_recognizer_registry()
    [names] = [each for each in registry.recognizers if isinstance(each, AlbertNerRecognizer)]
    assert (
        names.to_dict() | {"version": ""}
        == AlbertNerRecognizer(
            ["PERSON", "LOCATION", "NRP"],
            name="names",
            version="",
            context=["witness"],
            label_mapping={"MISC": "NRP"},
            model_name=str(albert_ner_onnx.default_model()),
            score_thresholds={"default": 0.25},
            newlines="border",
            min_score={"PER": 0.5},
        ).to_dict()
    )
    for engine in (no_op(), AlbertNlpEngine()):
        found = named(TEXT + " It was 2024-05-06.", AnalyzerEngine(registry, engine).analyze(TEXT, "en"))
        assert found == [*FOUND[:3], ("NRP", "German")]


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("newlines: border", "newline: border", InputError),
        ("model_name: MODEL", "model_name: nowhere", ModelError),
        ("[PERSON, LOCATION, NRP]", "[PERSON, AGE]", InputError),
    ],
)
def test_a_mistake_in_yaml_is_an_error(tmp_path: Path, before: str, after: str, error: type[Exception]) -> None:
    file = tmp_path / "recognizers.yaml"
    file.write_text(REGISTRY.replace(before, after).replace("MODEL", str(albert_ner_onnx.default_model())))
    with pytest.raises(error):
        RecognizerRegistryProvider(conf_file=file).create_recognizer_registry()


def test_one_file_for_the_analyzer(tmp_path: Path) -> None:
    file = tmp_path / "analyzer.yaml"
    file.write_text(
        textwrap.dedent("""\
        supported_languages: [en]
        default_score_threshold: 0.3
        nlp_configuration:
          nlp_engine_name: no_op
          models: [{lang_code: en, model_name: no_op}]
        recognizer_registry:
          recognizers:
            - {name: AlbertNerRecognizer, type: predefined}
            - {name: CreditCardRecognizer, type: predefined}
        """)
    )
    analyzer = AnalyzerEngineProvider(analyzer_engine_conf_file=file).create_engine()
    text = "Angela Merkel paid with 4111 1111 1111 1111."
    wanted = [("PERSON", "Angela Merkel"), ("CREDIT_CARD", "4111 1111 1111 1111")]
    assert named(text, analyzer.analyze(text, "en")) == wanted


# --- Imports ----------------------------------------------------------------------------------------------------------


def run_python(code: str) -> str:
    """Runs code with warnings as errors, without what Presidio imports if it is there, and without a network."""
    before = """
    import socket, sys
    def refuse(*rest, **more):
        raise SystemExit("a connection was tried")
    socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
    for name in ("torch", "transformers", "stanza", "gliner"):
        sys.modules[name] = None
    """
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(before) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_neither_torch_nor_transformers_nor_a_network_nor_another_adapter_is_needed() -> None:
    code = f"""
    import albert_ner_onnx
    albert_ner_onnx.load()
    assert not {{"presidio_analyzer", "spacy"}}.intersection(sys.modules)
    from albert_ner_onnx.integrations.presidio import AlbertNerRecognizer, AlbertNlpEngine
    assert not {{"pyarrow", "pandas", "polars", "duckdb", "presidio_anonymizer"}}.intersection(sys.modules)
    from presidio_analyzer import AnalyzerEngine
    analyzer = AnalyzerEngine(nlp_engine=AlbertNlpEngine())
    analyzer.registry.add_recognizer(AlbertNerRecognizer())
    print(len(analyzer.analyze({TEXT!r}, "en")))
    """
    assert run_python(code) == "5\n"


def test_without_presidio_the_extra_is_named() -> None:
    code = """
    sys.modules["presidio_analyzer"] = None
    from albert_ner_onnx import MissingExtraError
    try:
        import albert_ner_onnx.integrations.presidio
    except MissingExtraError as error:
        print(error)
    """
    message = run_python(code)
    assert "needs presidio_analyzer" in message
    assert "albert-ner-onnx[presidio]" in message
