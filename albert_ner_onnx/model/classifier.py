"""Words -> the logits of each word, over windows and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate, chain, tee
from queue import SimpleQueue
from threading import Event
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.model.batches import equal_length_batches
from albert_ner_onnx.model.sequences import SpecialPieces
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.model.tokenizer import Pieces, ReadPieces
from albert_ner_onnx.model.windows import Window

T = TypeVar("T")
_BATCH_PIECES = 128  # larger batches are no faster, and take more memory in each worker


class _Sequence(NamedTuple):
    """What the model reads for one window.

    Attributes:
        ids: int64 [piece], special pieces included.
        firsts: int64 [word]; where the first piece of each word that is decided here stands in `ids`.
        words: int64 [word]; the indices of these words in their text.
        logits: float32 [word, tag]; the answer is written here.
    """

    ids: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]


class _ReadText(NamedTuple):
    """A text as the model reads it: its number of words, and a sequence for each window."""

    words: int
    sequences: list[_Sequence]


class WordLogits(NamedTuple):
    """How well each tag fits each word.

    Attributes:
        logits: float32 [word, tag]. A word that the model didn't read has minus infinity for every tag but `O`.
        read: Whether the model read the word, bool [word]. It didn't if the word has no pieces or was truncated.
    """

    logits: npt.NDArray[np.float32]
    read: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordClassifier:
    """Tells how well each tag fits each word. Any number of threads may use it at once.

    Attributes:
        session: The model.
        read_pieces: Turns the words of a text into pieces.
        plan_windows: Turns pieces' bounds, int64 [word + 1], and the first word of each sentence into windows.
        special: The pieces around every sequence.
        tags: Number of tags.
        outside: Index of the tag `O`.
        workers: Calls of the model at once.
    """

    session: Session
    read_pieces: ReadPieces
    plan_windows: Callable[[npt.NDArray[np.int64], Sequence[int]], list[Window]]
    special: SpecialPieces
    tags: int
    outside: int
    workers: int

    def logits(self, texts: Iterable[Sequence[Sequence[str]]]) -> WordLogits:
        """Computes the logits of every word. Texts never see each other; sentences in the same window do.

        Args:
            texts: The sentences of each text, as lists of words. All of these may be empty. With several workers the
                model already runs on the first texts while this thread asks for more.

        Returns:
            The logits of the words of all texts, one after another.

        Raises:
            InferenceError: The model failed.
        """
        reading, read = tee(map(self._read, texts))
        sequences = (sequence for text in reading for sequence in text.sequences)
        batches = equal_length_batches(sequences, lambda sequence: len(sequence.ids), _BATCH_PIECES)
        _share_out(self._run, batches, self.workers)
        done = list(read)
        logits = np.full((sum(text.words for text in done), self.tags), -np.inf, np.float32)
        logits[:, self.outside] = 0
        read_words = np.zeros(len(logits), bool)
        start = 0
        for text in done:
            for sequence in text.sequences:
                words = start + sequence.words
                logits[words] = sequence.logits
                read_words[words] = True
            start += text.words
        return WordLogits(logits, read_words)

    def _run(self, batch: Sequence[_Sequence]) -> None:
        """Runs the model on sequences of equal length and writes each one's logits into it."""
        found = self.session.run(np.stack([sequence.ids for sequence in batch]))
        for sequence, logits in zip(batch, found, strict=True):
            sequence.logits[:] = logits[sequence.firsts]

    def _read(self, sentences: Sequence[Sequence[str]]) -> _ReadText:
        starts = list(accumulate(map(len, sentences), initial=0))
        words = starts.pop()
        pieces = self.read_pieces(list(chain.from_iterable(sentences)))
        windows = self.plan_windows(pieces.bounds, starts)
        return _ReadText(words, [self._sequence(pieces, window) for window in windows])

    def _sequence(self, pieces: Pieces, window: Window) -> _Sequence:
        begin = pieces.bounds[window.start]
        ids = self.special.enclose(pieces.ids[begin : pieces.bounds[window.stop]])
        firsts, ends = (pieces.bounds[window.keep_start + i : window.keep_stop + i] for i in (0, 1))
        (known,) = (ends > firsts).nonzero()
        # Allocate results on this thread: allocations made in workers fragment their heaps.
        logits = np.empty((len(known), self.tags), np.float32)
        return _Sequence(ids, firsts[known] - begin + 1, window.keep_start + known, logits)  # + 1: after [CLS]


def _share_out(run: Callable[[T], object], items: Iterable[T], workers: int) -> None:
    """Calls `run` with each item, on as many threads as there are workers.

    With several workers, this thread is one of them. It first takes all items from their iterator, and then helps the
    others, which start as soon as there is a second item. If a call or the iterator fails, no other call begins; the
    error is raised when the running calls have ended.
    """
    if workers < 2:
        for item in items:
            run(item)
        return
    waiting: SimpleQueue[list[T]] = SimpleQueue()  # each item in a list; an empty list marks the end
    failed = Event()

    def work() -> None:
        try:
            while (item := waiting.get()) and not failed.is_set():
                run(*item)
        except BaseException:
            failed.set()
            raise
        finally:
            waiting.put([])  # for the next worker

    def stop() -> None:
        failed.set()
        waiting.put([])

    others: list[Future[None]] = []
    with ExitStack() as stack:
        for number, item in enumerate(items):
            waiting.put([item])
            if number == 1:  # a single item needs no thread, and a pool that is kept would not survive a fork
                pool = stack.enter_context(ThreadPoolExecutor(workers - 1))
                stack.callback(stop)  # before the pool waits for its threads, whatever interrupts this one
                others = [pool.submit(work) for _ in range(workers - 1)]
            if failed.is_set():
                break
        waiting.put([])
        work()
        for other in others:
            other.result()
