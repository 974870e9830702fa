"""The options of `albert_ner_onnx.load`: their meaning, defaults and checks."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Self

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.inputs import iterate
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.rules import Rules

DECODERS = ("argmax", "viterbi")
CONTEXTS = ("sentence", "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a caller chooses for a recognizer. These choices hold for its life.

    Attributes:
        workers: Calls of the model at once. The default, `None`, is one for each core that this process may use,
            divided by `threads`: best for many texts.
        threads: Threads inside one call of the model. More than one answers a single text sooner.
        decoder: How tags are chosen: `"argmax"`, the most probable tag of each word, or `"viterbi"`, the most probable
            sequence that the tags' scheme allows. The default is viterbi.
        context: What the model sees when it decides a word: `"sentence"`, its own sentence, or `"document"`, also the
            sentences around it, as many as fit into a window. The default is document.
        min_score: Least score, 0 to 1, of the entities to keep.
        labels: Labels of the entities to keep, such as `["PER", "ORG"]`; `None` for all.
    """

    workers: int | None = None
    threads: int = 1
    decoder: str | None = None
    context: str | None = None
    min_score: float = 0.0
    labels: Collection[str] | None = None

    def __post_init__(self) -> None:
        """Checks everything that doesn't depend on the model.

        Raises:
            InputError: An option has an invalid value.
        """
        if self.workers is not None:
            _check_count("workers", self.workers, "None or ")
        _check_count("threads", self.threads)
        _check_choice("decoder", self.decoder, DECODERS)
        _check_choice("context", self.context, CONTEXTS)
        if not isinstance(self.min_score, Real) or isinstance(self.min_score, bool) or not 0 <= self.min_score <= 1:
            raise InputError(f"min_score must be a number from 0 to 1, found {self.min_score!r}")
        object.__setattr__(self, "min_score", float(self.min_score))
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(iterate(self.labels, "labels")))

    def settle(self, rules: Rules, known_labels: Sequence[str]) -> Self:
        """Fills in a model's defaults for `decoder` and `context`.

        Args:
            rules: The model's rules, which may allow only some choices.
            known_labels: The labels that the model can give.

        Raises:
            InputError: The model doesn't allow a choice, or doesn't know a label.
        """
        for index, label in enumerate(self.labels or ()):
            if label not in known_labels:
                raise InputError(f"labels[{index}] must be one of {', '.join(known_labels)}, found {label!r}")
        return replace(
            self,
            decoder=_settle("decoder", self.decoder, rules.decoders),
            context=_settle("context", self.context, rules.contexts),
        )

    @property
    def calls_at_once(self) -> int:
        """`workers`, or its default on this machine."""
        return self.workers or max(1, available_cores() // self.threads)

    def keeps(self, entity: Entity) -> bool:
        """Whether the caller asked for an entity like this one."""
        return entity.score >= self.min_score and (self.labels is None or entity.label in self.labels)


def most_threads() -> int:
    """Upper bound on `workers` and `threads`, four for each core; anything larger is assumed to be a mistake."""
    return 4 * (os.cpu_count() or 1)


def _check_count(name: str, value: Any, alternative: str = "") -> None:
    most = most_threads()
    if type(value) is not int or not 1 <= value <= most:
        raise InputError(f"{name} must be {alternative}a whole number from 1 to {most}, found {value!r}")


def _check_choice(name: str, value: Any, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise InputError(f"{name} must be None or one of {', '.join(known)}, found {value!r}")


def _settle(name: str, value: str | None, allowed: Sequence[str]) -> str:
    """Returns the choice, or the default, which comes first in `allowed`."""
    if value is not None and value not in allowed:
        raise InputError(
            f"{name} must be None or {allowed[0]!r}, found {value!r}: this model answers exactly as Spark NLP does; "
            "for another choice export it without --exact-spark-nlp"
        )
    return value or allowed[0]
