"""`albert-ner export`: makes a model package of a checkpoint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from albert_ner_onnx.cli import info
from albert_ner_onnx.errors import ExportError

SUMMARY = "make a model package of a checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Exports an ALBERT token-classification checkpoint as a model package, and verifies it\n"
        "against the reference implementation: if that fails, nothing is written.\n"
        "Needs the extra: pip install 'albert-ner-onnx[export]'"
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="Hugging Face folder: config.json, model.safetensors, tokenizer.json",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to make; must not exist")
    parser.add_argument(
        "--precision", choices=("int8", "fp32"), default="int8", help="of the weights and products (default: int8)"
    )
    parser.add_argument(
        "--max-pieces",
        type=int,
        metavar="N",
        help="longest sequence that the model is given, in pieces; longer texts are read in windows of it (default: "
        "its positions; better what it was trained on, if that is less)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT, once the new package is complete")
    parser.add_argument("--license", metavar="NAME", help="licence of the weights (default: what the README says)")
    parser.add_argument("--language", metavar="CODE", help="such as en (default: what the checkpoint's README says)")


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    try:
        from albert_ner_export.pipeline import export_package

        manifest = export_package(
            args.checkpoint,
            args.out,
            precision=args.precision,
            max_pieces=args.max_pieces,
            force=args.force,
            license=args.license,
            language=args.language,
            report=_report,
        )
    except ModuleNotFoundError as error:
        raise ExportError(f"exporting needs {error.name}: pip install 'albert-ner-onnx[export]'") from error
    size = info.megabytes(sum(info.file_sizes(manifest, args.out).values()))
    print(f"{args.out}: {manifest.name}, {manifest.precision}, {size}")
    for line in info.verification_lines(manifest.verification)[:-1]:
        print(line)
    return 0


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
