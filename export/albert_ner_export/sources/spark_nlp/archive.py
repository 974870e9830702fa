"""A Spark NLP archive of an AlbertForTokenClassification: a folder or a zip, alone or in a saved pipeline."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from albert_ner_export.checkpoint import Checkpoint, SourceModel, SourceOptions, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import check_tags
from albert_ner_export.sources.files import Files, Zip, open_files
from albert_ner_export.sources.onnx.weights import recover_weights
from albert_ner_export.sources.spark_nlp.java_serialization import read_pairs
from albert_ner_export.sources.spark_nlp.stages import (
    CLASSIFIER,
    CONVERTER,
    Stage,
    describe_losses,
    find_root,
    read_parts,
    read_stages,
)
from albert_ner_export.sources.spark_nlp.tokenizer import masked_piece, spark_nlp_tokenizer
from albert_ner_export.sources.tensorflow.graph import read_graph_sizes, tensorflow_config
from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_export.sources.tensorflow.tensor_bundle import read_bundle
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import SparkNlpSettings

T = TypeVar("T", bool, int)

_SENTENCEPIECE, _MODEL = "albert_spp", "albert_classification_"
_GRAPH, _VARIABLES = "saved_model.pb", "variables"


@dataclass(frozen=True, slots=True)
class _Network:
    """The content of the zip that an engine's network is saved in.

    Attributes:
        tensors: Its weights.
        config: Its `config.json`, without the tags.
        source_model: The network itself, if it is an ONNX model.
    """

    tensors: Tensors
    config: Mapping[str, Any]
    source_model: SourceModel | None


def is_spark_nlp(path: Path) -> bool:
    """Whether a path is a folder or zip that Spark saved a model or pipeline in: it has `metadata/part-00000`."""
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
        ExportError: It can't be read or exported, or not exactly although `options.exact_spark_nlp` asks for that.
    """
    archive = open_files(path)
    stages = read_stages(archive)
    classifier = _find_classifier(stages, path)
    for line in describe_losses(archive, stages):
        if options.exact_spark_nlp:
            raise ExportError(f"{line}; export without --exact-spark-nlp, or save the pipeline without it")
        options.warn(line)
    engine = _find_engine(archive, classifier)
    network = _READERS[engine](archive.open_zip(f"{classifier.folder}{_MODEL}{engine}"))
    tags = options.labels or _read_labels(archive, classifier)
    if (logits := len(network.tensors.get("classifier.bias", ()))) != len(tags):
        raise ExportError(
            f"{path}: has {len(tags)} tags for {logits} logits; give the tag of each logit with --tags-file FILE, one "
            "tag per line"
        )
    name = f"{classifier.folder}{_SENTENCEPIECE}"
    sentencepiece = SentencePieceModel.parse(archive.read(name), archive.locate(name))
    masked = masked_piece(sentencepiece) if options.exact_spark_nlp and engine == "tensorflow" else None
    case_sensitive = _parameter(classifier, "caseSensitive", options.case_sensitive, False, path)
    return Checkpoint(
        name=path.resolve().name.removesuffix(".zip"),
        folder=None,
        config=AlbertConfig.from_dict(network.config, tags, place=str(path)),
        tensors=network.tensors,
        tokenizer=spark_nlp_tokenizer(sentencepiece, lower_case=not case_sensitive),
        spark_nlp=_read_settings(stages, path, exact=options.exact_spark_nlp, masked=masked),
        source_model=network.source_model,
        max_pieces=_parameter(classifier, "maxSentenceLength", options.max_sentence_length, 128, path),
        license=None,
        language=None,
        sha256=archive.sha256,
    )


def _find_classifier(stages: list[Stage], path: Path) -> Stage:
    found = [stage for stage in stages if stage.kind == CLASSIFIER]
    if len(found) != 1:
        raise ExportError(
            f"{path}: must hold one AlbertForTokenClassification, found {len(found)} among the stages "
            f"{', '.join(stage.kind.rpartition('.')[2] for stage in stages)[:200]}"
        )
    return found[0]


