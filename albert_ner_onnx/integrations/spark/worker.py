"""What runs in Spark's Python workers: columns of Arrow in, a column of answers out, row by row the same length.

A worker keeps its recognizers between batches and, as Spark reuses its workers, between tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

from albert_ner_onnx.extras import extra
from albert_ner_onnx.files.arrow import to_arrow
from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS
from albert_ner_onnx.integrations.spark.columns import ERROR, annotation_array
from albert_ner_onnx.integrations.spark.shipping import ModelPlace
from albert_ner_onnx.options import Options, most_threads
from albert_ner_onnx.recognizer import EntityRecognizer
from albert_ner_onnx.spark_nlp.annotations import Annotation, chunks_of

with extra("spark", "the stages for Spark"):
    import pyarrow as pa
    from pyspark import TaskContext


class RowFunction(Protocol):
    """What a stage does to rows. It is pickled and sent to the workers.

    Attributes:
        batch_size: Most rows that it is given at once. Spark's batches are larger, and each value becomes an object.
    """

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    def __call__(self, columns: Sequence[Sequence[Any]]) -> Iterator[pa.StructArray]:
        """Answers rows, in parts whose lengths add up to their number.

        Args:
            columns: The values of each input column; an exception stands for one that couldn't be read.
        """
        ...


class _Answer(NamedTuple):
    """The answer to a row, or why there is none; neither if the row is null."""

    found: Any = None
    error: str | None = None


# --- Texts -> entities or annotations ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecognizeTexts:
    """Finds the entities of a column of texts.

    Attributes:
        place: Where the model is.
        options: The options of the recognizer, without `workers`: a task has as many as Spark gives it cores.
        max_pieces: Longest sequence that the model is given; `None` for the model's own.
        annotations: Whether the answers are Spark NLP's annotations of words, rather than entities.
        tokens: Whether its annotations of type `token` are given, too.
        batch_size: Most rows that are recognized together.
        max_characters: Most characters of a row; longer ones are errors.
    """

    place: ModelPlace
    options: Options
    max_pieces: int | None
    annotations: bool
    tokens: bool
    batch_size: int
    max_characters: int

    def __call__(self, columns: Sequence[Sequence[Any]]) -> Iterator[pa.StructArray]:
        """Answers texts."""
        (texts,) = columns
        recognizer = load_recognizer(self.place, self.options, self.max_pieces, _cores_of_task())
        for part in _parts(texts):
            rows = [self._check(text) for text in part]
            yield self._to_arrow(_answer(rows, partial(self._find, recognizer)))

    def _find(self, recognizer: EntityRecognizer, texts: Sequence[str]) -> list[dict[str, Any]]:
        if not self.annotations and not self.tokens:
            return [{"found": entities} for entities in recognizer.recognize_batch(texts)]
        found = []
        for document in recognizer.analyze_batch(texts):
            kinds = document.as_spark_nlp()
            own = kinds["named_entity"] if self.annotations else document.entities
            found.append({"found": own, "token": kinds["token"]})
        return found

    def _check(self, text: Any) -> Any:
        if isinstance(text, str) and len(text) > self.max_characters:
            return ValueError(
                f"the text must have at most {self.max_characters} characters, found {len(text)}; split it, or raise "
                "maxCharacters where workers have the memory"
            )
        return text

    def _to_arrow(self, answers: Sequence[_Answer]) -> pa.StructArray:
        def column(field: str) -> list[Any]:
            return [None if answer.found is None else answer.found[field] for answer in answers]

        arrays = {"found": (annotation_array if self.annotations else to_arrow)(column("found"))}
        if self.tokens:
            arrays["token"] = annotation_array(column("token"))
        return _with_errors(arrays, answers)


def load_recognizer(place: ModelPlace, options: Options, max_pieces: int | None, cores: int) -> EntityRecognizer:
    """Returns the recognizer of this worker for a model and options, and loads it once.

    Args:
        place: Where the model is.
        options: Options without `workers`.
        max_pieces: Longest sequence that the model is given; `None` for the model's own, and never more than that.
        cores: What Spark gives to a task, which may be fewer than the machine has.

    Raises:
        ModelError: The model is missing or damaged.
        InputError: It doesn't allow an option.
    """
    return _load_once(place, options, max_pieces, min(cores, most_threads()))


@lru_cache(maxsize=4)  # a pipeline may have several models, but a worker that lives long must not keep them all
def _load_once(place: ModelPlace, options: Options, max_pieces: int | None, cores: int) -> EntityRecognizer:
    folder = place.open()
    if max_pieces is not None:
        shorter = min(max_pieces, folder.manifest.max_pieces)
        folder = replace(folder, manifest=replace(folder.manifest, max_pieces=shorter))
    return EntityRecognizer(folder, replace(options, workers=cores))


def _cores_of_task() -> int:
    context = TaskContext.get()
    return 1 if context is None else max(1, context.cpus())


def _parts(texts: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cuts rows after each million characters: memory must not grow with long rows that come together."""
    start = characters = 0
    for index, text in enumerate(texts):
        characters += len(text) if isinstance(text, str) else 0
        if characters >= CHUNK_CHARACTERS:
            yield texts[start : index + 1]
            start, characters = index + 1, 0
    if start < len(texts):
        yield texts[start:]


