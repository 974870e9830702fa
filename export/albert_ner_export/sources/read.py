"""Reads a checkpoint of any format: one room for each framework, and one for tokenizers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.sources.hugging_face.folder import is_hugging_face, read_hugging_face
from albert_ner_export.sources.hugging_face.hub import download
from albert_ner_export.sources.onnx.file import is_onnx, read_onnx
from albert_ner_export.sources.spark_nlp.archive import is_spark_nlp, read_spark_nlp
from albert_ner_export.sources.tensorflow.checkpoint import is_tensorflow, read_tensorflow
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.hub.ids import is_hub_id

_READERS = (
    (is_hugging_face, read_hugging_face),
    (is_spark_nlp, read_spark_nlp),
    (is_tensorflow, read_tensorflow),
    (is_onnx, read_onnx),
)


def read_checkpoint(source: Path, options: SourceOptions = SourceOptions()) -> Checkpoint:  # noqa: B008 (immutable)
    """Finds out the format of a source, and reads it.

    Args:
        source: A file or folder, or the id of a model on the Hugging Face Hub, which is downloaded.
        options: What the user says about it.

    Raises:
        ExportError: No format fits, or the source can't be exported.
    """
    if is_hub_id(text := source.as_posix()):
        snapshot = download(text, options.warn)
        return replace(read_checkpoint(snapshot.folder, options), name=snapshot.name)
    # If no format fits, the errors of Hugging Face's reader say what was expected
    read = next((read for is_format, read in _READERS if is_format(source)), read_hugging_face)
    checkpoint = read(source, options)
    _check_logits(source, checkpoint)
    if options.exact_spark_nlp and checkpoint.spark_nlp is None:
        raise ExportError(f"{source}: not a Spark NLP archive, so it has nothing to reproduce; omit --exact-spark-nlp")
    if options.keep_accents is not None and checkpoint.spark_nlp is not None:
        raise ExportError(f"{source}: Spark NLP keeps accents in every model; omit --keep-accents")
    return checkpoint


def _check_logits(source: Path, checkpoint: Checkpoint) -> None:
    """Refuses a checkpoint that has another number of tags than of logits."""
    bias, tags = checkpoint.tensors.get("classifier.bias"), checkpoint.config.tags
    if bias is not None and bias.size != len(tags):
        raise ExportError(
            f"{source}: has {len(tags)} tags for {bias.size} logits; give the tag of each logit with --tags-file FILE, "
            "one tag per line"
        )
