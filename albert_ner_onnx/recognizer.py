"""The recognizer: composes words, sentences, the model, decoding and entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.inputs import check_sentences, check_text, check_texts, iterate
from albert_ner_onnx.model.classifier import WordClassifier
from albert_ner_onnx.model.manifest import Manifest
from albert_ner_onnx.options import Settings
from albert_ner_onnx.tags.decoding import argmax_decode, find_spans, legal_transitions, softmax, viterbi_decode
from albert_ner_onnx.text.sentences import sentence_starts, word_ranges
from albert_ner_onnx.text.words import SPLITTERS, split_words

PREFETCHED_TEXTS = 1024  # what `stream` reads ahead: enough to fill batches of equal length
_PREFETCHED_CHARACTERS = 1_000_000


class EntityRecognizer:
    """Finds named entities. Made by `albert_ner_onnx.load`; safe to use from many threads at once.

    Texts of any length are taken: what is longer than the model's window is read in several. The items of one list
    never see each other, and an answer doesn't depend on what else is in the list.

    Attributes:
        manifest: What the package says of itself.
        settings: What it was loaded with.
    """

    def __init__(
        self,
        package: Path,
        *,
        threads: int | None = None,
        decoder: str | None = None,
        context: str | None = None,
        min_score: float = 0.0,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Loads a package; see `albert_ner_onnx.load`."""
        self._package = package.absolute()
        self.manifest = Manifest.read(package)
        self.settings = Settings.check(
            self.manifest, threads=threads, decoder=decoder, context=context, min_score=min_score, labels=labels
        )
        splitter = self.manifest.word_splitter
        if splitter not in SPLITTERS:
            raise ModelError(f"{package}: unknown word splitter {splitter!r}; expected one of {', '.join(SPLITTERS)}")
        self._split_words = SPLITTERS[splitter]
        self._classifier = WordClassifier(package, self.manifest, threads)
        self._transitions = legal_transitions(self.manifest.tags, self.manifest.scheme)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(EntityRecognizer, **self.settings.as_arguments()), (self._package,)

    def __repr__(self) -> str:
        return f"EntityRecognizer({self.manifest.name!r}, {self.manifest.precision})"

    def recognize(self, text: str) -> list[Entity]:
        """Finds the entities of a text, in order.

        Raises:
            InputError: `text` is no `str`.
        """
        return self.analyze(text).entities

    def analyze(self, text: str) -> Document:
        """Finds the entities of a text, and gives every word's tag and probabilities as well.

        Raises:
            InputError: `text` is no `str`.
        """
        check_text(text, "text")
        return next(self._analyze([text]))

    def recognize_batch(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Finds the entities of each text; texts of equal length share a call of the model.

        Raises:
            InputError: An item is no `str`; the message gives its index, and nothing has been computed.
        """
        return list(self.stream(check_texts(texts)))

    def stream(self, texts: Iterable[str]) -> Iterator[list[Entity]]:
        """Finds the entities of each text, lazily: reads at most 1,024 texts or a million characters ahead.

        So the first results come when as much has been read, or all. If `texts` raises, or yields what is no `str`, the
        results of the texts before come first, then the error.

        Raises:
            InputError: An item is no `str`; the message gives its index.
        """
        return (document.entities for document in self.analyze_stream(texts))

    def analyze_stream(self, texts: Iterable[str]) -> Iterator[Document]:
        """The same as `stream`, with a `Document` for each text."""
        return self._stream(iterate(texts, "texts"))

    def _stream(self, texts: Iterator[str]) -> Iterator[Document]:
        index = 0
        failure: Exception | None = None
        while failure is None:
            chunk: list[str] = []
            characters = 0
            try:
                while len(chunk) < PREFETCHED_TEXTS and characters < _PREFETCHED_CHARACTERS:
                    text = next(texts)
                    check_text(text, f"texts[{index}]")
                    chunk.append(text)
                    index += 1
                    characters += len(text)
            except Exception as error:  # the end, or an error that comes after the results so far
                failure = error
            yield from self._analyze(chunk)
        if not isinstance(failure, StopIteration):
            raise failure

    def tag(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """Tags sentences that are already split into words, each on its own: the decoder's tag of each word.

        A word that has no piece, such as an empty one, is `O`.

        Raises:
            InputError: An item is no list of `str`; the message gives its index, and nothing has been computed.
        """
        checked = check_sentences(sentences)
        return self._tag([[words] for words in checked], checked)

    def tag_document(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """Tags the sentences of one document: with context "document" the model sees their neighbours, too.

        With context "sentence" it is the same as `tag`.

        Raises:
            InputError: An item is no list of `str`; the message gives its index, and nothing has been computed.
        """
        checked = check_sentences(sentences)
        return self._tag([checked] if self._reads_whole else [[words] for words in checked], checked)

    @property
    def _reads_whole(self) -> bool:
        return self.settings.context == "document"

    def _tag(self, texts: Sequence[Sequence[Sequence[str]]], sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Reads `texts` and decides each of their `sentences`."""
        lengths = [len(words) for words in sentences]
        tags = [self.manifest.tags[tag] for tag in self._decode(self._classifier.logits(texts), lengths)]
        return [tags[start:stop] for start, stop in pairwise(np.cumsum([0, *lengths]).tolist())]

    def _decode(self, logits: npt.NDArray[np.float32], lengths: Sequence[int]) -> npt.NDArray[np.intp]:
        if self.settings.decoder == "viterbi":
            return viterbi_decode(logits, lengths, self._transitions)
        return argmax_decode(logits)

    def _analyze(self, texts: Sequence[str]) -> Iterator[Document]:
        split: list[list[Word]] = []
        parts: list[list[range]] = []  # of each text, what is decided together
        logits = self._classifier.logits(self._split(texts, split, parts))
        tags = self._decode(logits, [len(part) for ranges in parts for part in ranges])
        scores = softmax(logits)
        best = scores[np.arange(len(tags)), tags].tolist()
        decided = [self.manifest.tags[tag] for tag in tags.tolist()]
        end = 0
        for text, words, ranges in zip(texts, split, parts, strict=True):
            start, end = end, end + len(words)
            yield self._document(text, words, ranges, decided[start:end], best[start:end], scores[start:end].copy())

    def _split(
        self, texts: Iterable[str], split: list[list[Word]], parts: list[list[range]]
    ) -> Iterator[list[list[str]]]:
        """Appends each text's words and sentences, and yields what the model is to read together."""
        for text in texts:
            words = self._split_words(text)
            sentences = self._split_sentences(text, words)
            read = [[word.text for word in words[part.start : part.stop]] for part in sentences]
            split.append(words)
            if self._reads_whole:  # sentences share windows, and are decided together: their borders are but a guess
                parts.append([range(len(words))] if words else [])
                yield read
            else:
                parts.append(sentences)
                yield from ([part] for part in read)

    def _split_sentences(self, text: str, words: Sequence[Word]) -> list[range]:
        own = words if self._split_words is split_words else split_words(text)
        return word_ranges(sentence_starts(text, own), words)

    def _document(
        self,
        text: str,
        words: list[Word],
        sentences: list[range],
        tags: list[str],
        probabilities: list[float],
        scores: npt.NDArray[np.float32],
    ) -> Document:
        scores.setflags(write=False)
        entities: list[Entity] = []
        for sentence in sentences:
            for label, start, stop in find_spans(tags[sentence.start : sentence.stop], self.manifest):
                inside = slice(sentence.start + start, sentence.start + stop)
                first, last = words[inside.start].start, words[inside.stop - 1].end
                score = sum(probabilities[inside]) / (stop - start)
                entities.append(Entity(text[first:last], label, first, last, score))
        return Document(
            text=text,
            words=words,
            tags=tags,
            scores=scores,
            entities=[entity for entity in entities if self.settings.keeps(entity)],
            tag_set=self.manifest.tags,
            sentences=sentences,
            spark_nlp=self.manifest.spark_nlp,
        )
