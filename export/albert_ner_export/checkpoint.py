"""What the exporter knows of a checkpoint, whatever its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as its source holds it.

    Attributes:
        name: Name of the model.
        folder: Where it lies as a Hugging Face folder, for the reference.
        config: Its sizes and tags.
        tensors: float32 arrays by Hugging Face's names.
        tokenizer: The bytes of its `tokenizer.json`.
        license: As the front matter of its README says, or `None`.
        language: The same.
        sha256: Checksum of each file that was read, by name.
    """

    name: str
    folder: Path
    config: AlbertConfig
    tensors: Mapping[str, npt.NDArray[np.float32]]
    tokenizer: bytes
    license: str | None
    language: str | None
    sha256: Mapping[str, str]
