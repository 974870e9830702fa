"""A checkpoint in, a package out: read -> weights -> graph -> verify -> quantize -> package."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.folding import fold_weights
from albert_ner_export.graph import OPSETS, build_graph
from albert_ner_export.interface import hugging_face_files
from albert_ner_export.labels import read_labels
from albert_ner_export.package import check_target, write_package
from albert_ner_export.quantize import observe_ranges, quantize_weights
from albert_ner_export.reference import export_reference, run_reference, write_hugging_face
from albert_ner_export.sources import read_checkpoint
from albert_ner_export.texts import PieceTexts
from albert_ner_export.tokenizer import TokenizerFacts, describe_tokenizer
from albert_ner_export.verify import compare_int8, run_model, verify_float
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.manifest import MANIFEST, MODEL, SCHEMA_VERSION, TOKENIZER, Manifest, SparkNlp, Verification
from albert_ner_onnx.schemes import scheme_of

PRECISIONS = ("int8", "fp32")
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
    check_target(out, force)
    report(f"reading {source}")
    options = SourceOptions(
        labels=read_labels(labels) if labels else None,
        case_sensitive=case_sensitive,
        max_sentence_length=max_sentence_length,
        exact_spark_nlp=exact_spark_nlp,
        warn=report,
    )
    checkpoint = read_checkpoint(source, options)
    config = checkpoint.config
    spark_nlp = _describe_spark_nlp(checkpoint, exact_spark_nlp)
    if interface == "native" and spark_nlp and spark_nlp.masked_piece is not None:
        interface = "masked"
    facts = describe_tokenizer(checkpoint.tokenizer, config.vocab_size)
    max_pieces = _check_length(max_sentence_length or checkpoint.max_pieces, config.max_position_embeddings)
    texts = PieceTexts(facts)
    weights = fold_weights(config, checkpoint.tensors)
    model = build_graph(config, weights, interface=interface).SerializeToString(deterministic=True)

    report("verifying against optimum's export")
    sequences = texts.verification(config.max_position_embeddings)
    ids = [sequence.ids for sequence in sequences]
    with tempfile.TemporaryDirectory() as folder:
        readable = checkpoint.folder or write_hugging_face(config, checkpoint.tensors, Path(folder) / "checkpoint")
        reference = export_reference(readable, Path(folder) / "reference")
        expected = run_reference(reference, ids, config.max_position_embeddings)
    float_logits = run_model(model, ids)
    verification = verify_float(expected, float_logits)

    if precision == "int8":
        report("calibrating and quantizing")
        calibration = texts.calibration(config.max_position_embeddings)
        ranges = observe_ranges(config, weights, [sequence.ids for sequence in calibration])
        quantized = quantize_weights(weights, ranges)
        model = build_graph(config, quantized, interface=interface).SerializeToString(deterministic=True)
        used = [index for index, sequence in enumerate(ids) if len(sequence) <= max_pieces]
        agreement, difference = compare_int8(
            [float_logits[index] for index in used],
            run_model(model, [ids[index] for index in used]),
            [sequences[index].first for index in used],
        )
        verification = replace(verification, int8_tag_agreement=agreement, int8_max_probability_difference=difference)

    files = {MODEL: model, TOKENIZER: facts.data}
    if interface == "huggingface":
        files |= hugging_face_files(config, facts, max_pieces)
    manifest = _describe(checkpoint, facts, files, max_pieces, precision, verification)
    manifest = replace(manifest, spark_nlp=spark_nlp)
    manifest = replace(manifest, license=license or manifest.license, language=language or manifest.language)
    write_package(out, files | {MANIFEST: manifest.to_json().encode()}, force=force)
    return manifest


def _check_length(asked: int | None, positions: int) -> int:
    if asked is None:
        return positions
    if not 3 <= asked <= positions:
        raise ExportError(f"the maximum length must be from 3 to the model's {positions} positions, found {asked}")
    return asked


def _describe_spark_nlp(checkpoint: Checkpoint, exact: bool) -> SparkNlp | None:
    found = checkpoint.spark_nlp
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
    files: dict[str, bytes],
    max_pieces: int,
    precision: str,
    verification: Verification,
) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=checkpoint.name,
        license=checkpoint.license,
        language=checkpoint.language,
        tags=checkpoint.config.tags,
        scheme=scheme_of(checkpoint.config.tags),
        max_pieces=max_pieces,
        cls_id=facts.cls_id,
        sep_id=facts.sep_id,
        word_splitter=checkpoint.word_splitter,
        piece_rule=checkpoint.piece_rule,
        spark_nlp=None,
        lower_case=facts.lower_case,
        precision=precision,
        opsets=OPSETS,
        files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        source=checkpoint.sha256,
        tools={"python": platform.python_version()} | {tool: version(tool) for tool in _TOOLS},
        verification=verification,
    )
