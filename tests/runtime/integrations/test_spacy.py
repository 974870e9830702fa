"""The component `albert_ner` in spaCy's own pipelines: its settings, and what it does to one document."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx.entities import Entity

spacy = pytest.importorskip("spacy")
from confection import ConfigValidationError  # noqa: E402
from spacy.tokens import Doc, Span  # noqa: E402
from spacy.training import Example  # noqa: E402

from albert_ner_onnx.integrations.spacy import AlbertNer  # noqa: E402

TEXT = "Kofi Annan flew from Geneva to New York."
FOUND = [("Kofi Annan", "PER"), ("Geneva", "LOC"), ("New York", "LOC")]


def pipeline(language: str = "en", **config: Any) -> Any:
    nlp = spacy.blank(language)
    nlp.add_pipe("albert_ner", config=config)
    return nlp


def names(spans: Sequence[Any]) -> list[tuple[str, str]]:
    return [(span.text, span.label_) for span in spans]


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de", "xx"])
def test_a_pipeline_of_any_language_finds_what_the_recognizer_finds(language: str) -> None:
    doc = pipeline(language)(TEXT)
    assert names(doc.ents) == FOUND
    found = albert_ner_onnx.load().recognize(TEXT)
    assert [(ent.start_char, ent.end_char, ent._.score) for ent in doc.ents] == [
        (entity.start, entity.end, entity.score) for entity in found
    ]
    assert list(doc._.misaligned) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"labels": ["PER"]}, FOUND[:1]),
        ({"labels": []}, []),
        ({"min_score": 1.0}, []),
        ({"min_score": {"PER": 1.0}}, FOUND[1:]),
        ({"model": str(albert_ner_onnx.default_model()), "decoder": "argmax", "workers": 1}, FOUND),
    ],
)
def test_settings_are_those_of_load(config: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    nlp = pipeline(**config)
    assert names(nlp(TEXT).ents) == expected
    again = spacy.blank("en").from_config(nlp.config)  # as a file of the config does
    assert names(again(TEXT).ents) == expected


def test_each_option_of_load_is_a_setting() -> None:
    options = {name: parameter.default for name, parameter in signature(albert_ner_onnx.load).parameters.items()}
    del options[next(iter(options))]  # the model
    settings = spacy.blank("en").get_factory_meta("albert_ner").default_config
    own = {"model": None, "style": "ent", "spans_key": "sc", "default": "unmodified", "alignment_mode": "expand"}
    assert settings | {"abbreviations": ()} == options | own


def test_a_border_is_a_setting_too() -> None:
    assert names(pipeline(newlines="border")("New\nYork").ents) != names(pipeline()("New\nYork").ents)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"style": "spans"}, "style must be one of ent, span, found 'spans'"),
        ({"default": "kept"}, "default must be one of unmodified, outside, missing, blocked, found 'kept'"),
        ({"alignment_mode": "loose"}, "alignment_mode must be one of strict, contract, expand, found 'loose'"),
        ({"min_score": 1.5}, "min_score must be a number from 0 to 1"),
        ({"workers": 0}, "workers must be None or a whole number"),
        ({"newlines": "none"}, "newlines must be one of wrap, border, found 'none'"),
    ],
)
def test_an_invalid_setting_is_refused_at_once(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(albert_ner_onnx.InputError, match=message):
        pipeline(**setting)


@pytest.mark.parametrize("setting", [{"labels": "PER"}, {"workers": 1.5}, {"min_scores": 0.5}])
def test_spacy_refuses_a_setting_of_another_type_or_name(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigValidationError, match=next(iter(setting))):
        pipeline(**setting)


def test_the_model_is_loaded_when_it_is_needed() -> None:
    nlp = pipeline(model="no/such/folder")
    assert "albert_ner" not in nlp.pipe_labels  # spaCy asks for them while it loads a pipeline
    with pytest.raises(albert_ner_onnx.ModelError, match="no/such/folder"):
        nlp(TEXT)
    with pytest.raises(albert_ner_onnx.ModelError, match="no/such/folder"):
        _ = nlp.get_pipe("albert_ner").labels


def test_a_label_that_the_model_does_not_know() -> None:
    with pytest.raises(albert_ner_onnx.InputError, match=r"labels\[0\] must be one of LOC, MISC, ORG, PER"):
        pipeline(labels=["PERSON"])(TEXT)


def test_labels() -> None:
    nlp = pipeline(labels=["PER", "LOC"])
    assert nlp.get_pipe("albert_ner").labels == ("LOC", "PER")
    assert nlp.pipe_labels["albert_ner"] == ["LOC", "PER"]
    assert pipeline().get_pipe("albert_ner").labels == ("LOC", "MISC", "ORG", "PER")


def test_what_spacy_knows_about_the_component() -> None:
    nlp = pipeline()
    analysis = nlp.analyze_pipes()
    assert analysis["summary"]["albert_ner"] == {
        "assigns": ["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans", "doc._.misaligned", "span._.score"],
        "requires": [],
        "retokenizes": False,
        "scores": ["ents_f", "ents_p", "ents_r", "ents_per_type"],
    }
    assert nlp.config["training"]["score_weights"]["ents_f"] == 1.0
    assert not any(analysis["problems"].values())
    nlp.add_pipe("entity_linker")  # it needs entities and sentences
    assert nlp.analyze_pipes()["problems"]["entity_linker"] == ["doc.sents"]


# --- One document -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "\n\n", "Nothing happened."])
def test_documents_without_entities(text: str) -> None:
    for style in ("ent", "span"):
        doc = pipeline(style=style)(text)
        assert not doc.ents
        assert doc.text == text


def test_a_document_that_was_made_from_words() -> None:
    nlp = pipeline()
    doc = Doc(nlp.vocab, ["Kofi", "Annan", "saw", "Müller", "(", "Siemens", ")", "."], [True] * 4 + [False] * 4)
    assert names(nlp(doc).ents) == [("Kofi Annan", "PER"), ("Müller", "PER"), ("Siemens", "ORG")]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("strict", [("Bonn", "LOC")]),
        ("contract", [("Angela", "PER"), ("Bonn", "LOC")]),
        ("expand", [("Angela Merkel's", "PER"), ("Bonn", "LOC"), ("London–Paris", "LOC")]),
    ],
)
def test_an_entity_that_ends_inside_a_token(mode: str, expected: list[tuple[str, str]]) -> None:
    nlp = pipeline(alignment_mode=mode)
    doc = Doc(nlp.vocab, ["Angela", "Merkel's", "train", "from", "Bonn", "is", "the", "London–Paris", "."])
    exact = albert_ner_onnx.load().recognize(doc.text)
    assert [entity.text for entity in exact] == ["Angela Merkel", "Bonn", "London", "Paris"]
    assert names(nlp(doc).ents) == expected
    assert doc._.misaligned == [entity.as_dict() for entity in exact if entity.text != "Bonn"]
    assert doc.ents[0]._.score == exact[1 if mode == "strict" else 0].score
    assert nlp.get_pipe("albert_ner").misaligned == 3
    nlp(doc)
    assert len(doc._.misaligned) == 3


OTHERS = [  # an entity of somebody else, and what stays of ours
    (("Kofi", "FIRST"), [("Kofi", "FIRST"), *FOUND[1:]]),
    (("Annan flew", "EVENT"), [("Annan flew", "EVENT"), *FOUND[1:]]),
    (("from Geneva to New York", "TRIP"), [FOUND[0], ("from Geneva to New York", "TRIP")]),
    (("flew", "VERB"), [FOUND[0], ("flew", "VERB"), *FOUND[1:]]),
    (("New York", "GPE"), [*FOUND[:2], ("New York", "GPE")]),
]


@pytest.mark.parametrize(("other", "expected"), OTHERS)
def test_entities_of_others_stay(other: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    nlp = pipeline()
    ruler = nlp.add_pipe("entity_ruler", before="albert_ner")
    ruler.add_patterns([{"label": other[1], "pattern": other[0]}])
    doc = nlp(TEXT)
    assert names(doc.ents) == expected
    assert [ent._.score is None for ent in doc.ents] == [name == other for name in expected]


@pytest.mark.parametrize(("default", "code"), [("outside", 2), ("missing", 0), ("blocked", 3)])
def test_other_defaults_take_the_entities_of_others_away(default: str, code: int) -> None:
    nlp = pipeline(default=default)
    ruler = nlp.add_pipe("entity_ruler", before="albert_ner")
    ruler.add_patterns([{"label": "FIRST", "pattern": "Kofi"}, {"label": "VERB", "pattern": "flew"}])
    doc = nlp(TEXT)
    assert names(doc.ents) == FOUND
    assert {token.ent_iob for token in doc if not token.ent_type} == {code}


def test_blocked_tokens_stay_blocked_and_nothing_else_is_set() -> None:
    nlp = pipeline()
    doc = nlp.make_doc(TEXT)
    doc.set_ents([], blocked=[doc[4:5]], outside=[doc[2:3]], default="missing")
    assert names(nlp(doc).ents) == [FOUND[0], FOUND[2]]
    assert [token.ent_iob_ for token in doc] == ["B", "I", "O", "", "B", "", "B", "I", ""]


def test_the_same_document_twice() -> None:
    for style in ("ent", "span"):
        nlp = pipeline(style=style)
        doc = nlp(nlp(TEXT))
        spans = doc.ents if style == "ent" else doc.spans["sc"]
        assert names(spans) == FOUND
        assert all(span._.score for span in spans)


def test_spans() -> None:
    nlp = pipeline(style="span", spans_key="names")
    doc = nlp(TEXT)
    assert names(doc.spans["names"]) == FOUND
    assert not doc.ents
    assert all(span._.score > 0.5 for span in doc.spans["names"])


@pytest.mark.parametrize(("default", "kept"), [("unmodified", [("Annan flew", "EVENT")]), ("outside", [])])
def test_spans_of_others(default: str, kept: list[tuple[str, str]]) -> None:
    nlp = pipeline(style="span", default=default)
    doc = nlp.make_doc(TEXT)
    doc.spans["sc"] = [Span(doc, 1, 3, "EVENT")]
    doc.set_ents([Span(doc, 0, 1, "FIRST")])
    assert names(nlp(doc).spans["sc"]) == [*kept, *FOUND]  # these may overlap
    assert names(doc.ents) == [("Kofi", "FIRST")]


VOCAB = spacy.vocab.Vocab()


class Answers:
    """A recognizer that gives the same answer to each text."""

    def __init__(self, entities: list[Entity]) -> None:
        self.entities = entities

    def recognize(self, text: str) -> list[Entity]:
        return self.entities


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]], list[tuple[int, int]]]:
    """Words of a document, ranges of characters without overlaps, and ranges of words without overlaps."""
    words = draw(st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=8))
    length = len(" ".join(words))

    def ranges(most: int) -> list[tuple[int, int]]:
        borders = sorted(draw(st.sets(st.integers(0, most), max_size=8)))
        return list(zip(borders[::2], borders[1::2], strict=False))

    return words, ranges(length), ranges(len(words))


@given(documents(), st.sampled_from(["strict", "contract", "expand"]))
def test_any_entities_in_any_tokens(
    document: tuple[list[str], list[tuple[int, int]], list[tuple[int, int]]], mode: str
) -> None:
    words, ranges, others = document
    doc = Doc(VOCAB, words)
    text = doc.text.rstrip(" ")
    found = [
        Entity(text[start:end], "PER", start, end, 0.5, 0.5)
        for start, end in ranges
        if text[start:end] == text[start:end].strip()
    ]
    doc.set_ents([Span(doc, start, end, "OTHER") for start, end in others], default="missing")
    before = [(ent.start, ent.end) for ent in doc.ents]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(albert_ner_onnx, "load", lambda *_, **__: Answers(found))
        AlbertNer("ner", alignment_mode=mode)(doc)
    starts = [*accumulate((len(word) + 1 for word in words), initial=0)]
    edges = [(start, start + len(word)) for start, word in zip(starts, words, strict=False)]
    aligned = {
        (entity.start, entity.end)
        for entity in found
        if entity.start in {start for start, _ in edges} and entity.end in {end for _, end in edges}
    }
    ours = [(ent.start_char, ent.end_char) for ent in doc.ents if ent.label_ == "PER"]
    assert [(ent.start, ent.end) for ent in doc.ents if ent.label_ == "OTHER"] == before
    assert [(each["start"], each["end"]) for each in doc._.misaligned] == [
        (entity.start, entity.end) for entity in found if (entity.start, entity.end) not in aligned
    ]
    taken = {word for start, end in others for word in range(start, end)}

    def free(start: int, end: int) -> bool:
        return not any(first < end and start < last for i, (first, last) in enumerate(edges) if i in taken)

    if mode == "strict":
        assert ours == sorted(each for each in aligned if free(*each))
    for start, end in ours:
        if mode == "expand":
            assert any(start <= entity.start and entity.end <= end for entity in found)
        else:
            assert any(entity.start <= start and end <= entity.end for entity in found)


@pytest.mark.parametrize(("style", "prefix"), [("ent", "ents"), ("span", "spans_sc")])
def test_evaluation(style: str, prefix: str) -> None:
    nlp = pipeline(style=style)
    gold = [(0, 10, "PER"), (21, 27, "ORG"), (31, 39, "LOC"), (11, 15, "MISC")]
    annotation = {"entities": gold} if style == "ent" else {"spans": {"sc": gold}}
    examples = [Example.from_dict(nlp.make_doc(TEXT), annotation)]
    scores = nlp.evaluate(examples)
    assert (scores[f"{prefix}_p"], scores[f"{prefix}_r"]) == (2 / 3, 2 / 4)
    assert scores[f"{prefix}_per_type"]["PER"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert nlp.evaluate(examples, per_component=True)["albert_ner"][f"{prefix}_f"] == scores[f"{prefix}_f"]
