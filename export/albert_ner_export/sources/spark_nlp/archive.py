"""A Spark NLP archive of an AlbertForTokenClassification: a folder or a zip, alone or in a saved pipeline."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from albert_ner_export.checkpoint import Checkpoint, SourceModel, SourceOptions, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import check_tags
from albert_ner_export.sources.archive import Archive, Zip, open_archive
from albert_ner_export.sources.spark_nlp.java_serialization import read_pairs
from albert_ner_export.sources.spark_nlp.stages import CLASSIFIER, CONVERTER, Stage, find_root, oddities, read_stages
from albert_ner_export.sources.spark_nlp.tokenizer import masked_piece, spark_nlp_tokenizer
from albert_ner_export.sources.tensorflow.graph import read_graph_sizes, tensorflow_config
from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_export.sources.tensorflow.tensor_bundle import read_bundle
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import SparkNlpSettings

T = TypeVar("T", bool, int)

_SENTENCEPIECE, _MODEL = "albert_spp", "albert_classification_"
_GRAPH, _VARIABLES = "saved_model.pb", "variables"


@dataclass(frozen=True, slots=True)
class _Model:
    """What an engine's zip holds.

    Attributes:
        tensors: float32 arrays by Hugging Face's names.
        settings: Their config.json without tags.
        source_model: The network itself, where ONNX Runtime can run it.
    """

    tensors: Tensors
    settings: Mapping[str, Any]
    source_model: SourceModel | None


def is_spark_nlp(path: Path) -> bool:
    """Whether this is what Spark saves of a model or pipeline: a folder or a zip with `metadata/part-00000` in it."""
    if path.is_dir():
        return any((path / "metadata").glob("part-*"))
    try:
        with zipfile.ZipFile(path) as file:
            return find_root(file.namelist()) is not None
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def read_spark_nlp(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads a saved AlbertForTokenClassification, or the one in a saved pipeline.

    Raises:
        ExportError: It can't be read or exported, or with `options.exact_spark_nlp`, not without changing an answer.
    """
    archive = open_archive(path)
    names = archive.names()
    root = find_root(names)
    if root is None:
        raise ExportError(f"{path}: no metadata/part-00000 in it; expected what Spark NLP's save() writes, or its zip")
    stages = read_stages(archive, names, root)
    classifier = _classifier(stages, path)
    for line in oddities(archive, names, stages):
        if options.exact_spark_nlp:
            raise ExportError(f"{line}; export without --exact-spark-nlp, or save the pipeline without it")
        options.warn(line)
    engine, network = _read_model(archive, names, classifier)
    tags = options.labels or _read_labels(archive, names, classifier)
    if (logits := len(network.tensors.get("classifier.bias", ()))) != len(tags):
        raise ExportError(
            f"{path}: has {len(tags)} tags for {logits} logits; give all with --labels FILE, one a line, in id order"
        )
    lower_case = not _parameter(classifier, "caseSensitive", options.case_sensitive, False, path)
    model = archive.read(f"{classifier.folder}{_SENTENCEPIECE}")
    try:
        config = AlbertConfig.from_dict(network.settings, tags)
        tokenizer = spark_nlp_tokenizer(model, lower_case=lower_case)
    except ExportError as error:  # which knows no path
        raise ExportError(f"{path}: {error}") from None
    return Checkpoint(
        name=path.resolve().name.removesuffix(".zip"),
        folder=None,
        config=config,
        tensors=network.tensors,
        tokenizer=tokenizer,
        spark_nlp=_settings(engine, model, stages, path, exact=options.exact_spark_nlp),
        source_model=network.source_model,
        max_pieces=_parameter(classifier, "maxSentenceLength", options.max_sentence_length, 128, path),
        license=None,
        language=None,
        sha256=archive.sha256,
    )


def _classifier(stages: list[Stage], path: Path) -> Stage:
    found = [stage for stage in stages if stage.kind == CLASSIFIER]
    if len(found) != 1:
        raise ExportError(
            f"{path}: must hold one AlbertForTokenClassification, found {len(found)} among the stages "
            f"{', '.join(stage.kind.rpartition('.')[2] for stage in stages)[:200]}"
        )
    return found[0]


