"""Options of `load`: what is refused, what the message says, and what each kind of model allows."""

import copy
import inspect
import os
import pickle
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx import Entity, InputError, ModelError, load
from albert_ner_onnx.model.manifest import Manifest, SparkNlpSettings
from albert_ner_onnx.options import Options
from albert_ner_onnx.rules import CONLL, SPARK_NLP, SPARK_NLP_EXACT, resolve_rules
from fakes import manifest
from toy_models import INT8

ABBREVIATION = "must be one word of letters, with stops between or after them, such as 'Det' or 'Ph.D.',"
MIN_SCORE = "min_score must be a number from 0 to 1, or one for each label, such as {'PER': 0.8};"


def spark_nlp(
    *, exact: bool = True, white_list: tuple[str, ...] | None = None, has_no_schema: bool = False
) -> Manifest:
    kept = SparkNlpSettings(exact=exact, masked_piece=0, white_list=white_list, has_no_schema=has_no_schema)
    return replace(manifest(), word_splitter="spark-nlp", piece_rule="spark-nlp", spark_nlp=kept)


def settle(model: Manifest, **chosen: Any) -> Options:
    rules = resolve_rules(model)
    return Options(**chosen).settle(rules, rules.labels(model.tags))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"threads": 0}, "threads must be a whole number from 1 to "),
        ({"workers": 0}, "workers must be None or a whole number from 1 to "),
        ({"decoder": "crf"}, "decoder must be None or one of argmax, viterbi, found 'crf'"),
        ({"decoder": 1}, "decoder must be None or one of argmax, viterbi, found 1"),
        ({"context": "window"}, "context must be None or one of sentence, document, found 'window'"),
        ({"newlines": "keep"}, "newlines must be one of wrap, border, found 'keep'"),
        ({"newlines": None}, "newlines must be one of wrap, border, found None"),
        ({"newlines": np.array(["wrap", "border"])}, "newlines must be one of wrap, border, found array("),
        ({"markup": "xml"}, "markup must be None or 'html', found 'xml'"),
        ({"markup": True}, "markup must be None or 'html', found True"),
        ({"abbreviations": "Det"}, "abbreviations must be a list or another iterable, not a single str; put it in"),
        ({"abbreviations": None}, "abbreviations must be a list or another iterable, found NoneType"),
        ({"abbreviations": ["Det", ""]}, f"abbreviations[1] {ABBREVIATION} found ''"),
        ({"abbreviations": ["Det Insp"]}, f"abbreviations[0] {ABBREVIATION} found 'Det Insp'"),
        ({"abbreviations": ["Det\n"]}, f"abbreviations[0] {ABBREVIATION} found 'Det\\n'"),
        ({"abbreviations": ["."]}, f"abbreviations[0] {ABBREVIATION} found '.'"),
        ({"abbreviations": ["a..b"]}, f"abbreviations[0] {ABBREVIATION} found 'a..b'"),
        ({"abbreviations": ["[A-Z]"]}, f"abbreviations[0] {ABBREVIATION} found '[A-Z]'"),
        ({"abbreviations": ["1st"]}, f"abbreviations[0] {ABBREVIATION} found '1st'"),
        ({"abbreviations": ["a" * 101]}, "abbreviations[0] must have at most 100 characters, found 101"),
        ({"abbreviations": [None]}, f"abbreviations[0] {ABBREVIATION} found None"),
        ({"min_score": 1.5}, f"{MIN_SCORE} found 1.5"),
        ({"min_score": float("nan")}, f"{MIN_SCORE} found nan"),
        ({"min_score": "0.5"}, f"{MIN_SCORE} found '0.5'"),
        ({"min_score": True}, f"{MIN_SCORE} found True"),
        ({"min_score": None}, f"{MIN_SCORE} found None"),
        ({"min_score": [("PER", 0.5)]}, f"{MIN_SCORE} found [('PER', 0.5)]"),
        ({"min_score": {"PER": 2}}, "min_score['PER'] must be a number from 0 to 1, found 2"),
        ({"min_score": {"PER": "0.5"}}, "min_score['PER'] must be a number from 0 to 1, found '0.5'"),
        ({"min_score": {"PER": 0.5, "GPE": 0}}, "a label in min_score must be one of LOC, PER, found 'GPE'"),
        ({"min_score": {None: 0}}, "a label in min_score must be one of LOC, PER, found None"),
        ({"labels": [["PER"]]}, "labels[0] must be one of LOC, PER, found ['PER']"),
        ({"labels": "PER"}, "labels must be a list or another iterable, not a single str; put it in a list"),
        ({"labels": 1}, "labels must be a list or another iterable, found int"),
        ({"labels": ["PER", "B-PER"]}, "labels[1] must be one of LOC, PER, found 'B-PER'"),
        ({"labels": [None]}, "labels[0] must be one of LOC, PER, found None"),
    ],
)
def test_what_is_refused(argument: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        load(INT8, **argument)


def test_load_takes_exactly_the_options_with_their_defaults() -> None:
    taken = {name: one.default for name, one in inspect.signature(load).parameters.items() if name != "path"}
    assert taken == {field.name: field.default for field in fields(Options)}


def test_defaults() -> None:
    assert settle(manifest()) == Options(decoder="viterbi", context="document")


def test_an_exact_spark_nlp_model_allows_one_decoder_and_one_context() -> None:
    exact = settle(spark_nlp())
    assert (exact.decoder, exact.context) == ("argmax", "document")
    assert settle(spark_nlp(), decoder="argmax", context="document") == exact
    for argument in ({"decoder": "viterbi"}, {"context": "sentence"}):
        with pytest.raises(InputError, match=r"must be None or '\w+', found '\w+': this model answers"):
            settle(spark_nlp(), **argument)
        settle(spark_nlp(exact=False), **argument)
    assert settle(spark_nlp(exact=False)) == settle(manifest())


@pytest.mark.parametrize(
    ("model", "known"),
    [
        (spark_nlp(), {"PER", "LOC"}),
        (spark_nlp(white_list=("PER",)), {"PER"}),
        (spark_nlp(white_list=()), {"PER", "LOC"}),  # NerConverter's empty whiteList keeps all labels
        (spark_nlp(has_no_schema=True), {"B-PER", "I-PER", "B-LOC", "I-LOC"}),
        (replace(manifest(), tags=("O", "PER"), scheme="none"), {"PER"}),
    ],
)
def test_labels_are_those_that_the_model_can_give(model: Manifest, known: set[str]) -> None:
    assert settle(model, labels=iter(known)).labels == tuple(known)
    assert resolve_rules(model).labels(model.tags) == sorted(known)
    with pytest.raises(InputError, match=r"labels\[0\] must be one of"):
        settle(model, labels=["GPE"])


@pytest.mark.parametrize(
    ("workers", "threads", "cores", "calls"), [(None, 1, 4, 4), (None, 2, 4, 2), (None, 3, 2, 1), (3, 1, 1, 3)]
)
def test_workers_are_cores_divided_by_threads(
    monkeypatch: pytest.MonkeyPatch, workers: int | None, threads: int, cores: int, calls: int
) -> None:
    monkeypatch.setattr("albert_ner_onnx.options.available_cores", lambda: cores)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert Options(workers=workers, threads=threads).calls_at_once == calls


@pytest.mark.parametrize("score", [1, 0.5, np.float32(0.5), np.float64(0.5)])
def test_a_score_is_any_number(score: float) -> None:
    assert Options(min_score=score).min_score == float(score)


def test_a_score_for_each_label() -> None:
    options = settle(manifest(), min_score={"PER": 0.5, "LOC": np.float32(0.25)}, labels=["PER", "LOC"])
    assert [options.keeps(entity(label, score)) for label, score in (("PER", 0.49), ("PER", 0.5))] == [False, True]
    assert [options.keeps(entity(label, score)) for label, score in (("LOC", 0.24), ("LOC", 0.25))] == [False, True]
    others = settle(manifest(), min_score={"PER": 1})
    assert others.keeps(entity("LOC", 0))  # a label that isn't named
    assert not others.keeps(entity("PER", 0.99))
    assert not settle(manifest(), min_score={"PER": 0.5}, labels=["LOC"]).keeps(entity("PER", 1))


def entity(label: str, score: float) -> Entity:
    return Entity("x", label, 0, 1, score, score)


OF_EACH_KIND: list[dict[str, Any]] = [
    {},
    {"min_score": 0.5},
    {"min_score": {"PER": 0.8, "LOC": 0.5}},
    {"min_score": {}},
    {"abbreviations": ["Det", "Insp."], "labels": ["PER"], "newlines": "border", "markup": "html"},
]


@pytest.mark.parametrize("chosen", OF_EACH_KIND)
def test_options_are_values(chosen: dict[str, Any]) -> None:
    """Equal, hashable, picklable, and what is read from them can be given to others."""
    options = Options(**chosen)
    again = Options(**{field.name: getattr(options, field.name) for field in fields(options)})
    copies = [Options(**chosen), replace(options), again, pickle.loads(pickle.dumps(options)), copy.deepcopy(options)]
    for other in copies:
        assert other == options
        assert hash(other) == hash(options)
        assert repr(other) == repr(options)
    for name, value in chosen.items():
        assert getattr(options, name) == (tuple(value) if isinstance(value, list) else value)


def test_options_keep_no_hold_on_what_they_were_made_from() -> None:
    thresholds, abbreviations = {"PER": 0.5}, ["Det"]
    options = Options(min_score=thresholds, abbreviations=abbreviations)
    thresholds["PER"] = 2
    abbreviations.append(" ")
    assert options == Options(min_score={"PER": 0.5}, abbreviations=["Det"])


@pytest.mark.parametrize("word", ["Det", "Det.", "Ph.D", "Ph.D.", "z.B.", "Insp", "Mlle", "Übers", "тов."])
def test_abbreviations_have_their_stop_or_not(word: str) -> None:
    assert Options(abbreviations={word}).abbreviations == (word,)


def test_a_manifest_is_resolved_into_rules_once() -> None:
    assert resolve_rules(manifest()).split_words is CONLL.split_words
    assert resolve_rules(spark_nlp()).plan_windows is SPARK_NLP_EXACT.plan_windows
    assert resolve_rules(spark_nlp(exact=False)).plan_windows is SPARK_NLP.plan_windows is CONLL.plan_windows
    assert [resolve_rules(spark_nlp(exact=exact)).masked_piece for exact in (True, False)] == [0, None]


@pytest.mark.parametrize(("splitter", "pieces"), [("mecab", "word"), ("conll", "bytes"), ("conll", "spark-nlp")])
def test_unknown_rules_are_named(splitter: str, pieces: str) -> None:
    with pytest.raises(ModelError, match=f"unknown word_splitter '{splitter}' with piece_rule '{pieces}'; expected"):
        resolve_rules(replace(manifest(), word_splitter=splitter, piece_rule=pieces))


@pytest.mark.parametrize(
    ("exact", "chosen", "message"),
    [
        (True, {"newlines": "border"}, "newlines must be 'wrap', found 'border': this model answers exactly as"),
        (True, {"markup": "html"}, "markup must be None, found 'html': this model splits words as Spark NLP does"),
        (False, {"markup": "html"}, "markup must be None, found 'html': this model splits words as Spark NLP does"),
        (True, {"abbreviations": ["Det"]}, "abbreviations must be empty, found Det: this model splits words as Spark"),
        (False, {"abbreviations": ["Det"]}, "abbreviations must be empty, found Det: this model splits words as Spark"),
    ],
)  # fmt: skip
def test_models_from_spark_nlp_refuse_what_would_change_their_words(
    *, exact: bool, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        settle(spark_nlp(exact=exact), **chosen)


def test_models_from_spark_nlp_may_have_a_border_at_each_line() -> None:
    assert settle(spark_nlp(exact=False), newlines="border").newlines == "border"


def test_rules_are_adapted_to_what_was_chosen() -> None:
    text = "Ask Kap. The guide\nsaid <b>so</b>"
    words = CONLL.split_words(text)
    assert Options().adapt(CONLL) is CONLL
    by_line = Options(newlines="border").adapt(CONLL)
    assert [rules.read_layout(text, words).borders for rules in (CONLL, by_line)] == [[], [5]]
    assert Options(markup="html").adapt(CONLL).read_text(text).text == "Ask Kap. The guide said so"
    own = Options(abbreviations=["Kap"]).adapt(CONLL)
    assert [word.text for word in own.split_words("Ask Kap. Anna")] == ["Ask", "Kap.", "Anna"]
    assert [word.text for word in CONLL.split_words("Ask Kap. Anna")] == ["Ask", "Kap", ".", "Anna"]
