"""`albert-ner export`: makes a model package of a checkpoint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

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
        help="Hugging Face folder or Hub id (owner/name[@revision]), TensorFlow model or checkpoint, Spark NLP archive "
        "(zip or folder), or ONNX file of optimum or transformers",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to make; must not exist")
    parser.add_argument(
        "--precision", choices=("int8", "fp32"), default="int8", help="of the weights and products (default: int8)"
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="text such as the model will read, one a line, for int8; every fifth line is held out to judge it by "
        "(default: English text of the exporter's own)",
    )
    parser.add_argument(
        "--min-agreement",
        type=float,
        metavar="P",
        help="least share of the held-out words, in percent, on which int8 must keep float32's tag, or nothing is "
        "written; words of entities may lose three times as much (default: 99.5; 0: any); only a warning where float32 "
        "finds fewer than 200 entities",
    )
    parser.add_argument(
        "--gold",
        type=Path,
        metavar="FILE",
        help="words and tags in CoNLL format, to have FB1 of float32 and int8 on it in the manifest",
    )
    parser.add_argument(
        "--embedding-bits",
        type=int,
        choices=(4, 8),
        help="of each value of the embeddings, for int8: 4 makes the package smaller (a small model's by a quarter), "
        "but changes more tags, and may not pass without a lower --min-agreement (default: 8)",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="the model's tags, one a line, in id order: for a checkpoint without, or with generic ones (LABEL_0 …)",
    )
    parser.add_argument(
        "--case-sensitive",
        choices=("true", "false"),
        help="whether the tokenizer heeds case (default: what the checkpoint says)",
    )
    parser.add_argument(
        "--max-sentence-length",
        type=int,
        metavar="N",
        help="longest sequence that the model is given, in pieces; longer texts are read in windows of it (default: "
        "a Spark NLP archive's maxSentenceLength, or the model's positions; better what it was trained on, if that is "
        "less)",
    )
    parser.add_argument(
        "--exact-spark-nlp",
        action="store_true",
        help="keep all rules of a Spark NLP archive as its engine applied them, also those that lose text",
    )
    parser.add_argument(
        "--interface",
        choices=("native", "huggingface"),
        help="the graph's inputs: for this runtime alone, or also for optimum, transformers.js and others that give "
        "input_ids, attention_mask and token_type_ids (default: native)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT, once the new package is complete")
    parser.add_argument("--license", metavar="NAME", help="licence of the weights (default: what the README says)")
    parser.add_argument("--language", metavar="CODE", help="such as en (default: what the checkpoint's README says)")


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    try:
        from albert_ner_export.pipeline import export_model

        manifest = export_model(
            args.checkpoint,
            args.out,
            precision=args.precision,
            force=args.force,
            license=args.license,
            language=args.language,
            report=_report,
            **_source_options(args),
        )
    except ModuleNotFoundError as error:
        raise ExportError(
            f"exporting needs {error.name}: pip install 'albert-ner-onnx[export]' (in a clone: '.[export]')"
        ) from error
    size = info.megabytes(sum(info.file_sizes(manifest, args.out).values()))
    print(f"{args.out}: {manifest.name}, {manifest.precision}, {size}")
    print(info.verification_lines(manifest.verification)[0])
    if manifest.quantization:
        print(*info.quantization_lines(manifest.quantization)[:2], sep="\n")
    return 0


def _source_options(args: argparse.Namespace) -> dict[str, Any]:
    """What was given of the options that the source or the exporter decides otherwise."""
    options = {
        "labels": args.labels,
        "case_sensitive": {"true": True, "false": False}.get(args.case_sensitive),
        "max_sentence_length": args.max_sentence_length,
        "exact_spark_nlp": args.exact_spark_nlp or None,
        "interface": args.interface,
        "calibration": args.calibration,
        "min_agreement": args.min_agreement,
        "gold": args.gold,
        "embedding_bits": args.embedding_bits,
    }
    return {name: value for name, value in options.items() if value is not None}


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
