"""Words and tags -> Spark NLP's annotations: dictionaries of strings, with inclusive offsets in UTF-16 code units."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.entities import Word
from albert_ner_onnx.spark_nlp.chunks import chunks

Annotation = dict[str, Any]
"""`annotatorType`, `begin`, `end`, `result`, `metadata` (strings to strings) and `embeddings` (always empty)."""


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """Makes the annotations of one text. Its attributes are those of `Document`."""

    text: str
    words: Sequence[Word]
    tags: Sequence[str]
    scores: npt.NDArray[np.float32]
    tag_set: Sequence[str]
    sentences: Sequence[range]

    def tokens(self) -> list[Annotation]:
        """Makes an annotation of type `token` for each word."""
        return [
            self._annotation("token", word.start, word.end, word.text, {"sentence": sentence})
            for word, sentence in ((self.words[index], sentence) for index, sentence in self._indices())
        ]

    def named_entities(self) -> list[Annotation]:
        """Makes one of type `named_entity` for each word that the model read: its tag, and every tag's probability."""
        read = self._read
        found = []
        for index, sentence in self._indices():
            if read[index]:
                word = self.words[index]
                metadata = {"word": word.text, "sentence": sentence, **self._probabilities(index)}
                found.append(self._annotation("named_entity", word.start, word.end, self.tags[index], metadata))
        return found

    def chunks(self, *, white_list: Sequence[str], preserve_position: bool, no_schema: bool) -> list[Annotation]:
        """Makes one of type `chunk` for each span that NerConverter reads; see `Document.as_spark_nlp`."""
        columns = {tag: column for column, tag in enumerate(self.tag_set)}
        read = self._read
        found: list[Annotation] = []
        for number, sentence in enumerate(self.sentences):
            tags = self.tags[sentence.start : sentence.stop]
            for label, start, stop in chunks(tags, has_no_schema=no_schema, white_list=white_list or None):
                inside = range(sentence.start + start, sentence.start + stop)
                words = self.words[inside.start : inside.stop]
                text = self.text[words[0].start : words[-1].end] if preserve_position else words[0].text
                decided = [index for index in inside if read[index]]
                scores = self.scores[decided, [columns[self.tags[index]] for index in decided]]
                metadata = {
                    "entity": label,
                    "sentence": str(number),
                    "chunk": str(len(found)),
                    "confidence": _java_float(np.cumsum(scores)[-1] / np.float32(len(scores))),  # summed in order
                }
                found.append(self._annotation("chunk", words[0].start, words[-1].end, text, metadata))
        return found

    def _probabilities(self, index: int) -> dict[str, str]:
        """The probability of each tag of a word; that of `O` is a sum where a model has several."""
        found: dict[str, np.float32] = {}
        for tag, score in zip(self.tag_set, self.scores[index], strict=True):
            found[tag] = found[tag] + score if tag in found else score
        return {tag: _java_float(score) for tag, score in found.items()}

    @property
    def _read(self) -> npt.NDArray[np.bool_]:
        """Whether the model read each word. One that it didn't is `O` with probability 1; others leave some to each."""
        found: npt.NDArray[np.bool_] = (self.scores > 0).sum(axis=1) > 1
        return found

    @cached_property
    def _units(self) -> list[int]:
        """The offset of each code point in UTF-16 units, which are Java's characters."""
        codes = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), "<u4")
        offsets: list[int] = np.concatenate(([0], np.cumsum(1 + (codes > 0xFFFF)))).tolist()
        return offsets

    def _indices(self) -> Iterator[tuple[int, str]]:
        """Yields the index of each word and, as a string, that of its sentence."""
        for number, sentence in enumerate(self.sentences):
            for index in sentence:
                yield index, str(number)

    def _annotation(self, kind: str, start: int, end: int, result: str, metadata: dict[str, str]) -> Annotation:
        return {
            "annotatorType": kind,
            "begin": self._units[start],
            "end": self._units[end] - 1,
            "result": result,
            "metadata": metadata,
            "embeddings": [],
        }


def chunks_of(
    text: str,
    tokens: Sequence[Annotation],
    named_entities: Sequence[Annotation],
    *,
    white_list: Sequence[str] = (),
    preserve_position: bool = True,
    no_schema: bool = False,
) -> list[Annotation]:
    """Makes NerConverter's chunks from annotations that are there already, whoever made them.

    Args:
        text: The text that they belong to.
        tokens: Those of type `token`. If there are none, the words are those of `named_entities`.
        named_entities: Those of type `named_entity`. A token that has none is `O`. The probability of each one's tag is
            in its metadata, under the tag.
        white_list: Labels of the chunks to keep; empty for all.
        preserve_position: See `Document.as_spark_nlp`.
        no_schema: See `Document.as_spark_nlp`.

    Raises:
        ValueError: They don't fit the text, or lack a probability.
    """
    tagged = {each["begin"]: each for each in named_entities}
    found = sorted(tokens or named_entities, key=lambda each: (_sentence(each), each["begin"]))
    points = [index for index, char in enumerate(text) for _ in range(1 + (ord(char) > 0xFFFF))] + [len(text)]
    tags = [tagged[each["begin"]]["result"] if each["begin"] in tagged else "O" for each in found]
    tag_set = (_REST, *dict.fromkeys(["O", *tags]))
    scores = np.zeros((len(found), len(tag_set)), np.float32)
    words = []
    for index, (each, tag) in enumerate(zip(found, tags, strict=True)):
        begin, end = each["begin"], each["end"] + 1
        if not 0 <= begin < end < len(points):
            raise ValueError(
                f"the annotation at {begin} to {end - 1} lies outside of the text, which ends at {len(points) - 2}"
            )
        words.append(Word(text[points[begin] : points[end]], points[begin], points[end]))
        if begin in tagged:
            scores[index, 0] = 1  # whatever the other tags have: this word was read
            scores[index, tag_set.index(tag)] = _probability(tagged[begin])
    numbers = [_sentence(each) for each in found]
    sentences = [
        range(bisect_left(numbers, each), bisect_right(numbers, each)) for each in range(max(numbers, default=-1) + 1)
    ]
    annotator = Annotator(text=text, words=words, tags=tags, scores=scores, tag_set=tag_set, sentences=sentences)
    return annotator.chunks(white_list=white_list, preserve_position=preserve_position, no_schema=no_schema)


_REST: Final = ""
"""Stands for all tags that a word doesn't have; no tag is empty."""


def _sentence(annotation: Annotation) -> int:
    return int(annotation["metadata"].get("sentence", 0))


def _probability(annotation: Annotation) -> np.float32:
    tag, metadata = annotation["result"], annotation["metadata"]
    if tag not in metadata:
        raise ValueError(f"the annotation at {annotation['begin']} has no probability of its tag {tag} in its metadata")
    return np.float32(metadata[tag])


def _java_float(value: np.floating[Any]) -> str:
    """Writes a probability as Java's `Float.toString` does: the fewest digits that tell it from its neighbours."""
    if value == 0 or value >= 1e-3:
        return np.format_float_positional(value, trim="0")
    digits, exponent = np.format_float_scientific(value, trim="0").split("e")
    return f"{digits}E{int(exponent)}"
