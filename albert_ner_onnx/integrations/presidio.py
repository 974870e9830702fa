"""Microsoft Presidio: a recognizer of names for its analyzer, and an engine that reads whole batches at once.

    analyzer = AnalyzerEngine(nlp_engine=AlbertNlpEngine())
    analyzer.registry.remove_recognizer("SpacyRecognizer")
    analyzer.registry.add_recognizer(AlbertNerRecognizer())

The recognizer alone does the same, text by text: it works with every engine. `AlbertNlpEngine` reads ahead, so that
`BatchAnalyzerEngine` sends many texts through one call of the model, and the recognizer takes what the engine found.

Presidio finds a class that a YAML file names only if its module has been imported: import this one first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from itertools import repeat, tee
from typing import Any, Self
from weakref import WeakValueDictionary

import albert_ner_onnx
from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.options import Options
from albert_ner_onnx.recognizer import EntityRecognizer
from albert_ner_onnx.version import __version__

with extra("presidio", "the recognizer for Presidio"):
    import spacy
    from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult
    from presidio_analyzer.input_validation.yaml_recognizer_models import CONFIG_MODEL_MAP, PredefinedRecognizerConfig
    from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
    from presidio_analyzer.nlp_engine.ner_model_configuration import MODEL_TO_PRESIDIO_ENTITY_MAPPING
    from pydantic import ConfigDict

Model = str | os.PathLike[str] | EntityRecognizer | None
"""What `albert_ner_onnx.load` takes, or what it returned."""

_OPTIONS = {field.name: field.default for field in fields(Options)}
# A registry makes a recognizer for each language, and the engine has one, too: they share one model in memory
_loaded: WeakValueDictionary[tuple[str | None, Options], EntityRecognizer] = WeakValueDictionary()


class AlbertNerRecognizer(LocalRecognizer):
    """Finds persons, locations, organizations and whatever else the model knows.

    Nothing is cut off, however long a text is, and if the model fails, so does `analyze`: it never returns less.
    """

    def __init__(
        self,
        supported_entities: Sequence[str] | None = None,
        name: str = "AlbertNerRecognizer",
        supported_language: str = "en",
        version: str = __version__,
        context: Sequence[str] | None = None,
        model_name: Model = None,
        label_mapping: Mapping[str, str] | None = None,
        score_thresholds: Mapping[str, float] | None = None,
        model_context: str | None = None,
        **options: Any,
    ) -> None:
        """Loads a model.

        Args:
            supported_entities: Presidio's names of the entities to report. The default is all that the model finds.
            name: What explanations and metadata call this recognizer.
            supported_language: The language of the texts that it is asked about.
            version: Its version.
            context: Words that raise the score of an entity nearby.
            model_name: What `albert_ner_onnx.load` takes, or a recognizer that it returned. The default is the model
                that comes with the package.
            label_mapping: Presidio's names for labels of the model, such as `{"MISC": "NRP"}`. Labels that it doesn't
                name are called as Presidio calls them, `PER` `PERSON`, `LOC` `LOCATION` and `ORG` `ORGANIZATION`, or
                keep their own name, as `MISC` does.
            score_thresholds: Presidio's least scores: for an entity, or `default`.
            model_context: The option `context` of `albert_ner_onnx.load`; Presidio uses that name for words.
            **options: The other options of `albert_ner_onnx.load`.

        Raises:
            ModelError: There is no such model, or it is damaged.
            InputError: An option doesn't exist or has an invalid value, or the model doesn't know a label or an entity.
        """
        self._model_name = model_name
        self._recognizer = _load(
            model_name, options if model_context is None else {**options, "context": model_context}
        )
        self._label_mapping = dict(label_mapping or {})
        self._entity_of = _map_labels(self._recognizer, self._label_mapping)
        known = list(dict.fromkeys(self._entity_of.values()))
        for entity in supported_entities or ():
            if entity not in known:
                raise InputError(
                    f"{name}: supported_entities must be among {', '.join(known)}, which the model finds; found "
                    f"{entity!r}; give one of the labels this name in label_mapping, or leave it out"
                )
        self.name: str = name
        super().__init__(
            supported_entities=list(supported_entities or known),
            name=name,
            supported_language=supported_language,
            version=version,
            context=list(context or ()),
            score_thresholds=dict(score_thresholds or {}),
        )

    def load(self) -> None:
        """Does nothing: `__init__` has loaded the model, since its labels say which entities are supported."""

    def analyze(
        self, text: str, entities: Sequence[str] | None, nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Finds the entities of a text, in its order.

        Args:
            text: Any text, of any length.
            entities: Those to look for; `None` or none for all that are supported.
            nlp_artifacts: What the engine found. If it ran the same model on this text, the model doesn't run again.

        Raises:
            InputError: `text` isn't a `str`.
            InferenceError: The model failed.
        """
        wanted = set(self.supported_entities).intersection(entities or self.supported_entities)
        return [
            self._result(entity, kind)
            for entity in self._find(text, nlp_artifacts)
            if (kind := self._entity_of[entity.label]) in wanted
        ]

    def _find(self, text: str, nlp_artifacts: NlpArtifacts | None) -> list[Entity]:
        own = self._recognizer
        if isinstance(nlp_artifacts, AlbertNlpArtifacts) and nlp_artifacts.text == text:
            other = nlp_artifacts.recognizer
            if other is own or (other.options == own.options and other.folder == own.folder):
                return nlp_artifacts.found
        return own.recognize(text)

    def _result(self, entity: Entity, kind: str) -> RecognizerResult:
        explanation = AnalysisExplanation(
            recognizer=self.name,
            original_score=entity.score,
            textual_explanation=(
                f"Identified as {kind} by {self._recognizer.manifest.name} "
                f"(label {entity.label}, score {entity.score:.2f})"
            ),
        )
        metadata = {"recognizer_name": self.name, "recognizer_identifier": self.id}
        return _Result(kind, entity.start, entity.end, entity.score, explanation, metadata)

    def to_dict(self) -> dict[str, Any]:
        """Returns everything that `from_dict` needs to make the same recognizer, ready for JSON or YAML."""
        model = self._model_name
        options = self._recognizer.options
        chosen = {name: value for name, usual in _OPTIONS.items() if (value := getattr(options, name)) != usual}
        chosen["model_context"] = chosen.pop("context")
        if isinstance(options.min_score, Mapping):
            chosen["min_score"] = dict(options.min_score)
        return {
            **super().to_dict(),
            "context": self.context,
            "model_name": str(model.folder.path if isinstance(model, EntityRecognizer) else model) if model else None,
            "label_mapping": self._label_mapping,
            "score_thresholds": self.score_thresholds,
            **chosen,
        }