def _parameter(stage: Stage, name: str, override: T | None, default: T, path: Path) -> T:
    """A parameter of the type of its default, or what a user says instead."""
    value = stage.parameters.get(name, default) if override is None else override
    if type(value) is not type(default):
        raise ExportError(
            f"{path}: {name} of {stage.uid} must be {type(default).__name__}, found {str(value)[:60]!r}; save it again"
        )
    return value


def _settings(engine: str, model: bytes, stages: list[Stage], path: Path, *, exact: bool) -> SparkNlpSettings:
    """What the engine masks if its faults are to be kept, and the settings of the first NerConverter."""
    masked = masked_piece(model) if exact and engine == "tensorflow" else None
    converter = next((stage for stage in stages if stage.kind == CONVERTER), None)
    if converter is None:
        return SparkNlpSettings(exact=exact, masked_piece=masked, white_list=None, has_no_schema=False)
    white_list = converter.parameters.get("whiteList")
    if white_list is not None:
        if not isinstance(white_list, list) or not all(isinstance(label, str) for label in white_list):
            raise ExportError(f"{path}: whiteList of {converter.uid} must be labels, found {str(white_list)[:60]!r}")
        white_list = tuple(white_list)
    return SparkNlpSettings(
        exact=exact,
        masked_piece=masked,
        white_list=white_list,
        has_no_schema=_parameter(converter, "nerHasNoSchema", None, False, path),
        preserve_position=_parameter(converter, "preservePosition", None, True, path),
    )


def _read_labels(archive: Archive, names: list[str], classifier: Stage) -> tuple[str, ...]:
    """The tags in the order of their ids, from a `Map[String, Int]` in some parts."""
    folder = f"{classifier.folder}fields/labels/"
    parts = [name for name in names if re.fullmatch(rf"{re.escape(folder)}part-\d+", name)]
    pairs = [pair for part in parts for pair in read_pairs(archive.read(part), archive.path / part)]
    tags = {number: tag for tag, number in pairs}
    if not pairs or sorted(map(str, tags)) != sorted(map(str, range(len(pairs)))):
        raise ExportError(
            f"{archive.path / folder}: must number the tags from 0 on, found {str(dict(pairs))[:200]}; "
            "give the model's tags with --labels FILE, one tag a line, in id order"
        )
    return check_tags([tags[number] for number in range(len(pairs))], str(archive.path / folder))


def _read_model(archive: Archive, names: list[str], classifier: Stage) -> tuple[str, _Model]:
    """The engine, and what its zip holds."""
    prefix = classifier.folder + _MODEL
    found = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    if len(found) != 1 or found[0] not in _READERS:
        raise ExportError(
            f"{archive.path}: must have one of {', '.join(_MODEL + engine for engine in _READERS)}, found "
            f"{', '.join(_MODEL + engine for engine in found) or 'none'}; save the model with one of these engines"
        )
    return found[0], _READERS[found[0]](archive.open_zip(prefix + found[0]))


def _read_onnx(content: Zip) -> _Model:
    from albert_ner_export.sources.onnx.file import recover_weights  # onnx takes its time to be imported

    names = content.names()
    if len(names) != 1 or not names[0].endswith(".onnx"):
        raise ExportError(f"{content.path}: must hold one file .onnx, found {', '.join(names)[:200] or 'nothing'}")
    path, data = Path(content.path / names[0]), content.read(names[0])
    weights = recover_weights(data, path)
    source_model = SourceModel(path=path, model=data, machine_epsilon=weights.machine_epsilon)
    return _Model(weights.tensors, weights.config, source_model)


def _read_tensorflow(content: Zip) -> _Model:
    sizes = read_graph_sizes(content.read(_GRAPH), content.path / _GRAPH)
    files = {name: content.read(name) for name in content.names() if name.startswith(f"{_VARIABLES}.")}
    bundle = read_bundle(files, _VARIABLES, content.path)
    tensors = to_hugging_face(bundle.variables, bundle.read, content.path)
    return _Model(tensors, tensorflow_config(tensors, sizes, content.path), None)


_READERS = {"tensorflow": _read_tensorflow, "onnx": _read_onnx}
