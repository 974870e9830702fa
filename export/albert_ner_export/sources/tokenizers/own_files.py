"""The files with which transformers opens a checkpoint's own tokenizer. The export compares its pieces with ours."""

from __future__ import annotations

from pathlib import Path

from albert_ner_export.sources.config_files import CONFIG
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.read import TOKENIZER_FILES
from albert_ner_export.sources.tokenizers.settings import ADDED, SETTINGS, SPECIAL_MAP

_NAMES = (*TOKENIZER_FILES, SETTINGS, ADDED, SPECIAL_MAP, CONFIG)


def own_files(folder: Folder) -> dict[str, Path]:
    """Finds the files of a tokenizer by the names that transformers knows.

    Without a `config.json` transformers didn't write the checkpoint, and doesn't know its tokenizer: then there are
    none. Checkpoints of Google and archives of Spark NLP are such.
    """
    found = {name: folder.locate(name) for name in _NAMES if folder.has(name)}
    return found if CONFIG in found else {}
