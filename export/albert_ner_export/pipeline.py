"""A checkpoint in, a package out: read -> weights -> graph -> verify -> quantize -> package."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import AlbertWeights
from albert_ner_export.int8.quality import Words, check, compare, score_gold
from albert_ner_export.int8.quantize import ACTIVATIONS, EMBEDDING_BITS, float_parts, observe_ranges, quantize_weights
from albert_ner_export.int8.rounding import describe_rounding, refine
from albert_ner_export.labels import read_labels
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.texts.sequences import PieceSequence, PieceTexts, own_corpus, read_corpus
from albert_ner_export.tokenizer import describe_tokenizer
from albert_ner_export.verify.gates import Logits, run_model, verify_float, verify_original
from albert_ner_export.verify.reference import export_reference, run_reference, write_hugging_face
from albert_ner_export.verify.source_model import run_original
from albert_ner_export.writing.folder import check_target, write_model_folder
from albert_ner_export.writing.manifest import Description
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.model.manifest import PRECISIONS, Manifest, Quality, Quantization, Verification
from albert_ner_onnx.tags.schemes import opens_with_i, scheme_of

MIN_AGREEMENT = 99.5


def export_model(
    source: Path,
    out: Path,
    *,
    precision: str = "int8",
    labels: Path | None = None,
    case_sensitive: bool | None = None,
    max_sentence_length: int | None = None,
    exact_spark_nlp: bool = False,
    interface: str = "native",
    calibration: Path | None = None,
    min_agreement: float | None = None,
    gold: Path | None = None,
    embedding_bits: int | None = None,
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
        calibration: A text of the user's, one a line, to calibrate int8 with; every fifth line is held out.
        min_agreement: Least share of held-out words, in percent, on which int8 must keep float32's tag; by default
            `MIN_AGREEMENT`, and 0 for any. See `quality`.
        gold: A file in CoNLL format, to have FB1 of float32 and int8 on it in the manifest.
        embedding_bits: Bits of a value of the embeddings in int8, 8 or 4; by default 8.
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
    int8_options = {
        "calibration": calibration,
        "min_agreement": min_agreement,
        "gold": gold,
        "embedding_bits": embedding_bits,
    }
    if precision == "fp32" and (given := [name for name, value in int8_options.items() if value is not None]):
        raise ExportError(f"--{given[0].replace('_', '-')} is about int8; leave it out with --precision fp32")
    least = MIN_AGREEMENT if min_agreement is None else min_agreement
    if not 0 <= least <= 100:
        raise ExportError(f"--min-agreement must be a percentage from 0 to 100, found {least:g}")
    bits = EMBEDDING_BITS[0] if embedding_bits is None else embedding_bits
    if bits not in EMBEDDING_BITS:
        raise ExportError(f"--embedding-bits must be one of {', '.join(map(str, EMBEDDING_BITS))}, found {bits!r}")
    check_target(out, force, source)
    corpus = read_corpus(calibration) if calibration else own_corpus()
    report(f"reading {source}")
    options = SourceOptions(
        labels=read_labels(labels) if labels else None,
        case_sensitive=case_sensitive,
        max_sentence_length=max_sentence_length,
        exact_spark_nlp=exact_spark_nlp,
        warn=report,
    )
    checkpoint = _settle(read_checkpoint(source, options), options, license, language)
    config, spark_nlp = checkpoint.config, checkpoint.spark_nlp
    if interface == "native" and spark_nlp and spark_nlp.masked_piece is not None:
        interface = "masked"
    sentences = read_conll(gold, tags_too=config.tags) if gold else None
    facts = describe_tokenizer(checkpoint.tokenizer, config.vocab_size)
    texts = PieceTexts(facts, corpus)
    weights = fold_weights(config, checkpoint.tensors)

    report("verifying against optimum's export")
    sequences = texts.verification(config.max_position_embeddings)
    expected = _reference_answers(checkpoint, sequences)
    checkpoint = replace(checkpoint, tensors={})  # an xxlarge's take a gigabyte
    model = _build(config, weights, interface)
    verification, logits = _verify(checkpoint, model, sequences, expected)
    checkpoint = replace(checkpoint, source_model=None)
    if calibration:  # a better text to tell by than ours, for a model of another language
        sequences = texts.calibration(config.max_position_embeddings)
        logits = run_model(model, [part.ids for part in sequences])
    scheme = _settle_scheme(config.tags, logits, sequences)
    description = Description(checkpoint, facts, interface, verification, scheme)
    if precision == "fp32":
        manifest, files = description.package(model)
    else:
        report("calibrating and quantizing")
        del model  # what it takes is wanted for graphs that are observed
        quantized = _quantize(config, weights, texts, bits)
        model, small = _build(config, weights, interface), _build(config, quantized, interface)
        report("comparing int8 with float32")
        quality = _compare(description, model, small, texts, least)
        if warning := check(quality):
            report(warning)
        quantization = _describe_quantization(corpus.name, quantized, bits, model, small, quality)
        manifest, files = description.package(small, quantization)
        if gold and sentences:
            _, exact = description.package(model)
            scores = score_gold({"float32": exact, "int8": files}, sentences, gold.name)
            quantization = replace(quantization, quality=replace(quality, gold=scores))
            manifest, files = description.package(small, quantization)
    write_model_folder(out, files, force=force)
    return manifest


def _build(config: AlbertConfig, weights: AlbertWeights, interface: str) -> bytes:
    """The file of a model."""
    model: bytes = build_graph(config, weights, interface=interface).SerializeToString(deterministic=True)
    return model


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


def _settle_scheme(tags: Sequence[str], logits: Sequence[Logits], sequences: Sequence[PieceSequence]) -> str:
    """The scheme of a model, by its tags, and by its answers where these can't tell IOB1 from IOB2."""
    scheme = scheme_of(tags)
    answers = (
        [tags[tag] for tag in found[part.first].argmax(axis=1)] for found, part in zip(logits, sequences, strict=True)
    )
    return "IOB1" if scheme == "IOB2" and opens_with_i(answers) else scheme