class _Result(RecognizerResult):
    """A result that Presidio copies quickly: it copies each one, in case a context word raises its score."""

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        made = copy(self)  # all that it holds is immutable, but for two attributes
        made.analysis_explanation = copy(self.analysis_explanation)
        made.recognition_metadata = copy(self.recognition_metadata)
        return made


class AlbertNlpEngine(SpacyNlpEngine):
    """Finds the entities of whole batches, and splits texts into spaCy's tokens where context words need them.

    It needs no model of spaCy. There are no lemmas, so a context word counts only in the form that the text has.

    `AlbertNerRecognizer` takes the entities from here if both use the same model with the same options. Presidio's
    `SpacyRecognizer`, which it registers by itself, takes them, too, so they aren't lost if nobody replaces it.
    """

    engine_name = "albert_ner"

    def __init__(
        self,
        models: Sequence[Mapping[str, Any]] | None = None,
        ner_model_configuration: NerModelConfiguration | None = None,
    ) -> None:
        """Chooses the models; `load`, which Presidio calls, loads them.

        Args:
            models: For each language its code, `lang_code`, and its model, `model_name`, which may be all that
                `AlbertNerRecognizer` takes, and options of `albert_ner_onnx.load`. The default is English with the
                model that comes with the package.
            ner_model_configuration: What `SpacyRecognizer` reports: `model_to_presidio_entity_mapping`,
                `labels_to_ignore`, `low_score_entity_names` and `low_confidence_score_multiplier`. The other settings
                mean nothing here. Labels that the mapping doesn't name keep their own name.

        Raises:
            InputError: A model has no language, or a language has two.
        """
        super().__init__([dict(model) for model in models or [{"lang_code": "en", "model_name": None}]])
        self._configuration = ner_model_configuration or NerModelConfiguration()
        self._recognizers: dict[str, EntityRecognizer] = {}
        languages = [model.get("lang_code") for model in self.models]
        for index, language in enumerate(languages):
            if not isinstance(language, str) or not language:
                raise InputError(f"models[{index}] must have a lang_code, such as 'en'; found {language!r}")
            if language in languages[:index]:
                raise InputError(f"models[{index}] must have a language of its own; {language!r} has a model already")

    def load(self) -> None:
        """Loads the models.

        Raises:
            ModelError: There is no such model, or it is damaged.
            InputError: An option doesn't exist or has an invalid value.
        """
        self._recognizers = {
            model["lang_code"]: _load(
                model.get("model_name"),
                {name: value for name, value in model.items() if name not in ("lang_code", "model_name")},
            )
            for model in self.models
        }
        labels = dict.fromkeys(label for each in self._recognizers.values() for label in _labels(each))
        mapping = self._configuration.model_to_presidio_entity_mapping or {}
        # Without the labels of the model, Presidio would log a warning for each entity that keeps its label
        self.ner_model_configuration = self._configuration.model_copy(
            update={"model_to_presidio_entity_mapping": {label: mapping.get(label, label) for label in labels}}
        )
        self.nlp: Any = {language: _make_tokenizer(language) for language in self._recognizers}

    def process_text(self, text: str, language: str) -> AlbertNlpArtifacts:
        """Finds the entities of a text.

        Raises:
            InputError: `text` isn't a `str`, or there is no model for the language.
            InferenceError: The model failed.
        """
        recognizer = self._recognizer(language)
        return AlbertNlpArtifacts(text, recognizer.recognize(text), recognizer, self, language)

    def process_batch(  # type: ignore[override]  # Presidio's own engines have other signatures than their base
        self,
        texts: Iterable[Any],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        as_tuples: bool = False,
    ) -> Iterator[tuple[Any, ...]]:
        """Finds the entities of many texts, lazily.

        It reads ahead as `EntityRecognizer.stream` does, and the model uses all cores, so `batch_size` and `n_process`
        change nothing. `None` is an empty text; numbers become text. With `as_tuples`, `texts` has pairs of a text and
        anything that belongs to it.

        Yields:
            The text and its artifacts, and, for pairs, what belongs to it.

        Raises:
            InputError: There is no model for the language.
            InferenceError: The model failed.
        """
        recognizer = self._recognizer(language)
        ahead, given = tee(texts if as_tuples else zip(texts, repeat(None)))
        documents = recognizer.analyze_stream("" if text is None else str(text) for text, _ in ahead)
        for document, (_, belonging) in zip(documents, given, strict=True):
            artifacts = AlbertNlpArtifacts(document.text, document.entities, recognizer, self, language)
            yield (document.text, artifacts, belonging) if as_tuples else (document.text, artifacts)

    def get_supported_entities(self) -> list[str]:
        """Returns Presidio's names of the entities that the models find."""
        ignored = self.ner_model_configuration.labels_to_ignore or ()
        mapping = self.ner_model_configuration.model_to_presidio_entity_mapping or {}
        return list(dict.fromkeys(kind for label, kind in mapping.items() if not {label, kind}.intersection(ignored)))

    def report(self, found: Sequence[Entity]) -> tuple[list[Any], list[float]]:
        """Returns entities, each a `Span`, and their scores, as `SpacyRecognizer` is to report them."""
        spans: list[Any] = [Span(entity.label, entity.start, entity.end, entity.text) for entity in found]
        return self._get_updated_entities(spans, [entity.score for entity in found])

    def _recognizer(self, language: str) -> EntityRecognizer:
        if not self._recognizers:
            self.load()
        if language not in self._recognizers:
            known = ", ".join(self._recognizers)
            raise InputError(f"language must be one of {known}, found {language!r}; give the engine a model for it")
        return self._recognizers[language]


