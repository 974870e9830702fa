"""The engine that gives Presidio the entities of whole batches."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("presidio_analyzer")
pytest.importorskip("presidio_anonymizer")

from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer import (
    AnalyzerEngine,
    BatchAnalyzerEngine,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
)
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpEngineProvider

import albert_ner_onnx
from albert_ner_onnx import InputError
from albert_ner_onnx.integrations.presidio import AlbertNerRecognizer, AlbertNlpArtifacts, AlbertNlpEngine
from albert_ner_onnx.recognizer import EntityRecognizer
from presidio_analyzers import FOUND, TEXT, expected, facts, make_analyzer, named


@pytest.fixture(scope="module")
def recognizer() -> EntityRecognizer:
    return albert_ner_onnx.load()


def count_calls(recognizer: EntityRecognizer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of texts of each call of the recognizer, as they happen."""
    calls: list[int] = []
    analyze: Callable[[Any], Any] = recognizer._analyze

    def counting(texts: list[str]) -> Any:
        if texts:
            calls.append(len(texts))
        return analyze(texts)

    monkeypatch.setattr(recognizer, "_analyze", counting)
    return calls


@pytest.fixture(scope="module")
def batches() -> BatchAnalyzerEngine:
    return BatchAnalyzerEngine(make_analyzer(AlbertNerRecognizer(), engine=AlbertNlpEngine()))


def test_a_batch_goes_through_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = albert_ner_onnx.load()
    calls = count_calls(recognizer, monkeypatch)
    engine = AlbertNlpEngine([{"lang_code": "en", "model_name": recognizer}])
    batches = BatchAnalyzerEngine(make_analyzer(AlbertNerRecognizer(model_name=recognizer), engine=engine))
    texts = [f"{number}: Kofi Annan left." for number in range(50)]
    results = batches.analyze_iterator(texts, "en")
    assert calls == [50]
    assert [facts(each) for each in results] == [expected(found) for found in recognizer.recognize_batch(texts)]


def test_a_single_text_goes_through_the_model_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = albert_ner_onnx.load()
    calls = count_calls(recognizer, monkeypatch)
    engine = AlbertNlpEngine([{"lang_code": "en", "model_name": recognizer}])
    make_analyzer(AlbertNerRecognizer(model_name=recognizer), engine=engine).analyze(TEXT, "en")
    assert calls == [1]


@settings(max_examples=20, deadline=None)
@given(
    texts=st.lists(
        st.none() | st.sampled_from(["", TEXT]) | st.text(max_size=40) | st.integers() | st.booleans() | st.floats(),
        max_size=6,
    ),
    batch_size=st.sampled_from([1, 2, 100]),
)
def test_batches_give_what_recognize_batch_gives(
    batches: BatchAnalyzerEngine, recognizer: EntityRecognizer, texts: list[Any], batch_size: int
) -> None:
    results = batches.analyze_iterator(texts, "en", batch_size=batch_size, n_process=2)
    wanted = recognizer.recognize_batch("" if text is None else str(text) for text in texts)
    assert [facts(each) for each in results] == [expected(entities) for entities in wanted]


def test_dictionaries_and_tables(batches: BatchAnalyzerEngine) -> None:
    table = {"id": [1, 2, 3], "note": ["Kofi Annan left.", None, ""], "nested": {"city": "I live in Berlin."}}
    found: dict[str, Any] = {
        each.key: each.recognizer_results for each in batches.analyze_dict(table, "en", keys_to_skip=["id"])
    }
    assert [len(each) for each in found["note"]] == [1, 0, 0]
    [city] = found["nested"]
    assert named("I live in Berlin.", city.recognizer_results) == [("LOCATION", "Berlin")]


def test_texts_are_read_lazily_and_an_error_in_them_passes(batches: BatchAnalyzerEngine) -> None:
    def texts() -> Iterator[str]:
        yield "Kofi Annan left."
        raise OSError("the disk is gone")

    found = AlbertNlpEngine().process_batch(texts(), "en")
    assert next(found)[0] == "Kofi Annan left."
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)
    with pytest.raises(ValueError, match="primitive types"):
        batches.analyze_iterator(["Kofi Annan left.", ["a list"]], "en")  # type: ignore[list-item]


