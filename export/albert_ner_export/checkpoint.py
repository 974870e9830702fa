"""What the exporter knows of a checkpoint, whichever format it was read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_onnx.model.manifest import SparkNlpSettings

Tensors = Mapping[str, npt.NDArray[np.float32]]
"""float32 arrays by Hugging Face's names; linears are [output, input]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What the user says about a source. It overrides what the source says; `None` keeps that.

    Attributes:
        labels: The tag of each logit, for a source that has none or only generic ones.
        ignored: The labels that mark no entity; `None` for those of `labels.IGNORED_LABELS`.
        case_sensitive: Whether the tokenizer distinguishes upper from lower case.
        keep_accents: Whether the tokenizer distinguishes `e` from `é`.
        max_sentence_length: Longest sequence in pieces, `[CLS]` and `[SEP]` included.
        exact_spark_nlp: Whether to keep all of Spark NLP's rules, including those that lose text.
        texts: Texts such as the model will read, if the user gave any.
        warn: Receives one line for each thing that is read differently than its own framework reads it.
    """

    labels: tuple[str, ...] | None = None
    ignored: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    keep_accents: bool | None = None
    max_sentence_length: int | None = None
    exact_spark_nlp: bool = False
    texts: Sequence[str] = ()
    warn: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceModel:
    """The ONNX model that a source is. The export's answers are compared with it.

    Attributes:
        path: Where it is, for messages.
        model: The file, or its bytes if it is inside an archive.
        machine_epsilon: Distance from 1 to the next number in the type that it computes in; of several types, the
            largest distance.
    """

    path: Path
    model: Path | bytes
    machine_epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as its source holds it.

    Attributes:
        name: Name of the model.
        folder: The source itself if it is a Hugging Face folder, which transformers may read; else `None`.
        config: Its sizes and tags.
        tensors: Its weights.
        tokenizer: The bytes of its `tokenizer.json`.
        tokenizer_files: Where the source's own tokenizer and its `config.json` are, by name, if transformers may open
            it; else none.
        spark_nlp: What the manifest says of the Spark NLP pipeline; `None` for other sources. Spark NLP's rules for
            words and pieces hold if it is there, CoNLL's rules if not.
        source_model: The source itself if it is an ONNX model, which ONNX Runtime can run; else `None`.
        max_pieces: Longest sequence that it may be given; `None` for as many pieces as it has positions.
        license: Licence of the weights, from the front matter of its README; `None` if that doesn't say.
        language: Language of the model, from there too.
        sha256: Checksum of each file that was read, by name.
    """

    name: str
    folder: Path | None
    config: AlbertConfig
    tensors: Tensors
    tokenizer: bytes
    tokenizer_files: Mapping[str, Path] = field(default_factory=dict)
    spark_nlp: SparkNlpSettings | None = None
    source_model: SourceModel | None = None
    max_pieces: int | None = None
    license: str | None
    language: str | None
    sha256: Mapping[str, str]

    @property
    def word_splitter(self) -> str:
        """Which rules split a text into words."""
        return "conll" if self.spark_nlp is None else "spark-nlp"

    @property
    def piece_rule(self) -> str:
        """How a word becomes pieces."""
        return "word" if self.spark_nlp is None else "spark-nlp"
