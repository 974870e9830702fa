"""Words and tags -> Spark NLP's annotations: dictionaries of strings, with inclusive offsets in UTF-16 code units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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


def _java_float(value: np.floating[Any]) -> str:
    """Writes a probability as Java's `Float.toString` does: the fewest digits that tell it from its neighbours."""
    if value == 0 or value >= 1e-3:
        return np.format_float_positional(value, trim="0")
    digits, exponent = np.format_float_scientific(value, trim="0").split("e")
    return f"{digits}E{int(exponent)}"
