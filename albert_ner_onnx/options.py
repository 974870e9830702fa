"""The options of `albert_ner_onnx.load`: their meaning, defaults and checks."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
NEWLINES = ("wrap", "border")
MARKUPS = ("html",)
_LETTERS = r"[^\W\d_]+"
_LONGEST_ABBREVIATION = 100
_ABBREVIATION = re.compile(rf"{_LETTERS}(?:\.{_LETTERS})*\.?")


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
        newlines: What the end of a line means: `"wrap"`, nothing, as where long lines were wrapped, or `"border"`, a
            border that no entity crosses, as where each line is a record. The default is wrap.
        markup: `"html"` skips HTML's tags, and a line ends at `<br>`, not where the source has one; `None` reads tags
            as text. Character references, such as `&amp;`, are always read as the character that they stand for.
        abbreviations: Abbreviations to know besides the usual ones, such as `["Det", "Insp."]`, spelled as in the text,
            with or without their stop. The stop after one belongs to it and doesn't end a sentence.
        min_score: Least score, 0 to 1, of the entities to keep: one number for all labels, or a mapping such as
            `{"PER": 0.8}` from labels to numbers. Labels that it doesn't name are always kept.
        labels: Labels of the entities to keep, such as `["PER", "ORG"]`; `None` for all.
    """

    workers: int | None = None
    threads: int = 1
    decoder: str | None = None
    context: str | None = None
    newlines: str = "wrap"
    markup: str | None = None
    abbreviations: Collection[str] = ()
    min_score: float | Mapping[str, float] = 0.0
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
        _check_choice("newlines", self.newlines, NEWLINES, required=True)
        _check_choice("markup", self.markup, MARKUPS)
        object.__setattr__(self, "abbreviations", _check_abbreviations(self.abbreviations))
        object.__setattr__(self, "min_score", _check_min_score(self.min_score))
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
        if isinstance(self.min_score, Mapping):
            for label in self.min_score:
                if label not in known_labels:
                    raise InputError(f"a label in min_score must be one of {', '.join(known_labels)}, found {label!r}")
        if self.newlines not in rules.newlines:
            raise InputError(
                f"newlines must be 'wrap', found {self.newlines!r}: this model answers exactly as Spark NLP does; for "
                "another choice export it without --exact-spark-nlp"
            )
        if self.markup not in rules.markups:
            raise InputError(
                f"markup must be None, found {self.markup!r}: this model splits words as Spark NLP does, and knows "
                "no markup; take the tags out of the text first"
            )
        if self.abbreviations and not rules.takes_abbreviations:
            raise InputError(
                f"abbreviations must be empty, found {', '.join(self.abbreviations)}: this model splits words as Spark "
                "NLP does, which knows no abbreviations; leave the option out"
            )
        return replace(
            self,
            decoder=_settle("decoder", self.decoder, rules.decoders),
            context=_settle("context", self.context, rules.contexts),
        )

    def adapt(self, rules: Rules) -> Rules:
        """Returns a model's rules, changed by what the caller chose about the text."""
        return rules.adapt(newlines=self.newlines, markup=self.markup, abbreviations=tuple(self.abbreviations))

    @property
    def calls_at_once(self) -> int:
        """`workers`, or its default on this machine."""
        return self.workers or max(1, available_cores() // self.threads)

    def keeps(self, entity: Entity) -> bool:
        """Whether the caller asked for an entity like this one."""
        least = self.min_score if isinstance(self.min_score, float) else self.min_score.get(entity.label, 0.0)
        return entity.score >= least and (self.labels is None or entity.label in self.labels)


class _Thresholds(Mapping[str, float]):
    """What `Options` keeps of a `min_score` that is a mapping: it can't change, so options are hashable."""

    __slots__ = ("_by_label",)

    def __init__(self, by_label: Mapping[str, float]) -> None:
        self._by_label = dict(by_label)

    def __getitem__(self, label: str) -> float:
        return self._by_label[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_label)

    def __len__(self) -> int:
        return len(self._by_label)

    def __hash__(self) -> int:
        return hash(frozenset(self._by_label.items()))

    def __repr__(self) -> str:
        return repr(self._by_label)


def most_threads() -> int:
    """Upper bound on `workers` and `threads`, four for each core; anything larger is assumed to be a mistake."""
    return 4 * (os.cpu_count() or 1)


def _check_count(name: str, value: Any, alternative: str = "") -> None:
    most = most_threads()
    if type(value) is not int or not 1 <= value <= most:
        raise InputError(f"{name} must be {alternative}a whole number from 1 to {most}, found {value!r}")


def _check_choice(name: str, value: Any, known: Sequence[str], *, required: bool = False) -> None:
    if value is None and not required:
        return
    if not isinstance(value, str) or value not in known:  # an array compares with each name, and is neither
        alternative = "" if required else "None or "
        raise InputError(f"{name} must be {alternative}{_one_of(known)}, found {value!r}")


def _one_of(names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}" if len(names) > 1 else repr(names[0])


def _check_abbreviations(abbreviations: Any) -> tuple[str, ...]:
    found = tuple(iterate(abbreviations, "abbreviations"))
    for index, each in enumerate(found):
        if not isinstance(each, str) or not _ABBREVIATION.fullmatch(each):
            raise InputError(
                f"abbreviations[{index}] must be one word of letters, with stops between or after them, such as 'Det' "
                f"or 'Ph.D.', found {each!r}"
            )
        if len(each) > _LONGEST_ABBREVIATION:  # `words` looks at them letter by letter, in patterns within patterns
            raise InputError(
                f"abbreviations[{index}] must have at most {_LONGEST_ABBREVIATION} characters, found {len(each)}"
            )
    return found


def _check_min_score(value: Any) -> float | _Thresholds:
    if isinstance(value, Mapping):
        for label, least in value.items():
            if not _is_share(least):
                raise InputError(f"min_score[{label!r}] must be a number from 0 to 1, found {least!r}")
        return _Thresholds({label: float(least) for label, least in value.items()})
    if not _is_share(value):
        raise InputError(
            f"min_score must be a number from 0 to 1, or one for each label, such as {{'PER': 0.8}}; found {value!r}"
        )
    return float(value)


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


def _settle(name: str, value: str | None, allowed: Sequence[str]) -> str:
    """Returns the choice, or the default, which comes first in `allowed`."""
    if value is not None and value not in allowed:
        raise InputError(
            f"{name} must be None or {allowed[0]!r}, found {value!r}: this model answers exactly as Spark NLP does; "
            "for another choice export it without --exact-spark-nlp"
        )
    return value or allowed[0]
