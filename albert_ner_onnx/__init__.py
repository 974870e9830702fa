"""Named entity recognition with ALBERT at the edge.

    import albert_ner_onnx

    recognizer = albert_ner_onnx.load()
    recognizer.recognize("My name is John and I live in Berlin.")

The pipeline, one module an arrow: text -> words -> pieces -> windows -> batches -> logits -> tags -> entities.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import AlbertNerError, ExportError, InferenceError, InputError, ModelError

if TYPE_CHECKING:
    from albert_ner_onnx.document import Document
    from albert_ner_onnx.recognizer import EntityRecognizer

__version__ = "0.1.0"
__all__ = [
    "AlbertNerError",
    "Document",
    "Entity",
    "EntityRecognizer",
    "ExportError",
    "InferenceError",
    "InputError",
    "ModelError",
    "Word",
    "default_model",
    "load",
]


def default_model() -> Path:
    """The folder of the model package that comes with this one."""
    return Path(__file__).parent / "models" / "albert-small-conll03"


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    decoder: str | None = None,
    context: str | None = None,
    min_score: float = 0.0,
    labels: Iterable[str] | None = None,
) -> EntityRecognizer:
    """Loads a model package.

    Args:
        path: A folder made by `albert-ner export`; by default the package that comes with this one.
        threads: Threads that one call of the model uses inside, for single texts on large models. By default the
            model uses one, and as many calls run at once as this process may use cores.
        decoder: How tags are chosen: `"argmax"`, for each word the most probable, or `"viterbi"`, the most probable
            sequence that the tags' scheme allows. By default viterbi.
        context: What the model sees of a text when it decides a word: `"sentence"`, its own sentence, or `"document"`,
            the sentences around it as well, as many as a window holds. By default document.
        min_score: Least score, 0 to 1, of an entity that is kept.
        labels: Labels of the entities that are kept, such as `["PER", "ORG"]`; `None` for all.

    Raises:
        ModelError: No such package, or a damaged one.
        InputError: An argument is none of what it may be. A package made with `--exact-spark-nlp` decides by argmax
            with the context of the document, and refuses anything else.
    """
    from albert_ner_onnx.recognizer import EntityRecognizer  # late: it takes ONNX Runtime's start time

    return EntityRecognizer(
        default_model() if path is None else Path(path),
        threads=threads,
        decoder=decoder,
        context=context,
        min_score=min_score,
        labels=labels,
    )


def __getattr__(name: str) -> object:  # late: both bring NumPy along
    if name == "Document":
        from albert_ner_onnx.document import Document

        return Document
    if name == "EntityRecognizer":
        from albert_ner_onnx.recognizer import EntityRecognizer

        return EntityRecognizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
