"""The options of an export: their meaning, defaults and checks. Imports nothing that the runtime doesn't need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import PRECISIONS

INTERFACES = ("native", "huggingface")
EMBEDDING_BITS = (8, 4)
ORACLES = ("optimum", "transformers")
TRUSTED = ("ours",)
MIN_AGREEMENT = 0.995

_INT8_ONLY = ("calibration", "min_agreement", "gold", "embedding_bits")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What the user chooses for an export. `None` leaves a choice to the checkpoint, or means the default stated here.

    Attributes:
        precision: `int8` or `fp32`.
        interface: `native`, or `huggingface` for the inputs that optimum, transformers.js and Triton give, and for the
            files with which transformers opens a model.
        tags_file: A file with the tag of each logit, one per line, for a checkpoint that has none or generic ones.
        ignore_labels: Labels of the model that mark no entity and are read as `O`. By default those of
            `labels.IGNORED_LABELS` that the model has, such as `X` and `[PAD]`; an empty tuple for none.
        case_sensitive: Whether the tokenizer distinguishes upper from lower case.
        keep_accents: Whether the tokenizer distinguishes `e` from `é`.
        max_sentence_length: Longest sequence that the runtime gives the model, in pieces, `[CLS]` and `[SEP]` included.
            Longer texts are read in windows of this length. By default as many as the checkpoint allows; if it was
            trained on shorter sequences, their length is better.
        exact_spark_nlp: Whether to keep all of Spark NLP's rules, including those that lose text.
        oracle: What the float32 graph is compared with: `optimum`, its export in ONNX Runtime, or `transformers`, its
            forward pass in PyTorch. By default `optimum` where it is installed.
        trust_tokenizer: `ours` to accept our reading of the tokenizer where transformers reads it differently. The
            manifest then says where.
        license: Licence of the weights.
        language: Language of the model.
        calibration: A text file, one text per line, to calibrate int8 with; every fifth line is held out to judge int8
            by. By default the text that comes with the exporter.
        min_agreement: The least share of held-out words, 0 to 1, on which int8 must give the same tag as float32, or
            nothing is written; 0 accepts everything. By default `MIN_AGREEMENT`. See `int8.quality`.
        gold: A file in CoNLL format. The F1 of float32 and int8 on it goes into the manifest.
        embedding_bits: Bits of each value of the embeddings in int8, 8 or 4. By default 8.
    """

    precision: str = "int8"
    interface: str = "native"
    tags_file: Path | None = None
    ignore_labels: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    keep_accents: bool | None = None
    max_sentence_length: int | None = None
    exact_spark_nlp: bool = False
    oracle: str | None = None
    trust_tokenizer: str | None = None
    license: str | None = None
    language: str | None = None
    calibration: Path | None = None
    min_agreement: float | None = None
    gold: Path | None = None
    embedding_bits: int | None = None

    def __post_init__(self) -> None:
        """Checks everything that doesn't depend on the checkpoint.

        Raises:
            ExportError: An option has an invalid value, or doesn't apply to this precision.
        """
        _check_choice("--precision", self.precision, PRECISIONS)
        _check_choice("--interface", self.interface, INTERFACES)
        for option, value, allowed in (
            ("--oracle", self.oracle, ORACLES),
            ("--trust-tokenizer", self.trust_tokenizer, TRUSTED),
        ):
            if value is not None:
                _check_choice(option, value, allowed)
        if self.precision == "fp32":
            for name in _INT8_ONLY:
                if getattr(self, name) is not None:
                    option = f"--{name.replace('_', '-')}"
                    raise ExportError(f"{option} is only for int8; omit it, or --precision fp32")
        if self.embedding_bits is not None:
            _check_choice("--embedding-bits", self.embedding_bits, EMBEDDING_BITS)
        least = self.min_agreement
        if least is not None and not 0 <= least <= 1:
            hint = f"; it is a share, not a percentage: write {least / 100:g}" if 1 < least <= 100 else ""
            raise ExportError(f"--min-agreement must be from 0 to 1, found {least:g}{hint}")


def _check_choice(option: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ExportError(f"{option} must be one of {', '.join(map(str, allowed))}, found {value!r}")
