"""CoNLL: a word and its tag on each line, blank lines after sentences, and a line that starts each document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.files.chunks import Chunk
from albert_ner_onnx.files.rows import DOCUMENT
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, settle, valid
from albert_ner_onnx.text.sentences import sentence_starts

_START = f"{DOCUMENT} O\n\n"
_NOT_IN_A_WORD = re.compile(r"[\s\x00-\x1f\x7f\u200b]")


@dataclass(frozen=True)
class ConllWriter(Writer):
    """Writes words with tags in IOB2, which mark the entities. A document that couldn't be answered has no words.

    Attributes:
        given: Whether the input has sentences. Otherwise they are found in the text.
    """

    given: bool

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns the documents of a chunk."""
        parts: list[str] = []
        for answer in settle(chunk, answers):
            parts.append(_START)
            if isinstance(answer, Document):
                words = [one_column(word.text) for word in answer.words]
                tags = [one_column(tag) for tag in iob2_tags(answer.words, answer.entities)]
                for sentence in answer.sentences if self.given else sentences_of(answer):
                    parts += [f"{words[index]} {tags[index]}\n" for index in sentence]
                    parts.append("\n")
        return Written(valid("".join(parts)).encode())


def iob2_tags(words: Sequence[Word], entities: Iterable[Entity]) -> list[str]:
    """Returns the tag of each word that marks these entities in IOB2, whatever the model's scheme is."""
    tags = ["O"] * len(words)
    for entity, inside in word_ranges(words, entities):
        tags[inside.start : inside.stop] = [f"I-{entity.label}"] * len(inside)
        tags[inside.start] = f"B-{entity.label}"
    return tags


def word_ranges(words: Sequence[Word], entities: Iterable[Entity]) -> Iterator[tuple[Entity, range]]:
    """Yields each entity, in order, with the indices of its words."""
    index = 0
    for entity in entities:
        while words[index].start < entity.start:
            index += 1
        start = index
        while index < len(words) and words[index].end <= entity.end:
            index += 1
        yield entity, range(start, index)


def sentences_of(document: Document) -> Iterator[range]:
    """Yields the sentences of a text as ranges of words; none is empty or ends within an entity.

    `Document.sentences` may be larger: it has what the model decides together.
    """
    words = document.words
    begins = {part.start for part in document.sentences} | {part.stop for part in document.sentences}
    starts = set(sentence_starts(document.text, words))
    begins |= {index for index, word in enumerate(words) if word.start in starts}
    for _, inside in word_ranges(words, document.entities):
        begins -= set(inside[1:])
    yield from (range(start, stop) for start, stop in pairwise(sorted(begins | {0, len(words)})))


def one_column(text: str) -> str:
    """Returns a word as one column: white space, which HTML's tags bring into words, becomes `_`."""
    return _NOT_IN_A_WORD.sub("_", text) or "_"
