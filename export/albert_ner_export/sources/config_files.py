"""The files that describe a model whose weights don't: `config.json` or Google's `albert_config.json`, `labels.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import read_labels
from albert_ner_export.sources.files import Folder
from albert_ner_onnx.errors import ExportError

CONFIG, GOOGLE_CONFIG, LABELS = "config.json", "albert_config.json", "labels.txt"


def read_config(folder: Folder, options: SourceOptions) -> AlbertConfig:
    """Reads a configuration, and the tags of `labels.txt` if that is there.

    Raises:
        ExportError: There is no configuration, it can't be exported, or its tags differ from those of `labels.txt`.
    """
    name = CONFIG if folder.has(CONFIG) else GOOGLE_CONFIG
    if not folder.has(name):
        raise ExportError(
            f"{folder.path}: found neither {CONFIG} nor {GOOGLE_CONFIG} there, in its assets or one folder up; copy "
            "the file that the model was trained with into this folder"
        )
    path, data = folder.locate(name), folder.read_json(name)
    labels = _read_tags(folder, path, data, options) if options.labels is None else options.labels
    if name == GOOGLE_CONFIG and data.setdefault("hidden_act", "gelu") == "gelu":
        options.warn(
            f"{path}: hidden_act gelu is computed with the error function, as by transformers' converter; Google's "
            "code approximates it with tanh: for that, write gelu_new there"
        )
    return AlbertConfig.from_dict(data, labels, options.ignored, place=str(path))


def read_labels_file(folder: Folder, options: SourceOptions) -> tuple[str, ...] | None:
    """Reads `labels.txt`; returns `None` if it isn't there.

    Raises:
        ExportError: It can't be read, or its tags aren't those of a model.
    """
    if not folder.has(LABELS):
        return None
    folder.read(LABELS)  # records its checksum
    return read_labels(folder.locate(LABELS), options.ignored)


def _read_tags(folder: Folder, config: Path, data: Mapping[str, Any], options: SourceOptions) -> tuple[str, ...] | None:
    """Returns the tags of `labels.txt`; `None` if the configuration has them."""
    labels, known = read_labels_file(folder, options), data.get("id2label")
    if labels is None:
        if known:
            return None
        raise ExportError(
            f"{config}: it has no id2label, and there is no {LABELS}; give the tag of each logit with --tags-file "
            "FILE, one tag per line"
        )
    generic = isinstance(known, dict) and all(re.fullmatch(r"LABEL_\d+", str(tag)) for tag in known.values())
    if known and not generic and known != {str(index): tag for index, tag in enumerate(labels)}:
        raise ExportError(
            f"{folder.locate(LABELS)}: its tags differ from id2label in {config}; give the right ones with "
            "--tags-file FILE, one tag per line"
        )
    return labels
