"""Readers of checkpoints, one file a format."""

from __future__ import annotations

from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.sources.hugging_face import read_hugging_face


def read_checkpoint(source: Path, options: SourceOptions = SourceOptions()) -> Checkpoint:  # noqa: B008 (immutable)
    """Finds out what a source is and reads it.

    Raises:
        ExportError: It is none, or holds what can't be exported.
    """
    return read_hugging_face(source, options)