@dataclass(slots=True)
class Span:
    """What Presidio reads of a spaCy `Span`. A real one would have to begin and end where spaCy's tokens do."""

    label_: str
    start_char: int
    end_char: int
    text: str


class AlbertNlpArtifacts(NlpArtifacts):
    """What `AlbertNlpEngine` knows of a text. Tokens and the like are computed when one of them is first read.

    Attributes:
        text: The text.
        found: Its entities.
        recognizer: What found them.
    """

    __slots__ = ("found", "recognizer", "text")  # not in `__dict__`, which `to_json` writes

    def __init__(
        self, text: str, found: list[Entity], recognizer: EntityRecognizer, nlp_engine: AlbertNlpEngine, language: str
    ) -> None:
        self.text, self.found, self.recognizer = text, found, recognizer
        self.nlp_engine, self.language = nlp_engine, language

    def __getattr__(self, name: str) -> Any:
        if name not in ("entities", "scores", "tokens", "tokens_indices", "lemmas", "keywords"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        encodable = self.text.encode("utf-8", "replace").decode()  # spaCy takes no lone surrogates; each becomes "?"
        tokens = self.nlp_engine.get_nlp(self.language).make_doc(encodable)
        entities, scores = self.nlp_engine.report(self.found)
        super().__init__(
            entities=entities,
            tokens=tokens,
            tokens_indices=[token.idx for token in tokens],
            lemmas=[token.lower_ for token in tokens],
            nlp_engine=self.nlp_engine,
            language=self.language,
            scores=scores,
        )
        return getattr(self, name)

    def to_json(self) -> str:
        """Returns what Presidio defines as JSON, for its trace of decisions."""
        _ = self.tokens
        return super().to_json()


class _RegistryEntry(PredefinedRecognizerConfig):
    """How a YAML file may describe `AlbertNerRecognizer`: with all of its arguments."""

    model_config = ConfigDict(extra="allow")  # or Presidio would drop `model_name` and the options without a word


CONFIG_MODEL_MAP[AlbertNerRecognizer.__name__] = _RegistryEntry


def _load(model: Model, options: Mapping[str, Any]) -> EntityRecognizer:
    """Loads a model, unless one with the same options is in use already."""
    if isinstance(model, EntityRecognizer):
        if options:
            raise InputError(f"{', '.join(options)}: the recognizer is loaded already; give this to load()")
        return model
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise InputError(f"{', '.join(unknown)}: no such option; expected one of {', '.join(_OPTIONS)}")
    key = None if model is None else os.path.abspath(model), Options(**options)
    recognizer = _loaded.get(key)
    if recognizer is None:
        recognizer = _loaded[key] = albert_ner_onnx.load(model, **options)
    return recognizer


def _labels(recognizer: EntityRecognizer) -> list[str]:
    """The labels that a recognizer gives."""
    return recognizer.labels if recognizer.options.labels is None else list(recognizer.options.labels)


def _map_labels(recognizer: EntityRecognizer, chosen: Mapping[str, str]) -> dict[str, str]:
    """Returns Presidio's name of each label that a recognizer gives."""
    for label in chosen:
        if label not in recognizer.labels:
            raise InputError(
                f"a label in label_mapping must be one of {', '.join(recognizer.labels)}, which the model knows; "
                f"found {label!r}"
            )
    names = {**MODEL_TO_PRESIDIO_ENTITY_MAPPING, **chosen}
    return {label: names.get(label, label) for label in _labels(recognizer)}


def _make_tokenizer(language: str) -> Any:
    """Makes spaCy's tokenizer for a language, or a general one if it has none."""
    try:
        nlp = spacy.blank(language)
    except ImportError:
        nlp = spacy.blank("xx")
    nlp.max_length = sys.maxsize  # it guards parsers against long texts; there is none here
    return nlp
