"""Named entity recognition with ALBERT at the edge.

    import albert_ner_onnx

    recognizer = albert_ner_onnx.load()
    recognizer.recognize("My name is John and I live in Berlin.")

A text goes this way, one module per arrow:

    text -> reading -> words -> sentences -> pieces -> windows -> batches -> logits -> tags -> entities
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import (
    AlbertNerError,
    ExportError,
    InferenceError,
    InputError,
    MissingExtraError,
    ModelError,
)
from albert_ner_onnx.model.folder import ModelFolder, default_model
from albert_ner_onnx.version import __version__ as __version__

if TYPE_CHECKING:
    from albert_ner_onnx.document import Document
    from albert_ner_onnx.recognizer import EntityRecognizer

__all__ = [
    "AlbertNerError",
    "Document",
    "Entity",
    "EntityRecognizer",
    "ExportError",
    "InferenceError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "Word",
    "default_model",
    "load",
]


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    threads: int = 1,
    decoder: str | None = None,
    context: str | None = None,
    newlines: str = "wrap",
    markup: str | None = None,
    abbreviations: Collection[str] = (),
    min_score: float | Mapping[str, float] = 0.0,
    labels: Collection[str] | None = None,
) -> EntityRecognizer:
    """Loads a model.

    Args:
        path: A folder made by `albert-ner export`; or, if there is no such folder, a model on the Hugging Face Hub:
            `"owner/name"` or `"owner/name@revision"`. The default is the model that comes with this package.
        workers: Calls of the model at once. The default is one for each core, divided by `threads`.
        threads: Threads inside one call of the model. More than one answers a single text sooner.
        decoder: `"viterbi"`, the default, or `"argmax"`.
        context: `"document"`, the default, or `"sentence"`.
        newlines: `"border"` lets no entity cross the end of a line. The default, `"wrap"`, does.
        markup: `"html"` skips HTML's tags. The default reads them as text.
        abbreviations: Abbreviations to know besides the usual ones, such as `["Det", "Insp."]`.
        min_score: Least score, 0 to 1, of the entities to keep, or a mapping such as `{"PER": 0.8}` from labels to it.
        labels: Labels of the entities to keep, such as `["PER", "ORG"]`. The default is all.

    `albert_ner_onnx.options.Options` says more about each option.

    Raises:
        ModelError: There is no such model, or it is damaged.
        InputError: An option has an invalid value. Models made with `--exact-spark-nlp` allow only one decoder and one
            context, argmax and document.
        MissingExtraError: The model is on the Hub, and huggingface_hub isn't installed.
    """
    # Late, because these import NumPy and ONNX Runtime
    from albert_ner_onnx.hub.fetch import find_model
    from albert_ner_onnx.options import Options
    from albert_ner_onnx.recognizer import EntityRecognizer

    options = Options(
        workers=workers,
        threads=threads,
        decoder=decoder,
        context=context,
        newlines=newlines,
        markup=markup,
        abbreviations=abbreviations,
        min_score=min_score,
        labels=labels,
    )
    return EntityRecognizer(ModelFolder.open(find_model(path)), options)


def __getattr__(name: str) -> object:  # late: both import NumPy
    if name == "Document":
        from albert_ner_onnx.document import Document

        return Document
    if name == "EntityRecognizer":
        from albert_ner_onnx.recognizer import EntityRecognizer

        return EntityRecognizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
