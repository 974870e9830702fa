"""A drop-in for transformers' token-classification pipeline: the same call, without torch and without transformers.

    from albert_ner_onnx.integrations.hugging_face import pipeline

    ner = pipeline("token-classification", aggregation_strategy="simple")
    ner("My name is Sarah and I live in London")

What is asked, and the shape of the answers, is as there. Words are decided, not pieces: each by its first piece.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from itertools import groupby, islice
from typing import Any

import albert_ner_onnx
from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Word
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.inputs import check_text, iterate, iterate_in_order
from albert_ner_onnx.options import Options
from albert_ner_onnx.recognizer import EntityRecognizer

Answer = list[dict[str, Any]]
"""What is found in a text: a dictionary for each entity, or for each word."""

_TASKS = ("token-classification", "ner")
_STRATEGIES = ("none", "simple", "first")
_NOT_TRAINED = ("average", "max")
# What no answer depends on: batches are made by length, texts of any length are read in windows, and offsets are always
# those of the text
_OF_A_CALL = ("batch_size", "num_workers", "offset_mapping", "stride")
_WITHOUT_EFFECT = (*_OF_A_CALL, "device_map", "dtype", "framework", "torch_dtype", "trust_remote_code", "use_fast")
_OPTIONS = tuple(field.name for field in fields(Options))
_READ_AHEAD = 256  # texts that are already split into words; other texts are read ahead by `analyze_stream`


def pipeline(
    task: str | None = None,
    model: str | os.PathLike[str] | EntityRecognizer | None = None,
    *,
    tokenizer: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    device: object = None,
    aggregation_strategy: str | None = None,
    ignore_labels: Collection[str] | None = None,
    grouped_entities: bool | None = None,
    ignore_subwords: bool | None = None,
    **options: Any,
) -> TokenClassificationPipeline:
    """Loads a model, and returns what is called like transformers' pipeline.

    Args:
        task: `"token-classification"` or `"ner"`, which is the same.
        model: What `albert_ner_onnx.load` takes, such as a folder made by `albert-ner export`, or a recognizer that it
            returned. The default is the model that comes with this package.
        tokenizer: The same as `model`, or nothing: the model's folder holds its tokenizer.
        revision: A branch, a tag or a commit of a model on the Hub.
        device: `"cpu"` or -1, as by default.
        aggregation_strategy: As in a call; what holds for calls that don't choose.
        ignore_labels: The same.
        grouped_entities: The same.
        ignore_subwords: The same.
        **options: Options of `albert_ner_onnx.load`; its `decoder` is by default `"argmax"`, as in transformers, unless
            `model` is a recognizer. `batch_size`, `num_workers`, `stride`, `offset_mapping`, `device_map`, `dtype`,
            `torch_dtype`, `framework`, `trust_remote_code` and `use_fast` are taken and change nothing.

    Raises:
        InputError: An argument doesn't exist, has an invalid value, or asks for what isn't offered.
        ModelError: There is no such model, or it is damaged.
    """
    if task is not None and task not in _TASKS:
        raise InputError(f"task must be one of {', '.join(_TASKS)}, found {task!r}; there are no other pipelines here")
    if tokenizer is not None and not (isinstance(tokenizer, str | os.PathLike) and tokenizer == model):
        raise InputError(
            f"tokenizer must be None or the same as model, found {tokenizer!r:.100}: a model's folder holds its own "
            "tokenizer; leave the argument out"
        )
    if str(device) not in ("None", "-1", "cpu"):
        raise InputError(f"device must be 'cpu' or -1, found {device!r}: models run on the CPU; leave the argument out")
    options = {name: value for name, value in options.items() if name not in _WITHOUT_EFFECT}
    return TokenClassificationPipeline(
        _load(model, revision, options),
        aggregation_strategy=_strategy(aggregation_strategy, grouped_entities, ignore_subwords),
        ignore_labels=ignore_labels,
    )


class TokenClassificationPipeline:
    """Answers texts in the shapes of transformers' pipeline. Any number of threads may call it at once.

    Attributes:
        recognizer: What finds the entities.
    """

    def __init__(
        self,
        recognizer: EntityRecognizer,
        *,
        aggregation_strategy: str | None = None,
        ignore_labels: Collection[str] | None = None,
    ) -> None:
        """Makes a pipeline of a recognizer.

        Args:
            recognizer: What `albert_ner_onnx.load` returned.
            aggregation_strategy: As in a call; what holds for calls that don't choose. The default is `"none"`.
            ignore_labels: The same. The default is `["O"]`.

        Raises:
            InputError: An argument has an invalid value.
        """
        self.recognizer = recognizer
        self._strategy = _strategy(aggregation_strategy) or "none"
        self._ignored = ("O",) if ignore_labels is None else _labels(ignore_labels)
        # Several columns may be read as `O`
        tags = recognizer.manifest.read_tags
        self._columns = {tag: [at for at, each in enumerate(tags) if each == tag] for tag in tags}

    def __call__(
        self,
        inputs: Any,
        *,
        aggregation_strategy: str | None = None,
        ignore_labels: Collection[str] | None = None,
        is_split_into_words: bool = False,
        delimiter: str | None = None,
        grouped_entities: bool | None = None,
        ignore_subwords: bool | None = None,
        **others: Any,
    ) -> Any:
        """Finds the entities of one text or many.

        Args:
            inputs: A text; a list or a tuple of texts; or any other iterable of texts, a `KeyDataset` or another data
                set, which is read lazily: 1,024 texts or a million characters ahead.
            aggregation_strategy: `"simple"` or `"first"`: a dictionary for each entity. `"none"`: one for each word
                that is tagged; `labels` and `min_score` of `load` leave out no words.
            ignore_labels: What to leave out: labels (`MISC`) of entities, tags (`B-MISC`) with `"none"`. Without `O`
                among them, the words outside of entities are answered, too.
            is_split_into_words: Each text is a list of words. A single one is also answered by a list of answers.
            delimiter: What stands between words that are given, for the offsets. The default is a blank.
            grouped_entities: An old name: true means `"simple"`,
            ignore_subwords: with this one, which is as old, `"first"`.
            **others: `batch_size`, `num_workers`, `stride` and `offset_mapping`, which change nothing.

        Returns:
            For a text, a list of dictionaries: `entity_group`, `score`, `word`, `start`, `end`; with `"none"` `entity`,
            `score`, `index`, `word`, `start`, `end`, where `index` counts the words from 1. For a list, a list of such
            lists. For anything else, an iterator of them, which has a length if `inputs` has one.

        Raises:
            InputError: Something isn't a text; the message gives its index. An argument has an invalid value.
            InferenceError: The model failed.
        """
        if unknown := [name for name in others if name not in _OF_A_CALL]:
            raise InputError(f"{', '.join(unknown)}: no such argument of a call; options of load go to pipeline(...)")
        chosen = _strategy(aggregation_strategy, grouped_entities, ignore_subwords) or self._strategy
        ignored = self._ignored if ignore_labels is None else _labels(ignore_labels)
        answer = partial(self._answer_words if chosen == "none" else self._answer_entities, ignored=ignored)
        if is_split_into_words:
            between = " " if delimiter is None else delimiter
            check_text(between, "delimiter")
            if isinstance(inputs, list | tuple) and inputs and all(isinstance(word, str) for word in inputs):
                inputs = [inputs]
            return _answer(inputs, _check_words, lambda texts: map(answer, self._read_words(texts, between)))
        if isinstance(inputs, str):
            return answer(self.recognizer.analyze(inputs))
        return _answer(inputs, _check_text, lambda texts: map(answer, self.recognizer.analyze_stream(texts)))

    def _answer_entities(self, document: Document, ignored: Collection[str]) -> Answer:
        """Returns a dictionary for each entity, and, unless `O` is ignored, for the words between two."""
        found: Answer = [entity.as_huggingface() for entity in document.entities if entity.label not in ignored]
        if "O" not in ignored:
            found += self._outside(document)
            found.sort(key=lambda group: (group["start"], group["end"]))
        return found

    def _outside(self, document: Document) -> Iterator[dict[str, Any]]:
        for tag, run in groupby(range(len(document.words)), document.tags.__getitem__):
            if tag == "O":
                words = [*run]
                start, end = document.words[words[0]].start, document.words[words[-1]].end
                score = sum(self._score(document, word) for word in words) / len(words)
                yield {
                    "entity_group": tag,
                    "score": score,
                    "word": document.text[start:end],
                    "start": start,
                    "end": end,
                }

    def _answer_words(self, document: Document, ignored: Collection[str]) -> Answer:
        """Returns a dictionary for each word whose tag isn't ignored."""
        return [
            {
                "entity": tag,
                "score": self._score(document, index),
                "index": index + 1,
                "word": word.text,
                "start": word.start,
                "end": word.end,
            }
            for index, (word, tag) in enumerate(zip(document.words, document.tags, strict=True))
            if tag not in ignored
        ]

    def _score(self, document: Document, word: int) -> float:
        """The probability of a word's tag."""
        return max(float(document.scores[word, column]) for column in self._columns[document.tags[word]])

    def _read_words(self, texts: Iterator[Sequence[str]], delimiter: str) -> Iterator[Document]:
        more, failure = True, None
        while more:
            some: list[list[str]] = []
            try:
                for words in islice(texts, _READ_AHEAD):
                    some.append(list(words))
            except Exception as error:  # to raise after the answers so far
                failure = error
            for document in self.recognizer.analyze_words_batch([words] for words in some):
                yield _join(document, delimiter)
            if failure is not None:
                raise failure
            more = len(some) == _READ_AHEAD


