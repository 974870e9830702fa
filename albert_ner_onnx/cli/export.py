"""`albert-ner export`: makes a model from a checkpoint."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import NoReturn

from albert_ner_onnx.cli import info
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.folder import ModelFolder

SUMMARY = "make a model from a checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Exports an ALBERT token-classification checkpoint as a model, and verifies it\n"
        "against the reference implementation. If that fails, nothing is written.\n"
        "Needs an extra: pip install 'albert-ner-onnx[export]'"
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="a Hugging Face folder or Hub id (owner/name[@revision]), a TensorFlow model or checkpoint, a Spark NLP "
        "archive (zip or folder), or an ONNX file of optimum or transformers",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the model folder to make; it must not exist")
    parser.add_argument("--force", action="store_true", help="replace OUT as soon as the new model is complete")
    parser.add_argument("--precision", choices=("int8", "fp32"), help="precision of the weights (default: int8)")
    _add_int8_arguments(parser.add_argument_group("options of int8"))
    _add_checkpoint_arguments(parser.add_argument_group("settings of the checkpoint"))
    parser.add_argument(
        "--interface",
        choices=("native", "huggingface"),
        help="inputs of the graph. native: those that this runtime needs. huggingface: input_ids, attention_mask and "
        "token_type_ids, so that optimum, transformers.js and others can use it, too (default: native)",
    )
    parser.add_argument(
        "--oracle",
        choices=("optimum", "transformers"),
        help="what the float32 graph is compared with: optimum's export in ONNX Runtime, or transformers in PyTorch "
        "(default: optimum where it is installed)",
    )


def _add_int8_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="texts like those that the model will read, one per line; every fifth line is not used for calibration "
        "but held out to judge the result (default: English texts that come with the exporter)",
    )
    group.add_argument(
        "--min-agreement",
        type=float,
        metavar="F",
        help="write nothing unless int8 gives the same tag as float32 on this fraction of the held-out words; for "
        "words in entities three times the loss is allowed. 0 allows any loss. If float32 finds fewer than 200 "
        "entities, there is only a warning (default: 0.995)",
    )
    group.add_argument(
        "--gold",
        type=Path,
        metavar="FILE",
        help="words and tags in CoNLL format; the F1 of float32 and int8 on them goes into the manifest",
    )
    group.add_argument(
        "--embedding-bits",
        type=int,
        choices=(4, 8),
        help="bits per value of the embeddings. 4 makes the model smaller, a small model by a quarter, but changes "
        "more tags and may need a lower --min-agreement (default: 8)",
    )


def _add_checkpoint_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tags-file",
        "--labels",
        type=Path,
        metavar="FILE",
        help="the model's tags, one per line, in the order of their ids: for checkpoints without tags, or with generic "
        "ones (LABEL_0 …)",
    )
    group.add_argument(
        "--ignore-labels",
        type=_labels,
        metavar="A,B",
        help="labels of the model that mark no entity and are read as O; '' for none (default: X, [PAD], [CLS], [SEP] "
        "and the like, where the model has them)",
    )
    group.add_argument(
        "--case-sensitive",
        choices=("true", "false"),
        help="whether the tokenizer distinguishes case (default: what the checkpoint says)",
    )
    group.add_argument(
        "--keep-accents",
        choices=("true", "false"),
        help="whether the tokenizer keeps accents and vowel signs: keep_accents of AlbertTokenizer (default: what the "
        "checkpoint says)",
    )
    group.add_argument(
        "--max-sentence-length",
        type=int,
        metavar="N",
        help="length of the longest sequence that the model reads at once, in pieces; longer texts are read in windows "
        "of this length. If the model was trained on shorter sequences, their length is better (default: "
        "maxSentenceLength of a Spark NLP archive, otherwise the number of the model's positions)",
    )
    group.add_argument(
        "--exact-spark-nlp",
        action="store_true",
        help="apply all rules of Spark NLP's engine to a model from its archive, even those that lose text",
    )
    group.add_argument(
        "--trust-tokenizer",
        choices=("ours",),
        help="export even if transformers reads words as other pieces than we do: it opens some tokenizers wrongly. "
        "The manifest says where they differ",
    )
    group.add_argument("--license", metavar="NAME", help="licence of the weights (default: what the README says)")
    group.add_argument("--language", metavar="CODE", help="language, such as en (default: what the README says)")


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in text.split(",") if label.strip())


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    try:
        from albert_ner_export.options import ExportOptions
        from albert_ner_export.pipeline import export_model

        given = {field.name: getattr(args, field.name) for field in fields(ExportOptions)}
        for name in ("case_sensitive", "keep_accents"):
            given[name] = {None: None, "true": True, "false": False}[given[name]]
        options = ExportOptions(**{name: value for name, value in given.items() if value is not None})
        with _cleaning_up():
            manifest = export_model(args.checkpoint, args.out, options, force=args.force, report=_report)
    except ModuleNotFoundError as error:
        raise ExportError(
            f"exporting needs {error.name}; run pip install 'albert-ner-onnx[export]' (in a clone: '.[export]')"
        ) from error
    size = info.megabytes(sum(ModelFolder(args.out, manifest).file_sizes().values()))
    print(f"{args.out}: {manifest.name}, {manifest.precision}, {size}")
    print(info.verification_lines(manifest.verification)[0])
    if manifest.quantization:
        print(*info.quantization_lines(manifest.quantization)[:2], sep="\n")
    return 0


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the process as SIGINT does, so that no child process and no folder is left.

    A signal that is ignored, as `nohup` does with SIGHUP, stays so. Elsewhere than in the main thread, a caller's
    signals are the caller's.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        numbers = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # a second one must not interrupt the cleaning
        raise SystemExit(128 + number)  # what the shell reports for a process that a signal ended

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