def test_pairs() -> None:
    given_pairs = [("Kofi Annan left.", 1), (None, {"row": 2})]
    found = list(AlbertNlpEngine().process_batch(given_pairs, "en", as_tuples=True))
    assert [(text, belonging) for text, _, belonging in found] == [("Kofi Annan left.", 1), ("", {"row": 2})]


def test_a_text_may_be_longer_than_spacy_takes() -> None:
    """spaCy refuses texts of more than a million characters unless told otherwise."""
    [(text, artifacts)] = AlbertNlpEngine().process_batch(["Kofi Annan left. " + " " * 1_000_001], "en")
    assert named(text, AlbertNerRecognizer().analyze(text, None, artifacts)) == [("PERSON", "Kofi Annan")]
    assert artifacts.keywords[:3] == ["kofi", "annan", "left"]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "\u200b", "\ufffd"])
def test_texts_without_a_word(text: str) -> None:
    assert make_analyzer(AlbertNerRecognizer()).analyze(text, "en") == []
    assert make_analyzer(AlbertNerRecognizer(), engine=AlbertNlpEngine()).analyze(text, "en") == []


def test_an_analyzer_can_be_pickled() -> None:
    analyzer = make_analyzer(AlbertNerRecognizer(), engine=AlbertNlpEngine())
    again: AnalyzerEngine = pickle.loads(pickle.dumps(analyzer))
    assert facts(again.analyze(TEXT, "en")) == facts(analyzer.analyze(TEXT, "en"))
    texts = ["Kofi Annan left.", "Nothing."]
    assert BatchAnalyzerEngine(again).analyze_iterator(texts, "en") == BatchAnalyzerEngine(analyzer).analyze_iterator(
        texts, "en"
    )


def test_a_lone_surrogate_moves_no_offset() -> None:
    text = "\ud800 Angela Merkel \udfff left."
    analyzer = make_analyzer(AlbertNerRecognizer(context=["left"]), engine=AlbertNlpEngine())
    assert named(text, analyzer.analyze(text, "en")) == [("PERSON", "Angela Merkel")]
    assert [span.text for span in AlbertNlpEngine().process_text(text, "en").entities] == ["Angela Merkel"]


def test_artifacts_of_another_text_or_model_are_not_used() -> None:
    engine = AlbertNlpEngine()
    artifacts = engine.process_text("Angela Merkel left Berlin.", "en")
    assert named(TEXT, AlbertNerRecognizer().analyze(TEXT, None, artifacts)) == FOUND
    artifacts = engine.process_text(TEXT, "en")
    assert named(TEXT, AlbertNerRecognizer(labels=["PER"]).analyze(TEXT, None, artifacts)) == FOUND[:1]