class Answers(Iterator[Answer]):
    """The answers to the texts of an iterable, in its order. It is as long as the iterable, if that has a length."""

    def __init__(self, answers: Iterator[Answer], inputs: Any) -> None:
        self._answers, self._inputs = answers, inputs

    def __next__(self) -> Answer:
        return next(self._answers)

    def __len__(self) -> int:
        return len(self._inputs)


def _load(model: Any, revision: str | None, options: Mapping[str, Any]) -> EntityRecognizer:
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise InputError(f"{', '.join(unknown)}: no such argument; load's options are {', '.join(_OPTIONS)}")
    if isinstance(model, EntityRecognizer):
        if options:
            raise InputError(f"{', '.join(options)}: the recognizer is loaded already; give this to load()")
        return model
    if model is not None and not isinstance(model, str | os.PathLike):
        raise InputError(
            f"model must be a folder made by albert-ner export, found {type(model).__name__}; save that model with "
            "save_pretrained, export it, and give the folder"
        )
    if revision is not None:
        if model is None:
            raise InputError(f"revision must be None where no model is named, found {revision!r}; leave it out")
        model = f"{model}@{revision}"
    return albert_ner_onnx.load(model, **{"decoder": "argmax", **options})


def _strategy(chosen: str | None, grouped: bool | None = None, whole_words: bool | None = None) -> str | None:
    """Returns the name of a strategy, or `None` if none was chosen.

    Args:
        chosen: Its name, in any case, or a member of transformers' `AggregationStrategy`, which is a `str`.
        grouped: The old argument `grouped_entities`; it wins, as in transformers.
        whole_words: The old argument `ignore_subwords`.
    """
    if grouped is not None or whole_words is not None:
        chosen = ("first" if whole_words else "simple") if grouped else "none"
    name = chosen.lower() if isinstance(chosen, str) else chosen
    if name in _NOT_TRAINED:
        raise InputError(
            f"aggregation_strategy must be one of {', '.join(_STRATEGIES)}, found {name!r}: models are trained on the "
            "first piece of each word only, and what they say of the others means nothing; use 'first'"
        )
    if name is not None and name not in _STRATEGIES:
        raise InputError(f"aggregation_strategy must be one of {', '.join(_STRATEGIES)}, found {chosen!r}")
    return name


