"""The recognizer: text -> reading -> words -> sentences -> logits -> tags -> entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain, pairwise, tee
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.document import Document
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import InferenceError, ModelError
from albert_ner_onnx.inputs import check_sentences, check_text, check_texts, iterate_in_order
from albert_ner_onnx.marking import DecidedWords, ScoredSpan, SpanMarker
from albert_ner_onnx.model.classifier import WordClassifier, WordLogits
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.options import Options
from albert_ner_onnx.rules import Rules, resolve_rules
from albert_ner_onnx.tags.decoding import argmax_decode, leave_out, legal_transitions, softmax, viterbi_decode
from albert_ner_onnx.tags.schemes import fill_unread
from albert_ner_onnx.text.layout import cut_ranges
from albert_ner_onnx.text.reading import Reading

PREFETCHED_TEXTS = 1024  # what a stream reads ahead: enough to fill batches of equal length
_PREFETCHED_CHARACTERS = 1_000_000


class _SplitText(NamedTuple):
    """A text before the model reads it.

    Attributes:
        text: The text.
        reading: What is read of it.
        words: The words of that; `reading.locate` finds them in the text.
        decided: Ranges of words that are decided together.
        read: The sentences, as lists of words, of each part that the model reads on its own.
    """

    text: str
    reading: Reading
    words: list[Word]
    decided: list[range]
    read: list[list[list[str]]]


class _JoinedWords(NamedTuple):
    """A text that was made of words: a blank between those of a sentence, a line feed between sentences.

    Attributes:
        text: The text.
        words: Its words.
        sentences: Ranges of the words, one for each sentence; that of an empty sentence is empty.
    """

    text: str
    words: list[Word]
    sentences: list[range]


class EntityRecognizer:
    """Finds named entities. Make one with `albert_ner_onnx.load`; any number of threads may use it at once.

    Texts may have any length: the model reads a long one in several windows. The items of one list never see each
    other, so an answer doesn't depend on what else is in the list.

    Attributes:
        folder: The model.
        options: The options that it was loaded with.
    """

    def __init__(self, folder: ModelFolder, options: Options = Options()) -> None:  # noqa: B008 (immutable)
        """Loads a model.

        Raises:
            ModelError: A file of the model is missing, damaged, or doesn't fit the manifest.
            InputError: The model doesn't allow one of the options.
        """
        try:
            rules = resolve_rules(folder.manifest)
        except ModelError as error:
            raise folder.failure(error) from None
        self.folder = replace(folder, path=folder.path.absolute())  # a copy may be unpickled in another directory
        self.options = options.settle(rules, rules.labels(folder.manifest.read_tags))
        self._rules = self.options.adapt(rules)
        self._classifier = _load_classifier(folder, self._rules, options)
        tags = folder.manifest.read_tags
        self._ignored = np.array([tag in folder.manifest.ignored_labels for tag in folder.manifest.tags])
        # Several columns may be read as `O`: the first `O` stands for all of them
        self._columns = np.array([tags.index("O") if tag == "O" else column for column, tag in enumerate(tags)])
        self._transitions = legal_transitions(tags, folder.manifest.scheme)
        self._marker = SpanMarker(self._rules, tags, folder.manifest.scheme)
        # Nobody knows the borders of words that are already split better than their tags do
        self._word_marker = SpanMarker(replace(self._rules, settle_borders=None), tags, folder.manifest.scheme)

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_again, (self.folder.path, self.options)

    def __repr__(self) -> str:
        return f"EntityRecognizer({self.manifest.name!r}, {self.manifest.precision})"

    @property
    def manifest(self) -> Manifest:
        """What the model says about itself."""
        return self.folder.manifest

    @property
    def labels(self) -> list[str]:
        """The labels that the model can give, sorted, whatever the options leave out."""
        return self._rules.labels(self.manifest.read_tags)

    # --- Entities -----------------------------------------------------------------------------------------------------

    def recognize(self, text: str) -> list[Entity]:
        """Finds the entities of a text, in order.

        Raises:
            InputError: `text` isn't a `str`.
        """
        return self.analyze(text).entities

    def recognize_batch(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Finds the entities of each text. Texts of equal length share a call of the model.

        Raises:
            InputError: An item isn't a `str`. The message gives its index, and nothing has been computed.
        """
        return [document.entities for document in self.analyze_batch(texts)]

    def stream(self, texts: Iterable[str]) -> Iterator[list[Entity]]:
        """Finds the entities of each text, lazily.

        It reads ahead until it has 1,024 texts or a million characters, whichever comes first; then the first results
        come. If `texts` raises an error or yields something that isn't a `str`, the results of the texts before it come
        first, then the error.

        Raises:
            InputError: An item isn't a `str`. The message gives its index.
        """
        return (document.entities for document in self.analyze_stream(texts))

    # --- Documents ----------------------------------------------------------------------------------------------------

    def analyze(self, text: str) -> Document:
        """Finds the entities of a text, and also returns every word's tag and probabilities.

        Raises:
            InputError: `text` isn't a `str`.
        """
        check_text(text, "text")
        return next(self._analyze([text]))

    def analyze_batch(self, texts: Iterable[str]) -> list[Document]:
        """Does what `recognize_batch` does, and returns a `Document` for each text.

        Raises:
            InputError: An item isn't a `str`. The message gives its index, and nothing has been computed.
        """
        return list(self.analyze_stream(check_texts(texts)))

    def analyze_stream(self, texts: Iterable[str]) -> Iterator[Document]:
        """Does what `stream` does, and yields a `Document` for each text.

        Raises:
            InputError: An item isn't a `str`. The message gives its index.
        """
        return self._stream(iterate_in_order(texts, "texts"))

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
            except Exception as error:  # the end of the texts, or an error to raise after the results so far
                failure = error
            yield from self._analyze(chunk)
        if not isinstance(failure, StopIteration):
            raise failure

    def analyze_words(self, sentences: Iterable[Sequence[str]]) -> Document:
        """Does what `tag_document` does, and returns the whole answer.

        The document's text is the words of a sentence with a blank between them, and a line feed between sentences.
        Its `tags` are those of `tag_document`, its `sentences` the given ones as ranges of words, and its entities are
        what the tags mark, without those that `min_score` and `labels` leave out.

        Raises:
            InputError: An item isn't a list of `str`. The message gives its index, and nothing has been computed.
        """
        return self._analyze_words([check_sentences(sentences)])[0]

    def analyze_words_batch(self, documents: Iterable[Iterable[Sequence[str]]]) -> list[Document]:
        """Does what `analyze_words` does for the sentences of each document. Documents never see each other.

        Raises:
            InputError: An item isn't a list of `str`. The message gives its index, and nothing has been computed.
        """
        found = enumerate(iterate_in_order(documents, "documents"))
        return self._analyze_words([check_sentences(each, f"documents[{index}]") for index, each in found])

    # --- Tags ---------------------------------------------------------------------------------------------------------

    def tag(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """Tags sentences that are already split into words, each on its own. Returns the tag of each word.

        A word without pieces, such as an empty one, is inside an entity if both sides are; otherwise it is `O`.

        Raises:
            InputError: An item isn't a list of `str`. The message gives its index, and nothing has been computed.
        """
        checked = check_sentences(sentences)
        return self._tag([[words] for words in checked], checked)

    def tag_document(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """Tags the sentences of one document. With context "document" the model also sees their neighbours.

        With context "sentence" this does the same as `tag`.

        Raises:
            InputError: An item isn't a list of `str`. The message gives its index, and nothing has been computed.
        """
        checked = check_sentences(sentences)
        return self._tag([checked] if self._reads_documents else [[words] for words in checked], checked)

    def _tag(self, texts: Sequence[Sequence[Sequence[str]]], sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Reads `texts`, and decides each of their `sentences`."""
        ranges = _ranges(sentences)
        tags, _ = self._decide(self._classifier.logits(texts), ranges)
        return [tags[each.start : each.stop] for each in ranges]

    # --- One text, step by step ---------------------------------------------------------------------------------------

    @property
    def _reads_documents(self) -> bool:
        return self.options.context == "document"

    def _analyze(self, texts: Iterable[str]) -> Iterator[Document]:
        splitting, split = tee(map(self._split, texts))  # the model runs on the first texts while others are split
        found = self._classifier.logits(chain.from_iterable(text.read for text in splitting))
        done = list(split)
        starts = [*accumulate((len(text.words) for text in done), initial=0)]
        ranges = [
            range(start + part.start, start + part.stop)
            for text, start in zip(done, starts[:-1], strict=True)
            for part in text.decided
        ]
        tags, columns = self._decide(found, ranges)
        scores = softmax(found.logits)
        for text, (start, end) in zip(done, pairwise(starts), strict=True):
            inside = slice(start, end)
            own = scores[inside].copy()  # a document must not keep the others' scores
            own.setflags(write=False)
            decided = DecidedWords(text.words, tags[inside], columns[inside], own, found.read[inside])
            spans, marked = self._marker.mark(decided, text.decided)
            words = text.reading.locate(text.words)
            yield self._document(text.text, words, decided._replace(tags=marked), spans, text.decided)

    def _analyze_words(self, documents: Sequence[Sequence[Sequence[str]]]) -> list[Document]:
        sentences = [*chain.from_iterable(documents)]
        found = self._classifier.logits(documents if self._reads_documents else [[words] for words in sentences])
        tags, columns = self._decide(found, _ranges(sentences))
        scores = softmax(found.logits)
        answers = []
        start = 0
        for joined in map(_join_words, documents):
            inside = slice(start, start := start + len(joined.words))
            own = scores[inside].copy()
            own.setflags(write=False)
            decided = DecidedWords(joined.words, tags[inside], columns[inside], own, found.read[inside])
            spans, _ = self._word_marker.mark(decided, joined.sentences)
            answers.append(self._document(joined.text, joined.words, decided, spans, joined.sentences))
        return answers

    def _split(self, text: str) -> _SplitText:
        rules = self._rules
        reading = rules.read_text(text)
        words = rules.split_words(reading.text)
        sentences = rules.split_sentences(reading.text, words)
        texts, borders = rules.read_layout(reading.text, words)
        read = [texts[part.start : part.stop] for part in sentences]
        if self._reads_documents:
            # Sentences that share windows are decided together: where one ends is only a guess.
            whole = [range(len(words))] if words else []
            return _SplitText(text, reading, words, cut_ranges(whole, borders), [read])
        return _SplitText(text, reading, words, cut_ranges(sentences, borders), [[part] for part in read])

    def _decide(self, found: WordLogits, ranges: Sequence[range]) -> tuple[list[str], npt.NDArray[np.intp]]:
        """Chooses the tag of each word, and gives it also as a column of the logits. The ranges hold every word."""
        tag_set = self.manifest.read_tags
        logits, read = found
        if self._ignored.any():
            logits, read = leave_out(logits, read, self._ignored)
        if not self._rules.fills_unread or read.all():
            columns = self._columns[self._decode(logits, [len(part) for part in ranges])]
            return [tag_set[column] for column in columns.tolist()], columns
        # Decoding skips the words that the model didn't read, so that an entity can go on after them.
        before = np.concatenate(([0], np.cumsum(read)))
        columns = np.full(len(read), tag_set.index("O"), np.intp)
        lengths = [int(before[part.stop] - before[part.start]) for part in ranges]
        columns[read] = self._columns[self._decode(logits[read], lengths)]
        tags = [tag_set[column] for column in columns.tolist()]
        for part in ranges:
            inside = slice(part.start, part.stop)
            if not read[inside].all():
                tags[inside] = fill_unread(tags[inside], read[inside].tolist(), tag_set, self._rules.find_spans)
        return tags, columns

    def _decode(self, logits: npt.NDArray[np.float32], lengths: Sequence[int]) -> npt.NDArray[np.intp]:
        if self.options.decoder == "viterbi":
            return viterbi_decode(logits, lengths, self._transitions)
        return argmax_decode(logits)

    def _document(
        self, text: str, words: list[Word], decided: DecidedWords, spans: Iterable[ScoredSpan], sentences: list[range]
    ) -> Document:
        """Makes the answer to a text from its words, where they stand in it, and the spans among them."""
        entities = []
        for label, first, end, score, tag_score in spans:
            start, stop = words[first].start, words[end - 1].end
            entities.append(Entity(text[start:stop], label, start, stop, score, tag_score))
        return Document(
            text=text,
            words=words,
            tags=decided.tags,
            scores=decided.scores,
            entities=[entity for entity in entities if self.options.keeps(entity)],
            tag_set=self.manifest.tags,
            sentences=sentences,
            spark_nlp=self.manifest.spark_nlp,
        )


def _ranges(sentences: Iterable[Sequence[str]]) -> list[range]:
    """Where each sentence stands among all words."""
    return [range(start, stop) for start, stop in pairwise(accumulate(map(len, sentences), initial=0))]


def _join_words(sentences: Sequence[Sequence[str]]) -> _JoinedWords:
    words = []
    start = 0
    for sentence in sentences:
        for word in sentence:
            words.append(Word(word, start, start + len(word)))
            start += len(word) + 1  # what stands behind it
        start += not sentence  # an empty line ends, too
    return _JoinedWords("\n".join(map(" ".join, sentences)), words, _ranges(sentences))


def _load_again(path: Path, options: Options) -> EntityRecognizer:
    """Loads a recognizer that was pickled: the pickle holds the path of its model, and its options."""
    return EntityRecognizer(ModelFolder.open(path), options)


def _load_classifier(folder: ModelFolder, rules: Rules, options: Options) -> WordClassifier:
    """Loads the tokenizer and the model, and checks that they fit the manifest."""
    manifest = folder.manifest
    special = SpecialPieces(manifest.cls_id, manifest.sep_id)
    capacity = manifest.max_pieces - SPECIAL_PIECES
    workers = options.calls_at_once
    tokenizer, model = folder.read(TOKENIZER), folder.read(MODEL)
    try:
        read_pieces = rules.open_tokenizer(tokenizer, capacity)
        session = Session(model, options.threads, rules.masked_piece, concurrent=workers > 1)
        found = session.run(special.enclose(np.empty(0, np.int64))[None]).shape
    except (ModelError, InferenceError) as error:
        raise folder.failure(error) from None
    tags = len(manifest.tags)
    if found != (1, SPECIAL_PIECES, tags):
        raise folder.failure(
            f"{MODEL}: gives logits {list(found)}, but the manifest's {tags} tags need {[1, SPECIAL_PIECES, tags]}"
        )
    return WordClassifier(
        session=session,
        read_pieces=read_pieces,
        plan_windows=lambda bounds, starts: rules.plan_windows(bounds, capacity, starts),
        special=special,
        tags=tags,
        outside=manifest.tags.index("O"),
        workers=workers,
    )