def _reference_answers(checkpoint: Checkpoint, sequences: Sequence[PieceSequence]) -> list[Logits]:
    """The logits of optimum's export of the checkpoint."""
    config = checkpoint.config
    with tempfile.TemporaryDirectory() as folder:
        readable = checkpoint.folder or write_hugging_face(config, checkpoint.tensors, Path(folder) / "checkpoint")
        reference = export_reference(readable, Path(folder) / "reference")
        return run_reference(reference, [part.ids for part in sequences], config.max_position_embeddings)


def _verify(
    checkpoint: Checkpoint, model: bytes, sequences: Sequence[PieceSequence], expected: Sequence[Logits]
) -> tuple[Verification, list[Logits]]:
    """Compares the float32 graph with the reference, and with a source that is a graph itself; returns its logits."""
    ids = [sequence.ids for sequence in sequences]
    found = run_model(model, ids)
    if checkpoint.source_model is not None:
        answers = run_original(checkpoint.source_model, ids, checkpoint.config.max_position_embeddings)
        verify_original(checkpoint.source_model, answers, found)
    verification = verify_float(expected, found)
    if checkpoint.source_model is not None:
        verification = replace(verification, reference=f"{verification.reference}, and the ONNX file itself")
    return verification, found


def _quantize(config: AlbertConfig, weights: AlbertWeights, texts: PieceTexts, embedding_bits: int) -> AlbertWeights:
    sequences = [part.ids for part in texts.calibration(config.max_position_embeddings)]
    ranges = observe_ranges(config, weights, sequences)
    return refine(config, weights, quantize_weights(weights, ranges, embedding_bits), sequences)


def _compare(description: Description, float32: bytes, int8: bytes, texts: PieceTexts, least: float) -> Quality:
    """Runs both graphs on the held-out text, in the sequences that the package allows."""
    sequences = texts.held_out(description.max_pieces)
    ids, first = [part.ids for part in sequences], [part.first for part in sequences]
    words = Words.of_first_pieces(run_model(float32, ids), run_model(int8, ids), first)
    return compare(words, description.checkpoint.config.tags, description.scheme, texts.corpus.name, least)


def _describe_quantization(
    calibration: str, quantized: AlbertWeights, embedding_bits: int, float32: bytes, int8: bytes, quality: Quality
) -> Quantization:
    return Quantization(
        activations=ACTIVATIONS,
        weights=describe_rounding(quantized),
        calibration=calibration,
        float_parts=float_parts(quantized),
        embedding_bits=embedding_bits,
        float32_bytes=len(float32),
        int8_bytes=len(int8),
        quality=quality,
    )
