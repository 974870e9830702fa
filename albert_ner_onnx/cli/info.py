"""`albert-ner info`: what a model package is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import albert_ner_onnx
from albert_ner_onnx.cli import options
from albert_ner_onnx.errors import PackageError
from albert_ner_onnx.manifest import MANIFEST, Manifest, Verification

SUMMARY = "show what a model package is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Shows a model package as a model card does: name, licence, language, labels, limits,\n"
        "sizes, and how far the exported model is from its reference. The model is not loaded."
    )
    options.add_package(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    folder = args.package or albert_ner_onnx.default_package()
    rows = list(_rows(Manifest.read(folder), folder))
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
    yield "Max length", f"{manifest.max_pieces} pieces at once; longer texts in overlapping windows"
    yield "Precision", manifest.precision
    sizes = file_sizes(manifest, folder)
    yield "Size", megabytes(sum(sizes.values()))
    for name, size in sizes.items():
        yield "", f"{megabytes(size)}, {name}"
    for index, line in enumerate(verification_lines(manifest.verification)):
        yield "" if index else "Verified", line
    from importlib.metadata import version  # late: it takes longer than all the rest of --help

    yield "Provider", f"CPUExecutionProvider, onnxruntime {version('onnxruntime')}"
    yield "Package", str(folder)


def file_sizes(manifest: Manifest, folder: Path) -> dict[str, int]:
    """Size in bytes of each file of a package, its manifest included."""
    try:
        return {name: (folder / name).stat().st_size for name in (*manifest.files, MANIFEST)}
    except OSError as error:
        raise PackageError(f"{error.filename}: {error.strerror}; copy or export the package again") from None


def megabytes(size: int) -> str:
    """A number of bytes in megabytes of 10**6 bytes."""
    return f"{size / 1e6:.3f} MB"


def verification_lines(measured: Verification) -> list[str]:
    """What the exporter measured, for people to read."""
    lines = [
        f"float32 against {measured.reference}: {measured.float_tag_agreement:.2%} of tags equal, "
        f"logits (up to {measured.max_abs_logit:.1f}) within {measured.float_max_logit_difference:.1e}"
    ]
    if measured.int8_tag_agreement is not None and measured.int8_max_probability_difference is not None:
        lines.append(
            f"int8 against float32: {measured.int8_tag_agreement:.2%} of tags equal, "
            f"probabilities within {measured.int8_max_probability_difference:.3f}"
        )
    return [*lines, f"on {measured.sequences} sequences of {measured.pieces} pieces in all"]