def _labels(ignored: Collection[str]) -> tuple[str, ...]:
    return tuple(iterate(ignored, "ignore_labels"))


def _answer(
    inputs: Any, check: Callable[[Any, str], None], answers: Callable[[Iterator[Any]], Iterator[Answer]]
) -> list[Answer] | Answers:
    """Answers a list with a list, after all of it was checked, and anything else lazily."""
    if isinstance(inputs, str | bytes | bytearray):
        check(inputs, "inputs")
    if isinstance(inputs, list | tuple):
        for index, text in enumerate(inputs):
            check(text, f"inputs[{index}]")
        return list(answers(iter(inputs)))
    if hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__") and not hasattr(inputs, "__iter__"):
        # A data set of torch: it may have an item for every number, so its length says where it ends
        texts: Iterator[Any] = map(inputs.__getitem__, range(len(inputs)))
    else:
        texts = iterate_in_order(inputs, "inputs")
    return Answers(answers(_checked(texts, check)), inputs)


def _checked(texts: Iterator[Any], check: Callable[[Any, str], None]) -> Iterator[Any]:
    for index, text in enumerate(texts):
        check(text, f"inputs[{index}]")
        yield text


def _check_text(text: object, name: str) -> None:
    if isinstance(text, Mapping):
        raise InputError(
            f"{name} must be a str, found {type(text).__name__}; pass the field that has the texts, such as "
            "KeyDataset(inputs, 'text') or (row['text'] for row in inputs)"
        )
    if isinstance(text, list | tuple):
        raise InputError(
            f"{name} must be a str, found {type(text).__name__}; if it holds words, pass is_split_into_words=True"
        )
    check_text(text, name)


def _check_words(words: object, name: str) -> None:
    if isinstance(words, str | bytes | bytearray) or not isinstance(words, Sequence):
        raise InputError(f"{name} must be a list of words, found {type(words).__name__}; leave is_split_into_words out")
    for position, word in enumerate(words):
        check_text(word, f"{name}[{position}]")


def _join(document: Document, delimiter: str) -> Document:
    """Changes what stands between the words of a document, where there is a blank now."""
    if delimiter == " ":
        return document
    words = []
    start = 0
    for text, _, _ in document.words:
        words.append(Word(text, start, start + len(text)))
        start += len(text) + len(delimiter)
    joined = delimiter.join(word.text for word in words)
    starts = {before.start: after.start for before, after in zip(document.words, words, strict=True)}
    ends = {before.end: after.end for before, after in zip(document.words, words, strict=True)}
    entities = []
    for entity in document.entities:
        start, end = starts[entity.start], ends[entity.end]
        entities.append(replace(entity, text=joined[start:end], start=start, end=end))
    return replace(document, text=joined, words=words, entities=entities)
