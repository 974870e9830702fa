"""Named entity recognition with ALBERT at the edge.

    import albert_ner_onnx

    recognizer = albert_ner_onnx.load()
    recognizer.recognize("My name is John and I live in Berlin.")

The pipeline, one module an arrow: text -> words -> pieces -> windows -> batches -> logits -> tags -> entities.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import AlbertNerError, ExportError, InferenceError, InputError, PackageError

if TYPE_CHECKING:
    from albert_ner_onnx.recognizer import EntityRecognizer

__version__ = "0.1.0"
__all__ = [
    "AlbertNerError",
    "Entity",
    "EntityRecognizer",
    "ExportError",
    "InferenceError",
    "InputError",
    "PackageError",
    "Word",
    "default_package",
    "load",
]


def default_package() -> Path:
    """The folder of the model package that comes with this one."""
    return Path(__file__).parent / "models" / "albert-small-conll03"


def load(path: str | os.PathLike[str] | None = None, *, threads: int | None = None) -> EntityRecognizer:
    """Loads a model package.

    Args:
        path: A folder made by `albert-ner export`; by default the package that comes with this one.
        threads: Threads that one call of the model uses inside, for single texts on large models. By default the
            model uses one, and as many calls run at once as this process may use cores.

    Raises:
        PackageError: No such package, or a damaged one.
        InputError: `threads` is no positive whole number.
    """
    from albert_ner_onnx.recognizer import EntityRecognizer  # late: it takes ONNX Runtime's start time

    return EntityRecognizer(default_package() if path is None else Path(path), threads=threads)


def __getattr__(name: str) -> object:
    if name == "EntityRecognizer":
        from albert_ner_onnx.recognizer import EntityRecognizer

        return EntityRecognizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
