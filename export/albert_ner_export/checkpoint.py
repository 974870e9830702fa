"""What the exporter knows of a checkpoint, whatever its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What a user says about a source, beside where it is. `None` leaves it to the source.

    Attributes:
        labels: The tag of each logit, for a source that has none or generic ones.
        case_sensitive: Whether the tokenizer heeds case.
        max_sentence_length: Longest sequence in pieces, special ones included.
        exact_spark_nlp: Whether all of Spark NLP's rules are to be kept, its faults included.
        warn: Gets a line for each thing that is read otherwise than its framework would.
    """

    labels: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    max_sentence_length: int | None = None
    exact_spark_nlp: bool = False
    warn: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkNlpSettings:
    """What a Spark NLP archive says beside its model.

    Attributes:
        engine: `tensorflow` or `onnx`.
        masked_piece: The piece that its engine's attention ignores wherever it stands; `None` if it ignores none.
        white_list: The labels that its NerConverter keeps; `None` for all.
        has_no_schema: Whether its NerConverter takes the tags for labels, without prefixes.
        preserve_position: Whether its chunks' texts are all that their offsets span, not their first words alone.
    """

    engine: str
    masked_piece: int | None = None
    white_list: tuple[str, ...] | None = None
    has_no_schema: bool = False
    preserve_position: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The ONNX model that a source is, to be run as it stands.

    Attributes:
        path: Where it lies, for messages.
        model: The file, or its bytes where it lies in an archive.
        machine_epsilon: Distance from 1 to the next number of the type that it computes in; the coarsest, if several.
    """

    path: Path
    model: Path | bytes
    machine_epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as its source holds it.

    Attributes:
        name: Name of the model.
        folder: Where it lies as a Hugging Face folder that transformers can open; `None` if it doesn't.
        config: Its sizes and tags.
        tensors: float32 arrays by Hugging Face's names.
        tokenizer: The bytes of its `tokenizer.json`.
        word_splitter: Which rules split a text into the words that it was trained on.
        piece_rule: How a word becomes pieces: `word`, as its tokenizer does it, or `spark-nlp`.
        spark_nlp: What a Spark NLP archive says beside; `None` for other sources.
        original: The source itself, where ONNX Runtime can run it; else `None`.
        max_pieces: Longest sequence that it is to be given; `None` for all its positions.
        license: As the front matter of its README says, or `None`.
        language: The same.
        sha256: Checksum of each file that was read, by name.
    """

    name: str
    folder: Path | None
    config: AlbertConfig
    tensors: Mapping[str, npt.NDArray[np.float32]]
    tokenizer: bytes
    word_splitter: str = "conll"
    piece_rule: str = "word"
    spark_nlp: SparkNlpSettings | None = None
    original: Original | None = None
    max_pieces: int | None = None
    license: str | None
    language: str | None
    sha256: Mapping[str, str]
