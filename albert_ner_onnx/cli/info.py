"""`albert-ner info`: shows what a model is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from albert_ner_onnx.cli import options
from albert_ner_onnx.hub.fetch import find_model
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MOST_UNKNOWN, Quantization, Verification

SUMMARY = "show a model's labels, limits, sizes and verification"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Shows what a model card shows: name, licence, language, labels, limits, sizes,\n"
        "and how far the exported model is from its reference. The model isn't loaded."
    )
    options.add_model_folder(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    rows = list(_rows(ModelFolder.open(find_model(args.model))))
    width = max(len(name) for name, _ in rows) + 1
    for name, value in rows:
        print(f"{name + ':' if name else '':<{width}}  {value}")
    return 0


def _rows(folder: ModelFolder) -> Iterator[tuple[str, str]]:
    """Yields the name and value of each row; the name is empty where a value goes on."""
    manifest = folder.manifest
    yield "Model name", manifest.name
    yield "License", manifest.license or "not stated"
    yield "Language", manifest.language or "not stated"
    yield "Input", f"texts, split into words by the rules {manifest.word_splitter!r}; or lists of words"
    yield "Output", f"entities with label, offsets and score; or one tag per word ({manifest.scheme})"
    yield "Labels", ", ".join(options.model_labels(folder))
    yield "Case sensitive", "no" if manifest.lower_case else "yes"
    yield "Max length", f"{manifest.max_pieces} pieces at once; longer texts are read in windows of whole sentences"
    yield "Precision", manifest.precision
    sizes = folder.file_sizes()
    yield "Size", megabytes(sum(sizes.values()))
    for name, size in sizes.items():
        yield "", f"{megabytes(size)}, {name}"
    for index, line in enumerate(verification_lines(manifest.verification)):
        yield "" if index else "Verified", line
    if manifest.quantization:
        for index, line in enumerate(quantization_lines(manifest.quantization)):
            yield "" if index else "Quantized", line
    from importlib.metadata import version  # late: it takes longer than everything else that --help needs

    yield "Provider", f"CPUExecutionProvider, onnxruntime {version('onnxruntime')}"
    yield "Folder", str(folder.path)


def megabytes(size: int) -> str:
    """Formats a number of bytes as megabytes of 10**6 bytes."""
    return f"{size / 1e6:.3f} MB"


def verification_lines(measured: Verification) -> list[str]:
    """Describes how far the float32 graph is from its reference."""
    return [
        f"float32 compared with {measured.reference}: {measured.float_tag_agreement:.2%} of tags equal, "
        f"logits (up to {measured.max_abs_logit:.1f}) differ by at most {measured.float_max_logit_difference:.1e}",
        f"on {measured.sequences} sequences with {measured.pieces:,} pieces in total",
        f"pieces of words compared with {measured.tokenizer}"
        if not measured.tokenizer.startswith(("pieces", "trusted"))
        else measured.tokenizer,
    ]


def quantization_lines(found: Quantization) -> list[str]:
    """Describes how int8 was made and what it cost."""
    quality = found.quality
    lines = [
        f"int8 compared with float32: {quality.tag_agreement:.2%} of tags equal, {quality.entity_tag_agreement:.2%} in "
        f"entities; probabilities differ by at most {quality.max_probability_difference:.3f}, on average by "
        f"{quality.mean_probability_difference:.4f}",
        f"on {quality.words:,} words of {quality.text} that calibration did not see, {quality.entity_words:,} of them "
        "in entities",
        f"model.onnx: {megabytes(found.int8_bytes)}; in float32 {megabytes(found.float32_bytes)}",
        f"activations: {found.activations}, calibrated on {found.calibration}",
        f"weights: {found.weights}; embeddings: {found.embedding_bits} bits",
        *(f"in float32: {name} ({reason})" for name, reason in found.float_parts.items()),
    ]
    if gold := quality.gold:
        scores = f"{gold.int8_f1:.2%}, float32 {gold.float32_f1:.2%}"
        lines.insert(2, f"F1 on {gold.file} ({gold.words:,} words): {scores}")
    if not quality.min_agreement:
        lines.append("not judged: the export accepted any loss (--min-agreement 0)")
    elif not quality.judged and (quality.unknown_share or 0.0) > MOST_UNKNOWN:
        lines.append(
            f"warning: not judged, because {quality.unknown_share:.1%} of the text's pieces were unknown; export with "
            "--calibration FILE, text of the model's kind"
        )
    elif not quality.judged:
        lines.append(
            f"warning: not judged, because float32 found only {quality.entities} entities; export with "
            "--calibration FILE, text of the model's kind"
        )
    return lines
