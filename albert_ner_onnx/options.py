"""What a caller chose of a recognizer, checked against what its package allows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Self

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.model.manifest import Manifest
from albert_ner_onnx.tags.decoding import DECODERS, find_spans

CONTEXTS = ("sentence", "document")
_DECODER, _CONTEXT = "viterbi", "document"  # the better ones, as benchmarks/accuracy.py measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The keyword arguments of `albert_ner_onnx.load`; those that were left out are the package's defaults.

    Attributes:
        threads: Threads that one call of the model uses inside; `None` for one, and as many calls at once as cores.
        decoder: One of `decoding.DECODERS`.
        context: One of `CONTEXTS`.
        min_score: Least score, 0 to 1, of an entity that is kept.
        labels: Labels of the entities that are kept; `None` for all.
    """

    threads: int | None
    decoder: str
    context: str
    min_score: float
    labels: frozenset[str] | None

    @classmethod
    def check(
        cls,
        manifest: Manifest,
        *,
        threads: int | None,
        decoder: str | None,
        context: str | None,
        min_score: float,
        labels: Iterable[str] | None,
    ) -> Self:
        """Checks the arguments of `albert_ner_onnx.load` for a package.

        Raises:
            InputError: One is none of what it may be, or isn't what an exact Spark NLP package does.
        """
        most = most_threads()
        if threads is not None and (type(threads) is not int or not 1 <= threads <= most):
            raise InputError(f"threads must be a whole number from 1 to {most}, or None, found {threads!r}")
        if not isinstance(min_score, Real) or isinstance(min_score, bool) or not 0 <= min_score <= 1:
            raise InputError(f"min_score must be a number from 0 to 1, found {min_score!r}")
        exact = manifest.spark_nlp is not None and manifest.spark_nlp.exact
        return cls(
            threads=threads,
            decoder=_choose("decoder", decoder, DECODERS, "argmax" if exact else None) or _DECODER,
            context=_choose("context", context, CONTEXTS, "document" if exact else None) or _CONTEXT,
            min_score=float(min_score),
            labels=None if labels is None else _check_labels(labels, manifest),
        )

    def keeps(self, entity: Entity) -> bool:
        """Whether an entity is one of those that were asked for."""
        return entity.score >= self.min_score and (self.labels is None or entity.label in self.labels)

    def as_arguments(self) -> dict[str, Any]:
        """The arguments that give the same settings again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def most_threads() -> int:
    """More threads than that are a slip: four for each core."""
    return 4 * (os.cpu_count() or 1)


def _choose(name: str, value: str | None, known: Sequence[str], only: str | None) -> str | None:
    """What was asked for, `None` if nothing was; `only` is all that an exact package does."""
    if value is not None and value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, or None, found {value!r}")
    if only and value not in (None, only):
        raise InputError(
            f"{name} must be {only!r} or None, found {value!r}: the package answers exactly as Spark NLP does; "
            "export it without --exact-spark-nlp for another"
        )
    return value or only


def _check_labels(labels: Iterable[str], manifest: Manifest) -> frozenset[str]:
    known = {span.label for tag in manifest.tags for span in find_spans([tag], manifest)}
    chosen = list(iterate(labels, "labels"))
    for index, label in enumerate(chosen):
        if not isinstance(label, str) or label not in known:
            raise InputError(f"labels[{index}] must be one of {', '.join(sorted(known))}, found {label!r}")
    return frozenset(chosen)