def _parameter(stage: Stage, name: str, override: T | None, default: T, path: Path) -> T:
    """Returns a parameter, or what the user says instead; its type must be that of the default."""
    value = stage.parameters.get(name, default) if override is None else override
    if type(value) is not type(default):
        raise ExportError(
            f"{path}: {name} of {stage.uid} must be {type(default).__name__}, found {str(value)[:60]!r}; save it again"
        )
    return value


def _read_settings(stages: list[Stage], path: Path, *, exact: bool, masked: int | None) -> SparkNlpSettings:
    """Returns what the manifest says of the pipeline; the first NerConverter decides about chunks."""
    converter = next((stage for stage in stages if stage.kind == CONVERTER), None)
    if converter is None:
        return SparkNlpSettings(exact=exact, masked_piece=masked, white_list=None, has_no_schema=False)
    white_list = converter.parameters.get("whiteList")
    if white_list is not None:
        if not isinstance(white_list, list) or not all(isinstance(label, str) for label in white_list):
            raise ExportError(
                f"{path}: whiteList of {converter.uid} must be a list of labels, found {str(white_list)[:60]!r}; save "
                "it again"
            )
        white_list = tuple(white_list)
    return SparkNlpSettings(
        exact=exact,
        masked_piece=masked,
        white_list=white_list,
        has_no_schema=_parameter(converter, "nerHasNoSchema", None, False, path),
        preserve_position=_parameter(converter, "preservePosition", None, True, path),
    )


def _read_labels(archive: Files, classifier: Stage) -> tuple[str, ...]:
    """Reads the tags in the order of their ids, from a saved `Map[String, Int]`."""
    place = archive.locate(f"{classifier.folder}fields/labels")
    parts = read_parts(archive, f"{classifier.folder}fields/labels")
    pairs = [pair for path, data in parts for pair in read_pairs(data, path)]
    tags = {number: tag for tag, number in pairs}
    if not pairs or sorted(map(str, tags)) != sorted(map(str, range(len(pairs)))):
        raise ExportError(
            f"{place}: must number the tags from 0 on, found {str(dict(pairs))[:200]}; give the tag of each logit with "
            "--tags-file FILE, one tag per line"
        )
    return check_tags([tags[number] for number in range(len(pairs))], str(place))


def _find_engine(archive: Files, classifier: Stage) -> str:
    """Returns the engine that the network is saved for."""
    prefix = classifier.folder + _MODEL
    found = [name.removeprefix(prefix) for name in archive.names() if name.startswith(prefix)]
    if len(found) != 1 or found[0] not in _READERS:
        raise ExportError(
            f"{archive.path}: must have one of {', '.join(_MODEL + engine for engine in _READERS)}, found "
            f"{', '.join(_MODEL + engine for engine in found) or 'none'}; save the model with one of these engines"
        )
    return found[0]


def _read_onnx(content: Zip) -> _Network:
    names = content.names()
    if len(names) != 1 or not names[0].endswith(".onnx"):
        raise ExportError(
            f"{content.path}: must hold a single file .onnx, found {', '.join(names)[:200] or 'nothing'}; save it again"
        )
    path, data = Path(content.locate(names[0])), content.read(names[0])
    weights = recover_weights(data, path)
    source_model = SourceModel(path=path, model=data, machine_epsilon=weights.machine_epsilon)
    return _Network(weights.tensors, weights.config, source_model)


def _read_tensorflow(content: Zip) -> _Network:
    sizes = read_graph_sizes(content.read(_GRAPH), content.locate(_GRAPH))
    files = {name: content.read(name) for name in content.names() if name.startswith(f"{_VARIABLES}.")}
    bundle = read_bundle(files, _VARIABLES, content.path)
    tensors = to_hugging_face(bundle.variables, bundle.read, content.path)
    return _Network(tensors, tensorflow_config(tensors, sizes, content.path), None)


_READERS = {"tensorflow": _read_tensorflow, "onnx": _read_onnx}
