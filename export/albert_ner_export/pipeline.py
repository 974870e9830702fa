"""A checkpoint in, a package out: read -> weights -> graph -> verify -> quantize -> package."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions, SparkNlpSettings
from albert_ner_export.folding import fold_weights
from albert_ner_export.graph import OPSETS, build_graph
from albert_ner_export.interface import hugging_face_files
from albert_ner_export.labels import read_labels
from albert_ner_export.package import check_target, write_package
from albert_ner_export.quantize import observe_ranges, quantize_weights
from albert_ner_export.reference import export_reference, run_reference, write_hugging_face
from albert_ner_export.sources import read_checkpoint
from albert_ner_export.texts import PieceSequence, PieceTexts
from albert_ner_export.tokenizer import TokenizerFacts, describe_tokenizer
from albert_ner_export.verify import Logits, compare_int8, run_model, verify_float
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.manifest import (
    MANIFEST,
    MODEL,
    PRECISIONS,
    SCHEMA_VERSION,
    TOKENIZER,
    Manifest,
    SparkNlp,
    Verification,
)
from albert_ner_onnx.schemes import scheme_of

_TOOLS = ("albert-ner-onnx", "numpy", "onnx", "onnxruntime", "optimum", "tokenizers", "torch", "transformers")


def export_package(
    source: Path,
    out: Path,
    *,
    precision: str = "int8",
    labels: Path | None = None,
    case_sensitive: bool | None = None,
    max_sentence_length: int | None = None,
    exact_spark_nlp: bool = False,
    interface: str = "native",
    force: bool = False,
    license: str | None = None,
    language: str | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Manifest:
    """Exports a checkpoint, verified against optimum's export of it.

    Args:
        source: A Hugging Face folder.
        out: The package's folder, which must not exist.
        precision: `int8`, or `fp32` for the float graph.
        labels: A file of the tag of each logit, one a line, for a source that has none or generic ones.
        case_sensitive: Whether the tokenizer heeds case; by default as the source says.
        max_sentence_length: Longest sequence that the package gives the model, in pieces, special ones included; longer
            texts are read in windows of it. By default as the source says, or the model's positions; the longest that
            it was trained on may be less.
        exact_spark_nlp: Whether to keep all of Spark NLP's rules, also those that lose text.
        interface: `native`, or `huggingface`: with the inputs that optimum, transformers.js or Triton give, and with
            the files that transformers loads.
        force: Whether to replace `out` if it exists.
        license: Licence of the weights; by default as the source's README says in its front matter.
        language: Their language; the same.
        report: Gets a line at each step.

    Returns:
        The manifest of the package.

    Raises:
        ExportError: Nothing has been written.
    """
    if precision not in PRECISIONS:
        raise ExportError(f"precision must be one of {', '.join(PRECISIONS)}, found {precision!r}")
    if interface not in ("native", "huggingface"):
        raise ExportError(f"interface must be native or huggingface, found {interface!r}")
    check_target(out, force, source)
    report(f"reading {source}")
    options = SourceOptions(
        labels=read_labels(labels) if labels else None,
        case_sensitive=case_sensitive,
        max_sentence_length=max_sentence_length,
        exact_spark_nlp=exact_spark_nlp,
        warn=report,
    )
    checkpoint = _settle(read_checkpoint(source, options), options, license, language)
    config, spark_nlp = checkpoint.config, _describe_spark_nlp(checkpoint.spark_nlp, exact_spark_nlp)
    if interface == "native" and spark_nlp and spark_nlp.masked_piece is not None:
        interface = "masked"
    facts = describe_tokenizer(checkpoint.tokenizer, config.vocab_size)
    texts = PieceTexts(facts)
    weights = fold_weights(config, checkpoint.tensors)
    model = build_graph(config, weights, interface=interface).SerializeToString(deterministic=True)

    report("verifying against optimum's export")
    sequences = texts.verification(config.max_position_embeddings)
    verification, logits = _verify(checkpoint, model, sequences)
    checkpoint = replace(checkpoint, tensors={})  # an xxlarge's take a gigabyte
    if precision == "int8":
        report("calibrating and quantizing")
        ranges = observe_ranges(
            config, weights, [part.ids for part in texts.calibration(config.max_position_embeddings)]
        )
        weights = quantize_weights(weights, ranges)
        model = build_graph(config, weights, interface=interface).SerializeToString(deterministic=True)
        verification = _verify_int8(checkpoint, model, sequences, logits, verification)

    files = {MODEL: model, TOKENIZER: facts.data}
    if interface == "huggingface":
        files |= hugging_face_files(config, facts, checkpoint.max_pieces or config.max_position_embeddings)
    manifest = _describe(checkpoint, facts, files, precision, verification, spark_nlp)
    write_package(out, files | {MANIFEST: manifest.to_json().encode()}, force=force)
    return manifest


def _settle(checkpoint: Checkpoint, options: SourceOptions, license: str | None, language: str | None) -> Checkpoint:
    """Puts what the user says in the place of what the source says."""
    positions = checkpoint.config.max_position_embeddings
    given = (options.max_sentence_length, checkpoint.max_pieces, positions)
    asked = next(length for length in given if length is not None)
    if not 3 <= asked <= positions:
        raise ExportError(f"the maximum length must be from 3 to the model's {positions} positions, found {asked}")
    return replace(
        checkpoint,
        max_pieces=asked,
        license=license or checkpoint.license,
        language=language or checkpoint.language,
    )


def _verify(
    checkpoint: Checkpoint, model: bytes, sequences: Sequence[PieceSequence]
) -> tuple[Verification, list[Logits]]:
    """Compares the float32 graph with the reference; also returns its logits."""
    ids = [sequence.ids for sequence in sequences]
    config = checkpoint.config
    with tempfile.TemporaryDirectory() as folder:
        readable = checkpoint.folder or write_hugging_face(config, checkpoint.tensors, Path(folder) / "checkpoint")
        reference = export_reference(readable, Path(folder) / "reference")
        expected = run_reference(reference, ids, config.max_position_embeddings)
    found = run_model(model, ids)
    return verify_float(expected, found), found


def _verify_int8(
    checkpoint: Checkpoint,
    model: bytes,
    sequences: Sequence[PieceSequence],
    logits: Sequence[Logits],
    verification: Verification,
) -> Verification:
    """Compares the int8 graph with the float32 one on the sequences that the package allows."""
    longest = checkpoint.max_pieces or 0
    used = [(part, before) for part, before in zip(sequences, logits, strict=True) if len(part.ids) <= longest]
    found = run_model(model, [part.ids for part, _ in used])
    agreement, difference = compare_int8([before for _, before in used], found, [part.first for part, _ in used])
    return replace(verification, int8_tag_agreement=agreement, int8_max_probability_difference=difference)


def _describe_spark_nlp(found: SparkNlpSettings | None, exact: bool) -> SparkNlp | None:
    if found is None:
        if exact:
            raise ExportError("--exact-spark-nlp: the source is no Spark NLP archive; leave the option out")
        return None
    masked_piece = found.masked_piece if exact else None
    return SparkNlp(
        exact=exact, masked_piece=masked_piece, white_list=found.white_list, has_no_schema=found.has_no_schema
    )


def _describe(
    checkpoint: Checkpoint,
    facts: TokenizerFacts,
    files: Mapping[str, bytes],
    precision: str,
    verification: Verification,
    spark_nlp: SparkNlp | None,
) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=checkpoint.name,
        license=checkpoint.license,
        language=checkpoint.language,
        tags=checkpoint.config.tags,
        scheme=scheme_of(checkpoint.config.tags),
        max_pieces=checkpoint.max_pieces or checkpoint.config.max_position_embeddings,
        cls_id=facts.cls_id,
        sep_id=facts.sep_id,
        word_splitter=checkpoint.word_splitter,
        piece_rule=checkpoint.piece_rule,
        spark_nlp=spark_nlp,
        lower_case=facts.lower_case,
        precision=precision,
        opsets=OPSETS,
        files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        source=checkpoint.sha256,
        tools={"python": platform.python_version()} | {tool: version(tool) for tool in _TOOLS},
        verification=verification,
    )
