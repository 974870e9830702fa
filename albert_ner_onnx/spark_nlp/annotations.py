"""A document as Spark NLP's annotations: dictionaries of strings, with inclusive offsets in UTF-16 code units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from albert_ner_onnx.spark_nlp.pieces import chunks

if TYPE_CHECKING:
    from albert_ner_onnx.document import Document

Annotation = dict[str, Any]
"""`annotatorType`, `begin`, `end`, `result`, `metadata` (strings to strings) and `embeddings` (always empty)."""


class Annotator:
    """Makes the annotations of one document."""

    def __init__(self, document: Document) -> None:
        """Counts the UTF-16 code units of the text: Java's characters."""
        self._document = document
        codes = np.frombuffer(document.text.encode("utf-32-le", "surrogatepass"), "<u4")
        self._units = np.concatenate(([0], np.cumsum(1 + (codes > 0xFFFF)))).tolist()

    def tokens(self) -> list[Annotation]:
        """An annotation of type `token` for each word."""
        words = self._document.words
        return [
            self._annotation("token", words[index].start, words[index].end, words[index].text, {"sentence": sentence})
            for index, sentence in self._indices()
        ]

    def named_entities(self) -> list[Annotation]:
        """One of type `named_entity` for each word that the model has read: its tag, and each tag's probability."""
        document = self._document
        # What isn't read is `O` with certainty; what is, never is: a softmax leaves something to every tag.
        read = (document.scores > 0).sum(axis=1) > 1
        found = []
        for index, sentence in self._indices():
            if read[index]:
                word, scores = document.words[index], map(_java_float, document.scores[index])
                metadata = {"word": word.text, "sentence": sentence, **dict(zip(document.tag_set, scores, strict=True))}
                found.append(self._annotation("named_entity", word.start, word.end, document.tags[index], metadata))
        return found

    def chunks(self, *, white_list: Sequence[str], preserve_position: bool, no_schema: bool) -> list[Annotation]:
        """One of type `chunk` for each that NerConverter makes of the tags; see `Document.as_spark_nlp`."""
        document = self._document
        columns = {tag: column for column, tag in enumerate(document.tag_set)}
        found: list[Annotation] = []
        for number, sentence in enumerate(document.sentences):
            tags = document.tags[sentence.start : sentence.stop]
            for label, start, stop in chunks(tags, has_no_schema=no_schema, white_list=white_list or None):
                inside = range(sentence.start + start, sentence.start + stop)
                words = document.words[inside.start : inside.stop]
                text = document.text[words[0].start : words[-1].end] if preserve_position else words[0].text
                scores = document.scores[inside, [columns[document.tags[index]] for index in inside]]
                metadata = {
                    "entity": label,
                    "sentence": str(number),
                    "chunk": str(len(found)),
                    "confidence": _java_float(np.cumsum(scores)[-1] / np.float32(len(scores))),  # added up in order
                }
                found.append(self._annotation("chunk", words[0].start, words[-1].end, text, metadata))
        return found

    def _indices(self) -> Iterator[tuple[int, str]]:
        """Index of each word and, as a string, of its sentence."""
        for number, sentence in enumerate(self._document.sentences):
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
    """A probability as Java's `Float.toString` writes it: the fewest digits that tell it from its neighbours."""
    if value == 0 or value >= 1e-3:
        return np.format_float_positional(value, trim="0")
    digits, exponent = np.format_float_scientific(value, trim="0").split("e")
    return f"{digits}E{int(exponent)}"
