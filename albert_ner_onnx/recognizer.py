"""The recognizer: composes words, pieces, windows, batches, model, decoding and entities."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.batching import equal_length_batches
from albert_ner_onnx.decoding import argmax_decode
from albert_ner_onnx.entities import Entity, Word
from albert_ner_onnx.errors import InferenceError, InputError, PackageError
from albert_ner_onnx.inputs import check_sentences, check_text, check_texts, iterate
from albert_ner_onnx.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.schemes import Span, spans
from albert_ner_onnx.session import Session, available_cores
from albert_ner_onnx.spark_nlp import chunks
from albert_ner_onnx.tokenization import PIECE_RULES, Pieces, WordTokenizer
from albert_ner_onnx.windows import Window, split_windows
from albert_ner_onnx.words import SPLITTERS

_BATCH_PIECES = 512  # larger batches were no faster, and smaller ones share out better among the workers
_PREFETCHED_TEXTS = 1024  # what `stream` reads ahead: enough to fill batches of equal length
_PREFETCHED_CHARACTERS = 1_000_000


class _Decision(NamedTuple):
    """What the model says of one sequence of words: tags as intp [word], probabilities as float32 [word]."""

    tags: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.float32]


class EntityRecognizer:
    """Finds named entities. Made by `albert_ner_onnx.load`; safe to use from many threads at once.

    Texts of any length are taken: what is longer than the model's window is read in overlapping ones. The items of
    one list never see each other, and an answer doesn't depend on what else is in the list.

    Attributes:
        manifest: What the package says of itself.
    """

    def __init__(self, package: Path, *, threads: int | None = None) -> None:
        """Loads a package; see `albert_ner_onnx.load`."""
        most = 4 * (os.cpu_count() or 1)
        if threads is not None and (type(threads) is not int or not 1 <= threads <= most):
            raise InputError(f"threads must be a whole number from 1 to {most}, or None, found {threads!r}")
        self._package, self._threads = package.absolute(), threads
        self.manifest = Manifest.read(package)
        splitter, rule = self.manifest.word_splitter, self.manifest.piece_rule
        for kind, name, known in (("word splitter", splitter, SPLITTERS), ("piece rule", rule, PIECE_RULES)):
            if name not in known:
                raise PackageError(f"{package}: unknown {kind} {name!r}; expected one of {', '.join(known)}")
        self._split_words = SPLITTERS[splitter]
        self._capacity = self.manifest.max_pieces - 2
        self._spark_nlp = self.manifest.spark_nlp
        self._exact = self._spark_nlp is not None and self._spark_nlp.exact
        # By default as many calls at once as there are cores, each on one thread: faster than the reverse.
        self._workers = available_cores() if threads is None else 1
        try:
            self._tokenizer = self._open_tokenizer(package)
            self._session = self._open_session(package)
        except (PackageError, InferenceError) as error:
            raise PackageError(f"{package}: {error}") from None
        self._outside = self.manifest.tags.index("O")

    def _open_tokenizer(self, package: Path) -> WordTokenizer:
        # One piece more than fits, so that a long word doesn't make the next one begin where the window ends
        longest = self._capacity + 1 if self._exact else self._capacity
        data = self.manifest.read_file(package, TOKENIZER)
        return WordTokenizer(data, longest, self.manifest.piece_rule, modified_utf8=self._exact)

    def _open_session(self, package: Path) -> Session:
        masked_piece = self._spark_nlp.masked_piece if self._spark_nlp and self._exact else None
        session = Session(self.manifest.read_file(package, MODEL), self._threads or 1, masked_piece)
        ids, tags = np.array([[self.manifest.cls_id, self.manifest.sep_id]]), len(self.manifest.tags)
        found = session.run(ids).shape
        if found != (1, 2, tags):
            raise PackageError(
                f"model.onnx: gives logits {list(found)}, the manifest's {tags} tags need [1, 2, {tags}]"
            )
        return session

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(EntityRecognizer, threads=self._threads), (self._package,)

    def __repr__(self) -> str:
        return f"EntityRecognizer({self.manifest.name!r}, {self.manifest.precision})"

    def recognize(self, text: str) -> list[Entity]:
        """Finds the entities of a text, in order.

        Raises:
            InputError: `text` is no `str`.
        """
        check_text(text, "text")
        return self._recognize([text])[0]

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
        return self._stream(iterate(texts, "texts"))

    def _stream(self, texts: Iterator[str]) -> Iterator[list[Entity]]:
        index = 0
        failure: Exception | None = None
        while failure is None:
            chunk: list[str] = []
            characters = 0
            try:
                while len(chunk) < _PREFETCHED_TEXTS and characters < _PREFETCHED_CHARACTERS:
                    text = next(texts)
                    check_text(text, f"texts[{index}]")
                    chunk.append(text)
                    index += 1
                    characters += len(text)
            except Exception as error:  # the end, or an error that comes after the results so far
                failure = error
            yield from self._recognize(chunk)
        if not isinstance(failure, StopIteration):
            raise failure

    def tag(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """Tags sentences that are already split into words: the model's own tag of each word.

        A word that has no piece, such as an empty one, is `O`.

        Raises:
            InputError: An item is no list of `str`; the message gives its index, and nothing has been computed.
        """
        decisions = self._decide(check_sentences(sentences))
        return [[self.manifest.tags[tag] for tag in decision.tags] for decision in decisions]

    def _recognize(self, texts: Sequence[str]) -> list[list[Entity]]:
        split = [self._split_words(text) for text in texts]
        decisions = self._decide([[word.text for word in words] for words in split])
        return [
            self._entities(text, words, decision) for text, words, decision in zip(texts, split, decisions, strict=True)
        ]

    def _entities(self, text: str, words: Sequence[Word], decision: _Decision) -> list[Entity]:
        if (decision.tags == self._outside).all():
            return []
        entities = []
        for label, start, stop in self._spans([self.manifest.tags[tag] for tag in decision.tags]):
            first, last = words[start].start, words[stop - 1].end
            score = float(decision.probabilities[start:stop].mean(dtype=np.float64))
            entities.append(Entity(text[first:last], label, first, last, score))
        return entities

    def _spans(self, tags: Sequence[str]) -> list[Span]:
        if self._spark_nlp is None:
            return spans(tags, self.manifest.scheme)
        settings = self._spark_nlp
        return chunks(tags, has_no_schema=settings.has_no_schema, white_list=settings.white_list)

    def _decide(self, sentences: Sequence[Sequence[str]]) -> list[_Decision]:
        """Decides every word of every sequence of words."""
        pieces = [self._encode(words) for words in sentences]
        borders = np.cumsum([0, *(len(words) for words in sentences)])
        logits = np.full((borders[-1], len(self.manifest.tags)), -np.inf, np.float32)
        logits[:, self._outside] = 0  # a word without pieces is O, with certainty
        windows = [
            (sequence, window, logits[border + window.keep_start : border + window.keep_stop])
            for sequence, border in zip(pieces, borders.tolist(), strict=False)
            for window in self._windows(sequence)
        ]
        self._run(windows)
        tags, probabilities = argmax_decode(logits)
        return [_Decision(tags[start:stop], probabilities[start:stop]) for start, stop in pairwise(borders.tolist())]

    def _encode(self, words: Sequence[str]) -> Pieces:
        if not self._exact:
            return self._tokenizer.encode(words)
        # Spark NLP looks at so many words, and of their pieces at so many, wherever that cuts. The word that begins at
        # the very next piece keeps one that isn't there: it is tagged with the scores of [SEP]. Later ones have none.
        pieces = self._tokenizer.encode(words[: self._capacity])
        return Pieces(pieces.ids[: self._capacity], np.minimum(pieces.bounds, self._capacity + 1))

    def _windows(self, pieces: Pieces) -> list[Window]:
        if not self._exact:
            return split_windows(pieces.bounds, self._capacity)
        words = len(pieces.bounds) - 1
        return [Window(0, words, 0, words)] if len(pieces.ids) else []

    def _run(self, windows: Sequence[tuple[Pieces, Window, npt.NDArray[np.float32]]]) -> None:
        """Runs the model on windows and writes the logits of the words that each decides into its array."""

        def run(batch: Sequence[int]) -> None:
            chosen = [windows[index] for index in batch]
            rows = self._session.run(np.stack([self._input_ids(pieces, window) for pieces, window, _ in chosen]))
            for row, (pieces, window, logits) in zip(rows, chosen, strict=True):
                firsts, ends = (pieces.bounds[window.keep_start + i : window.keep_stop + i] for i in (0, 1))
                known = ends > firsts
                logits[known] = row[1:][firsts[known] - pieces.bounds[window.start]]

        lengths = [int(pieces.bounds[window.stop] - pieces.bounds[window.start]) + 2 for pieces, window, _ in windows]
        batches = equal_length_batches(lengths, _BATCH_PIECES)
        if len(batches) < 2 or self._workers < 2:
            for batch in batches:
                run(batch)
            return
        with ThreadPoolExecutor(self._workers) as pool:  # made anew, as one kept would not survive a fork
            for _ in pool.map(run, batches):
                pass

    def _input_ids(self, pieces: Pieces, window: Window) -> npt.NDArray[np.int64]:
        ids = pieces.ids[pieces.bounds[window.start] : pieces.bounds[window.stop]]
        return np.concatenate(([self.manifest.cls_id], ids, [self.manifest.sep_id]))
