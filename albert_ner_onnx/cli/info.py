"""`albert-ner info`: what a model package is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import albert_ner_onnx
from albert_ner_onnx.cli import options
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MANIFEST, Manifest, Quantization, Verification

SUMMARY = "show what a model package is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Shows a model package as a model card does: name, licence, language, labels, limits,\n"
        "sizes, and how far the exported model is from its reference. The model is not loaded."
    )
    options.add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    folder = args.model or albert_ner_onnx.default_model()
    rows = list(_rows(ModelFolder.open(folder).manifest, folder))
    width = max(len(name) for name, _ in rows) + 1
    for name, value in rows:
        print(f"{name + ':' if name else '':<{width}}  {value}")
    return 0


def _rows(manifest: Manifest, folder: Path) -> Iterator[tuple[str, str]]:
    """Yields the name and value of each row."""
    labels = dict.fromkeys(tag[2:] for tag in manifest.tags if tag != "O")
    yield "Model name", manifest.name
    yield "License", manifest.license or "not stated"
    yield "Language", manifest.language or "not stated"
    yield "Input", f"text, split into words by the rules {manifest.word_splitter!r}, or words"
    yield "Output", f"entities with label, offsets and score, or a tag a word ({manifest.scheme})"
    yield "Labels", ", ".join(sorted(labels))
    yield "Case sensitive", "no" if manifest.lower_case else "yes"
    yield "Max length", f"{manifest.max_pieces} pieces at once; longer texts in windows of whole sentences"
    yield "Precision", manifest.precision
    sizes = file_sizes(manifest, folder)
    yield "Size", megabytes(sum(sizes.values()))
    for name, size in sizes.items():
        yield "", f"{megabytes(size)}, {name}"
    for index, line in enumerate(verification_lines(manifest.verification)):
        yield "" if index else "Verified", line
    if manifest.quantization:
        for index, line in enumerate(quantization_lines(manifest.quantization)):
            yield "" if index else "Quantized", line
    from importlib.metadata import version  # late: it takes longer than all the rest of --help

    yield "Provider", f"CPUExecutionProvider, onnxruntime {version('onnxruntime')}"
    yield "Package", str(folder)


def file_sizes(manifest: Manifest, folder: Path) -> dict[str, int]:
    """Size in bytes of each file of a package, its manifest included."""
    try:
        return {name: (folder / name).stat().st_size for name in (*manifest.files, MANIFEST)}
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}; copy or export the package again") from None


def megabytes(size: int) -> str:
    """A number of bytes in megabytes of 10**6 bytes."""
    return f"{size / 1e6:.3f} MB"


def verification_lines(measured: Verification) -> list[str]:
    """How far the float32 graph is from its reference, for people to read."""
    return [
        f"float32 against {measured.reference}: {measured.float_tag_agreement:.2%} of tags equal, "
        f"logits (up to {measured.max_abs_logit:.1f}) within {measured.float_max_logit_difference:.1e}",
        f"on {measured.sequences} sequences of {measured.pieces:,} pieces in all",
    ]


def quantization_lines(found: Quantization) -> list[str]:
    """How int8 was made and what it cost, for people to read."""
    quality = found.quality
    lines = [
        f"int8 against float32: {quality.tag_agreement:.2%} of tags equal, of words in entities "
        f"{quality.entity_tag_agreement:.2%}; probabilities within {quality.max_probability_difference:.3f}, "
        f"{quality.mean_probability_difference:.4f} on average",
        f"on {quality.words:,} words of {quality.text} that calibration did not see, {quality.entity_words:,} of them "
        f"in entities",
        f"model.onnx {megabytes(found.int8_bytes)}, as float32 {megabytes(found.float32_bytes)}",
        f"activations: {found.activations}, calibrated with {found.calibration}",
        f"weights: {found.weights}; embeddings: {found.embedding_bits} bits",
        *(f"in float: {name} ({reason})" for name, reason in found.float_parts.items()),
    ]
    if gold := quality.gold:
        scores = f"{100 * gold.int8_f1:.2f}, float32 {100 * gold.float32_f1:.2f}"
        lines.insert(2, f"FB1 on {gold.file} ({gold.words:,} words): {scores}")
    if not quality.min_agreement:
        lines.append("no gate: any loss was accepted when it was exported (--min-agreement 0)")
    elif not quality.judged:
        lines.append(
            f"warning: not judged by its loss, as float32 found {quality.entities} entities only; "
            "export with --calibration FILE, text of the model's kind"
        )
    return lines
