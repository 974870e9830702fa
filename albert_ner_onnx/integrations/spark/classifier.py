"""The stage that finds entities: Spark NLP's AlbertForTokenClassification, without Spark NLP."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.chunks import CHUNK_RECORDS
from albert_ner_onnx.integrations.spark.columns import ANNOTATIONS_DDL, ENTITIES_DDL, ERROR
from albert_ner_onnx.integrations.spark.execution import add_columns
from albert_ner_onnx.integrations.spark.params import Stage, choice, count, names_of, parameter
from albert_ner_onnx.integrations.spark.shipping import ModelPlace, ship
from albert_ner_onnx.integrations.spark.worker import RecognizeTexts
from albert_ner_onnx.model.folder import ModelFolder, default_model
from albert_ner_onnx.model.manifest import TOKENIZER
from albert_ner_onnx.options import CONTEXTS, DECODERS, MARKUPS, NEWLINES, Options
from albert_ner_onnx.rules import resolve_rules

with extra("spark", "the stages for Spark"):
    from pyspark.ml.param import TypeConverters
    from pyspark.ml.param.shared import HasInputCol
    from pyspark.sql.types import StringType

OUTPUT_FORMATS = ("entities", "spark-nlp")
MAX_CHARACTERS = 10_000_000
"""More than any book has; a row of this size takes about as much memory as `docs/spark.md` says."""
_LONGEST_SPARK_NLP = 512


def _score(value: Any) -> Any:
    """Converts `minScore`: a number, or a number for each label."""
    if isinstance(value, Mapping):
        return {str(label): TypeConverters.toFloat(least) for label, least in value.items()}
    return TypeConverters.toFloat(value)


class AlbertForTokenClassification(Stage, HasInputCol):
    """Finds the entities of a column of texts.

    It needs neither Spark NLP's DocumentAssembler nor its Tokenizer, as it splits texts itself.
    """

    # A saved pipeline names this: it must not depend on how the package is divided into files.
    __module__ = "albert_ner_onnx.integrations.spark"

    model = parameter(
        "model",
        "folder of the model, made by `albert-ner export`: on every executor, or on the driver with shipModel. Unset, "
        "it is the model that comes with the package.",
        TypeConverters.toString,
    )
    shipModel = parameter(  # noqa: N815
        "shipModel",
        "whether the driver sends its model along with the job, rather than every executor having it.",
        TypeConverters.toBoolean,
    )
    outputFormat = parameter(  # noqa: N815
        "outputFormat",
        "entities: array<struct<text,label,start,end,score>>, offsets half-open in code points; spark-nlp: Spark NLP's "
        "annotations of type named_entity, one for each word.",
        choice(*OUTPUT_FORMATS),
    )
    tokenCol = parameter(  # noqa: N815
        "tokenCol",
        "name of a column for Spark NLP's annotations of type token. Empty for none.",
        TypeConverters.toString,
    )
    labels = parameter(
        "labels", "labels of the entities to keep, such as PER. Unset, all.", TypeConverters.toListString
    )
    minScore = parameter(  # noqa: N815
        "minScore", "least score of the entities to keep, 0 to 1: a number, or one for each label.", _score
    )
    decoder = parameter(
        "decoder", "how tags are chosen: viterbi or argmax. Unset, as the model says.", choice(*DECODERS)
    )
    context = parameter(
        "context",
        "what the model sees when it decides a word: document or sentence. Unset, as the model says.",
        choice(*CONTEXTS),
    )
    newlines = parameter(
        "newlines", "what the end of a line means: wrap, nothing; border, no entity crosses it.", choice(*NEWLINES)
    )
    markup = parameter("markup", "html skips HTML's tags. Unset, they are text.", choice(*MARKUPS))
    abbreviations = parameter(
        "abbreviations", "abbreviations to know besides the usual ones.", TypeConverters.toListString
    )
    caseSensitive = parameter(  # noqa: N815
        "caseSensitive",
        "whether the model tells capitals from small letters. That is settled when a model is exported: this only "
        "checks it.",
        TypeConverters.toBoolean,
    )
    maxSentenceLength = parameter(  # noqa: N815
        "maxSentenceLength",
        "pieces that the model sees at once, 3 to 512, never more than the model's own. Longer texts are read in "
        "several windows; a model that is exactly Spark NLP's drops the rest.",
        count,
    )
    batchSize = parameter(  # noqa: N815
        "batchSize",
        "most rows that are recognized together. Answers don't depend on it; few, such as Spark NLP's 8, are slow.",
        count,
    )
    maxCharacters = parameter(  # noqa: N815
        "maxCharacters", "most characters of a row. Longer ones have no answer: this bounds a worker's memory.", count
    )

    def _defaults(self) -> dict[str, Any]:
        return {
            "shipModel": False,
            "outputFormat": "entities",
            "tokenCol": "",
            "minScore": 0.0,
            "newlines": "wrap",
            "abbreviations": [],
            "batchSize": CHUNK_RECORDS,
            "maxCharacters": MAX_CHARACTERS,
        }

    @classmethod
    def pretrained(cls, name: str | None = None, lang: str = "en") -> Self:
        """Makes a stage with a model.

        Args:
            name: The folder of a model on this machine, which jobs then ship. The default is the model that comes with
                the package, which every executor has.
            lang: Its language, as Spark NLP's `pretrained` takes it.

        Raises:
            ModelError: There is no such folder, or it is damaged.
            InputError: The model's language is another one.
        """
        folder = ModelFolder.open(default_model() if name is None else Path(name))
        if folder.manifest.language not in (None, lang):
            raise InputError(f"lang must be {folder.manifest.language!r}, the language of the model, found {lang!r}")
        return cls() if name is None else cls(model=str(folder.path.absolute()), shipModel=True)

    # --- Setters ------------------------------------------------------------------------------------------------------

    def setInputCol(self, value: str) -> Self:  # noqa: N802
        """Names the column of texts."""
        return self._set(inputCol=value)

    def setInputCols(self, *value: Any) -> Self:  # noqa: N802
        """Names the column of texts, in a list, as Spark NLP's setter takes it.

        Raises:
            InputError: There are several.
        """
        names = names_of(value)
        if len(names) != 1:
            raise InputError(
                f"inputCols must be the one column of texts, such as ['text'], found {names}; DocumentAssembler and "
                "Tokenizer aren't needed"
            )
        return self._set(inputCol=names[0])

    def setModel(self, value: str) -> Self:  # noqa: N802
        """Names the folder of the model: on every executor, or on the driver with `setShipModel(True)`."""
        return self._set(model=value)

    def setShipModel(self, value: bool) -> Self:  # noqa: N802
        """Says whether the driver sends its model along with the job."""
        return self._set(shipModel=value)

    def setOutputFormat(self, value: str) -> Self:  # noqa: N802
        """Chooses `entities` or `spark-nlp`."""
        return self._set(outputFormat=value)

    def setTokenCol(self, value: str) -> Self:  # noqa: N802
        """Names a column for Spark NLP's annotations of type `token`; empty for none."""
        return self._set(tokenCol=value)

    def setLabels(self, *value: Any) -> Self:  # noqa: N802
        """Names the labels of the entities to keep."""
        return self._set(labels=names_of(value))

    def setMinScore(self, value: float | Mapping[str, float]) -> Self:  # noqa: N802
        """Sets the least score of the entities to keep, 0 to 1, or one for each label."""
        return self._set(minScore=value)

    def setDecoder(self, value: str) -> Self:  # noqa: N802
        """Chooses `viterbi` or `argmax`."""
        return self._set(decoder=value)

    def setContext(self, value: str) -> Self:  # noqa: N802
        """Chooses `document` or `sentence`."""
        return self._set(context=value)

    def setNewlines(self, value: str) -> Self:  # noqa: N802
        """Chooses `wrap` or `border`."""
        return self._set(newlines=value)

    def setMarkup(self, value: str) -> Self:  # noqa: N802
        """Chooses `html`."""
        return self._set(markup=value)

    def setAbbreviations(self, *value: Any) -> Self:  # noqa: N802
        """Names abbreviations to know besides the usual ones."""
        return self._set(abbreviations=names_of(value))

    def setCaseSensitive(self, value: bool) -> Self:  # noqa: N802
        """Says whether the model is expected to tell capitals from small letters."""
        return self._set(caseSensitive=value)

    def setMaxSentenceLength(self, value: int) -> Self:  # noqa: N802
        """Sets how many pieces the model sees at once, 3 to 512."""
        return self._set(maxSentenceLength=value)

    def setBatchSize(self, value: int) -> Self:  # noqa: N802
        """Sets how many rows are recognized together, at most."""
        return self._set(batchSize=value)

    def setMaxCharacters(self, value: int) -> Self:  # noqa: N802
        """Sets how many characters a row may have."""
        return self._set(maxCharacters=value)

    # --- Transforming -------------------------------------------------------------------------------------------------

    def _transform(self, dataset: Any) -> Any:
        annotations, token_column = self._value("outputFormat") == "spark-nlp", self._value("tokenCol")
        place, options = self._find_model(dataset.sparkSession)
        function = RecognizeTexts(
            place=place,
            options=options,
            max_pieces=self._chosen("maxSentenceLength"),
            annotations=annotations,
            tokens=bool(token_column),
            batch_size=self._value("batchSize"),
            max_characters=self._value("maxCharacters"),
        )
        outputs = {"found": (self.getOutputCol(), ANNOTATIONS_DDL if annotations else ENTITIES_DDL)}
        if token_column:
            outputs["token"] = (token_column, ANNOTATIONS_DDL)
        outputs[ERROR] = (self._value("errorCol"), "string")
        kinds = {field.name: field.dataType for field in dataset.schema.fields}
        kind = kinds.get(self.getInputCol())
        if kind is not None and not isinstance(kind, StringType):
            raise InputError(
                f"the input column {self.getInputCol()!r} must hold strings, found {kind.simpleString()}; cast it, or "
                "choose the column of texts"
            )
        return add_columns(dataset, function, [self.getInputCol()], outputs, self._value("execution"))

    def _find_model(self, session: Any) -> tuple[ModelPlace, Options]:
        """Says where executors find the model, and checks what can be checked here, before any of them starts.

        Raises:
            ModelError: The model to ship isn't on this machine, or is damaged.
            InputError: The model doesn't allow one of the parameters.
        """
        path, options = self._chosen("model"), self._options()
        here = default_model() if path is None else Path(path)
        if path is not None and not self._value("shipModel"):
            if here.is_dir():
                self._check(ModelFolder.open(here), options)
            return ModelPlace(path=path), options
        folder = ModelFolder.open(here)
        self._check(folder, options)
        return ModelPlace() if path is None else ship(session, folder), options

    def _options(self) -> Options:
        return Options(
            decoder=self._chosen("decoder"),
            context=self._chosen("context"),
            newlines=self._value("newlines"),
            markup=self._chosen("markup"),
            abbreviations=self._value("abbreviations"),
            min_score=self._value("minScore"),
            labels=self._chosen("labels"),
        )

    def _check(self, folder: ModelFolder, options: Options) -> None:
        manifest = folder.manifest
        rules = resolve_rules(manifest)
        options.settle(rules, rules.labels(manifest.read_tags))
        length, case_sensitive = self._chosen("maxSentenceLength"), self._chosen("caseSensitive")
        if length is not None and not 3 <= length <= _LONGEST_SPARK_NLP:
            raise InputError(f"maxSentenceLength must be from 3 to {_LONGEST_SPARK_NLP}, found {length}")
        if length is not None and rules.truncates and length > manifest.max_pieces:
            raise InputError(
                f"maxSentenceLength must be at most {manifest.max_pieces} for a model that truncates exactly as Spark "
                f"NLP does, found {length}; export it again with --max-sentence-length {length}"
            )
        lowers = _lowers(folder)
        if case_sensitive is not None and case_sensitive == lowers:
            says = "doesn't tell capitals from small letters" if lowers else "tells capitals from small letters"
            problem = (
                f"caseSensitive is {case_sensitive}, but the model {manifest.name} {says}, whatever is set here; if it "
                f"comes from Spark NLP, export it again with --case-sensitive {str(case_sensitive).lower()}"
            )
            if rules.truncates:  # it promises Spark NLP's answers, and would give others
                raise InputError(problem)
            warnings.warn(problem, stacklevel=4)

    def _chosen(self, name: str) -> Any:
        """The value of a parameter that has no default; `None` if it isn't set."""
        return self.getOrDefault(name) if self.isSet(name) else None


def _lowers(folder: ModelFolder) -> bool:
    """Whether a model makes all letters small before it looks for pieces.

    That is what Spark NLP's caseSensitive says. The pieces of some models, which fold letters, ignore case in any case.
    """
    if folder.manifest.piece_rule != "spark-nlp":
        return folder.manifest.lower_case
    settings = json.loads(folder.read(TOKENIZER))
    return any(step["type"] == "Lowercase" for step in settings["normalizer"]["normalizers"])