def test_the_engine_says_what_it_can() -> None:
    engine = NlpEngineProvider(
        nlp_engines=(AlbertNlpEngine,),
        nlp_configuration={
            "nlp_engine_name": "albert_ner",
            "models": [
                {"lang_code": "en", "model_name": None},
                {"lang_code": "de", "model_name": str(albert_ner_onnx.default_model()), "labels": ["PER"]},
            ],
            "ner_model_configuration": {"labels_to_ignore": ["ORG"]},
        },
    ).create_engine()
    assert isinstance(engine, AlbertNlpEngine)
    assert engine.get_supported_languages() == ["en", "de"]
    assert set(engine.get_supported_entities()) == {"PERSON", "LOCATION", "MISC"}
    assert [span.label_ for span in engine.process_text(TEXT, "de").entities] == ["PERSON"]
    assert engine.is_stopword("the", "en")
    assert engine.is_punct(",", "en")
    with pytest.raises(InputError, match=r"language must be one of en, de, found 'fr'"):
        engine.process_text(TEXT, "fr")
    with pytest.raises(InputError, match=r"language must be one of en, de, found 'fr'"):
        list(engine.process_batch([TEXT], "fr"))


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([{"model_name": None}], r"models\[0\] must have a lang_code"),
        ([{"lang_code": "en"}, {"lang_code": ""}], r"models\[1\] must have a lang_code"),
        ([{"lang_code": "en"}, {"lang_code": "en"}], r"models\[1\] must have a language of its own"),
    ],
)
def test_models_without_a_language_are_refused(models: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AlbertNlpEngine(models)


def test_a_language_that_spacy_does_not_know_gets_a_general_tokenizer() -> None:
    engine = AlbertNlpEngine([{"lang_code": "zz", "model_name": None}])
    assert [token.text for token in engine.process_text("Kofi left.", "zz").tokens] == ["Kofi", "left", "."]


def test_nobody_has_to_register_the_recognizer(caplog: pytest.LogCaptureFixture) -> None:
    """Presidio registers its `SpacyRecognizer` then: names may not get lost because a line of setup is missing."""
    analyzer = AnalyzerEngine(nlp_engine=AlbertNlpEngine())
    assert named(TEXT, analyzer.analyze(TEXT, "en")) == FOUND
    analyzer.registry.add_recognizer(AlbertNerRecognizer())
    assert named(TEXT, analyzer.analyze(TEXT, "en")) == FOUND  # each once
    assert not [record for record in caplog.records if "not mapped" in record.message or "NlpEngine" in record.message]


def test_the_configuration_says_what_spacy_recognizer_reports(recognizer: EntityRecognizer) -> None:
    configuration = NerModelConfiguration(
        model_to_presidio_entity_mapping={"PER": "HUMAN", "LOC": "PLACE", "ORG": "FIRM"},
        labels_to_ignore=["FIRM"],
        low_score_entity_names=["PLACE"],
        low_confidence_score_multiplier=0.5,
    )
    analyzer = AnalyzerEngine(nlp_engine=AlbertNlpEngine(ner_model_configuration=configuration))
    results = [each for each in analyzer.analyze(TEXT, "en") if each.entity_type in ("HUMAN", "PLACE", "MISC", "FIRM")]
    names = [("HUMAN", 1.0), ("PLACE", 0.5), ("PLACE", 0.5), ("MISC", 1.0)]
    assert facts(results) == [
        (kind, entity.start, entity.end, entity.score * factor)
        for (kind, factor), entity in zip(names, recognizer.recognize(TEXT)[:4], strict=True)
    ]


def test_context_words_raise_a_score() -> None:
    text = "The witness Kofi Annan left."
    plain, raised = (
        make_analyzer(AlbertNerRecognizer(context=context), engine=AlbertNlpEngine()).analyze(text, "en")[0]
        for context in (None, ["witness"])
    )
    assert plain.score < raised.score == min(1.0, plain.score + 0.35)


def test_context_words_help_patterns() -> None:
    badge = PatternRecognizer("BADGE", patterns=[Pattern("badge", r"\b\d{4}\b", 0.05)], context=["badge"])
    text = "His Badge, number 1234, was lost with 5678 others of a different kind of thing altogether by Kofi Annan."
    scores = {
        text[each.start : each.end]: each.score
        for each in make_analyzer(badge, AlbertNerRecognizer(), engine=AlbertNlpEngine()).analyze(text, "en")
    }
    assert scores["1234"] == pytest.approx(0.4)
    assert scores["5678"] == pytest.approx(0.4)  # within five words that are neither stop words nor punctuation
    assert make_analyzer(badge).analyze(text, "en")[0].score == 0.05


def test_artifacts_are_what_presidio_defines() -> None:
    text = "  Angela\nMerkel didn't fly to\u00a0Berlin. "
    artifacts = AlbertNlpEngine().process_text(text, "en")
    assert isinstance(artifacts, AlbertNlpArtifacts)
    assert artifacts.tokens.text == text
    assert all(
        text[start : start + len(token)] == token.text
        for start, token in zip(artifacts.tokens_indices, artifacts.tokens, strict=True)
    )
    assert [(span.label_, span.text) for span in artifacts.entities] == [
        ("PERSON", "Angela\nMerkel"),
        ("LOCATION", "Berlin"),
    ]
    with pytest.raises(AttributeError, match="nothing"):
        _ = artifacts.nothing
    written = json.loads(artifacts.to_json())
    assert written["entities"] == ["Angela\nMerkel", "Berlin"]
    assert set(written) == {"entities", "tokens", "lemmas", "tokens_indices", "keywords", "scores", "language"}


def test_decisions_can_be_traced(caplog: pytest.LogCaptureFixture) -> None:
    registry = RecognizerRegistry([AlbertNerRecognizer()])
    with caplog.at_level("INFO", "decision_process"):
        AnalyzerEngine(registry, AlbertNlpEngine(), log_decision_process=True).analyze(TEXT, "en")
    assert "albert-small-conll03" in caplog.text