# --- Annotations -> chunks --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConvertTags:
    """Makes NerConverter's chunks of texts and annotations.

    Attributes:
        text: The index of the column of texts; the others hold annotations.
        white_list: Labels to keep; empty for all.
        preserve_position: Whether the text of a chunk spans its offsets.
        no_schema: Whether the label is the whole tag.
        batch_size: Rows at once; a row's annotations are hundreds of objects.
    """

    text: int
    white_list: tuple[str, ...]
    preserve_position: bool
    no_schema: bool
    batch_size: int = 256

    def __call__(self, columns: Sequence[Sequence[Any]]) -> Iterator[pa.StructArray]:
        """Answers texts with their annotations."""
        rows: list[Any] = []
        for row in zip(*columns, strict=True):
            failed = next((value for value in row if isinstance(value, Exception)), None)
            rows.append(None if any(value is None for value in row) else failed or row)
        answers = _answer(rows, lambda found: [self._convert(row) for row in found])
        yield _with_errors({"found": annotation_array([answer.found for answer in answers])}, answers)

    def _convert(self, row: Sequence[Any]) -> list[Annotation]:
        annotations = [value for index, column in enumerate(row) if index != self.text for value in column]
        found = [{**_as_dict(each), "metadata": dict(_as_dict(each)["metadata"])} for each in annotations]
        return chunks_of(
            row[self.text],
            [each for each in found if each["annotatorType"] == "token"],
            [each for each in found if each["annotatorType"] == "named_entity"],
            white_list=self.white_list,
            preserve_position=self.preserve_position,
            no_schema=self.no_schema,
        )


def _as_dict(annotation: Any) -> dict[str, Any]:
    """An annotation as pandas or Arrow gave it: a dictionary, or one of Spark's rows."""
    found: dict[str, Any] = annotation.asDict() if hasattr(annotation, "asDict") else annotation
    return found


# --- Rows that fail ---------------------------------------------------------------------------------------------------


def _answer(rows: Sequence[Any], find: Callable[[Sequence[Any]], Sequence[Any]]) -> list[_Answer]:
    """Answers rows together, or one by one if they fail together: a bad row must not take others, or the stage, along.

    Args:
        rows: The rows; `None` for those that are null, and an exception for those that can't be answered.
        find: Answers rows that are neither.
    """
    good = [row for row in rows if row is not None and not isinstance(row, Exception)]
    try:
        found = iter([_Answer(each) for each in find(good)])
    except Exception:
        found = iter([_answer_alone(row, find) for row in good])
    return [_Answer() if row is None else _failed(row) if isinstance(row, Exception) else next(found) for row in rows]


def _answer_alone(row: Any, find: Callable[[Sequence[Any]], Sequence[Any]]) -> _Answer:
    try:
        return _Answer(find([row])[0])
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> _Answer:
    return _Answer(error=str(error) or type(error).__name__)


def _with_errors(arrays: dict[str, Any], answers: Sequence[_Answer]) -> pa.StructArray:
    arrays = {**arrays, ERROR: pa.array([answer.error for answer in answers], pa.string())}
    return pa.StructArray.from_arrays(list(arrays.values()), names=list(arrays))
