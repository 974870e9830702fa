"""A Spark NLP archive of an AlbertForTokenClassification: a folder or a zip, alone or in a saved pipeline."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import check_tags, find_ignored
from albert_ner_export.sources.files import Files, open_files
from albert_ner_export.sources.spark_nlp.java_serialization import read_pairs
from albert_ner_export.sources.spark_nlp.network import read_network
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
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import SparkNlpSettings

T = TypeVar("T", bool, int)

_SENTENCEPIECE = "albert_spp"


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
    network = read_network(archive, classifier.folder)
    tags = options.labels or _read_labels(archive, classifier, options.ignored)
    if options.exact_spark_nlp and (ignored := find_ignored(tags, options.ignored)):
        raise ExportError(
            f"{path}: {ignored[0]} is ignored, but Spark NLP makes entities of it; export without --exact-spark-nlp"
        )
    if (logits := len(network.tensors.get("classifier.bias", ()))) != len(tags):
        raise ExportError(
            f"{path}: has {len(tags)} tags for {logits} logits; give the tag of each logit with --tags-file FILE, one "
            "tag per line"
        )
    name = f"{classifier.folder}{_SENTENCEPIECE}"
    sentencepiece = SentencePieceModel.parse(archive.read(name), archive.locate(name))
    masked = masked_piece(sentencepiece) if options.exact_spark_nlp and network.engine == "tensorflow" else None
    case_sensitive = _parameter(classifier, "caseSensitive", options.case_sensitive, False, path)
    return Checkpoint(
        name=path.resolve().name.removesuffix(".zip"),
        folder=None,
        config=AlbertConfig.from_dict(network.config, tags, options.ignored, place=str(path)),
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
            f"{', '.join(stage.kind.rpartition('.')[2] for stage in stages)[:200]}; save the one to export alone"
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


def _read_labels(archive: Files, classifier: Stage, ignored: Sequence[str] | None) -> tuple[str, ...]:
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
    return check_tags([tags[number] for number in range(len(pairs))], str(place), ignored)
