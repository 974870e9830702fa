"""The files that describe a model whose weights lie in a file of their own: config, tags and tokenizer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import read_labels
from albert_ner_export.sources.folder import Folder
from albert_ner_onnx.errors import ExportError

CONFIG, GOOGLE_CONFIG, LABELS = "config.json", "albert_config.json", "labels.txt"


class Companions(Folder):
    """Several folders that are searched like one: that of the weights, its `assets`, and the one above.

    Attributes:
        path: The first of them.
        sha256: Checksum of each file that was read, by name.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(folders[0])
        self._folders = folders

    def locate(self, name: str) -> Path:
        """Where a file is: in the first folder that has it, or would be in the first of all."""
        return next((folder / name for folder in self._folders if (folder / name).is_file()), self.path / name)

    def has(self, name: str) -> bool:
        """Whether one of the folders has a file of that name."""
        return self.locate(name).is_file()

    def read(self, name: str) -> bytes:
        """Reads a file.

        Raises:
            ExportError: It can't be read.
        """
        place = Folder(self.locate(name).parent)
        data = place.read(name)
        self.sha256 |= place.sha256
        return data


def read_config(companions: Companions, options: SourceOptions) -> AlbertConfig:
    """Reads `config.json` or Google's `albert_config.json`, with the tags of `labels.txt` if there is one.

    Raises:
        ExportError: There is none, it can't be exported, or it and `labels.txt` name other tags.
    """
    name = CONFIG if companions.has(CONFIG) else GOOGLE_CONFIG
    if not companions.has(name):
        raise ExportError(
            f"{companions.path}: no {CONFIG} and no {GOOGLE_CONFIG} there, in assets or one folder up; copy the one "
            "that the model was trained with to its weights"
        )
    data = companions.read_json(name)
    labels = _tags(companions, companions.locate(name), data) if options.labels is None else options.labels
    if name == GOOGLE_CONFIG and data.setdefault("hidden_act", "gelu") == "gelu":
        options.warn(
            f"{companions.locate(name)}: hidden_act gelu is read as transformers' converter reads it, by the error "
            "function; Google's code approximates it by tanh: write gelu_new there for that"
        )
    try:
        return AlbertConfig.from_dict(data, labels)
    except ExportError as error:
        raise ExportError(str(error).replace(f"{CONFIG}:", f"{companions.locate(name)}:", 1)) from None


def _tags(companions: Companions, config: Path, data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The tags of `labels.txt`; `None` if the config has them."""
    known = data.get("id2label")
    path = companions.locate(LABELS)
    if not companions.has(LABELS):
        if known:
            return None
        raise ExportError(
            f"{config}: no id2label, and no {LABELS} beside it; give the tag of each logit with --labels FILE, one tag "
            "a line"
        )
    companions.read(LABELS)  # for its checksum
    labels = read_labels(path)
    generic = isinstance(known, dict) and all(re.fullmatch(r"LABEL_\d+", str(tag)) for tag in known.values())
    if known and not generic and known != {str(index): tag for index, tag in enumerate(labels)}:
        raise ExportError(
            f"{path}: its tags are not those of id2label in {config}; give the right ones with --labels FILE"
        )
    return labels
