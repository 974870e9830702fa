"""Words -> logits of each word: a package's tokenizer and model, over windows and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import accumulate, chain
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.errors import InferenceError, ModelError
from albert_ner_onnx.model.batches import equal_length_batches
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.model.session import Session, available_cores
from albert_ner_onnx.model.tokenizer import PIECE_RULES, Pieces, WordTokenizer
from albert_ner_onnx.model.windows import Window, pack_windows

T = TypeVar("T")
_BATCH_PIECES = 128  # larger batches are no faster, and take more memory in each worker


class _Input(NamedTuple):
    """What the model reads at once: its pieces, where its words begin, and place for their logits."""

    ids: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]


class WordClassifier:
    """Says how well each tag fits each word. Safe to use from many threads at once."""

    def __init__(self, package: Path, manifest: Manifest, threads: int | None) -> None:
        """Loads tokenizer and model.

        Args:
            package: The folder of the package.
            manifest: Its manifest.
            threads: See `albert_ner_onnx.load`.

        Raises:
            ModelError: A file is missing, damaged, or doesn't fit the manifest.
        """
        if manifest.piece_rule not in PIECE_RULES:
            raise ModelError(
                f"{package}: unknown piece rule {manifest.piece_rule!r}; expected one of {', '.join(PIECE_RULES)}"
            )
        self._manifest = manifest
        self._exact = manifest.spark_nlp is not None and manifest.spark_nlp.exact
        self._capacity = manifest.max_pieces - 2
        self._outside = manifest.tags.index("O")
        # By default as many calls at once as there are cores, each on one thread: faster than the reverse.
        self._workers = available_cores() if threads is None else 1
        try:
            self._tokenizer = self._open_tokenizer(package)
            self._session = self._open_session(package, threads or 1)
        except (ModelError, InferenceError) as error:
            raise ModelError(f"{package}: {error}") from None

    def _open_tokenizer(self, package: Path) -> WordTokenizer:
        # One piece more than fits, so that a long word doesn't make the next one begin where the window ends
        longest = self._capacity + 1 if self._exact else self._capacity
        data = self._manifest.read_file(package, TOKENIZER)
        return WordTokenizer(data, longest, self._manifest.piece_rule, modified_utf8=self._exact)

    def _open_session(self, package: Path, threads: int) -> Session:
        manifest = self._manifest
        masked_piece = manifest.spark_nlp.masked_piece if manifest.spark_nlp and self._exact else None
        model = manifest.read_file(package, MODEL)
        session = Session(model, threads, masked_piece, concurrent=self._workers > 1)
        ids, tags = np.array([[manifest.cls_id, manifest.sep_id]]), len(manifest.tags)
        found = session.run(ids).shape
        if found != (1, 2, tags):
            raise ModelError(f"model.onnx: gives logits {list(found)}, the manifest's {tags} tags need [1, 2, {tags}]")
        return session

    def logits(self, texts: Iterable[Sequence[Sequence[str]]]) -> npt.NDArray[np.float32]:
        """The logits of every word. Texts never see each other; the sentences of a text that fit into a window do.

        Args:
            texts: For each its sentences, lists of words; any number of each, also none. With several workers
                the model runs on the first ones while this thread asks for more.

        Returns:
            float32 [word, tag], all words one after another. A word without pieces, or that an exact Spark NLP package
            doesn't look at, has minus infinity for every tag but `O`.

        Raises:
            InferenceError: The model failed.
        """
        windows: list[_Input] = []
        rows = [np.empty(0, np.intp)]  # of each text's words: among those of all windows, or -1 for the last one

        def run(batch: Sequence[int]) -> None:
            found = self._session.run(np.stack([windows[index].ids for index in batch]))
            for index, logits in zip(batch, found, strict=True):
                windows[index].logits[:] = logits[windows[index].firsts]

        _share_out(run, equal_length_batches(self._read(texts, windows, rows), _BATCH_PIECES), self._workers)
        unread = np.full((1, len(self._manifest.tags)), -np.inf, np.float32)
        unread[0, self._outside] = 0
        logits: npt.NDArray[np.float32] = np.concatenate([*(window.logits for window in windows), unread])
        return logits[np.concatenate(rows)]

    def _read(
        self, texts: Iterable[Sequence[Sequence[str]]], windows: list[_Input], rows: list[npt.NDArray[np.intp]]
    ) -> Iterator[int]:
        """Appends texts' windows, and the rows of their words' logits; yields the length of each window.

        What is kept is made here: in a worker's memory, between what calls of the model take and give back, it would
        keep the system from reusing that.
        """
        decided = 0  # words, in the windows so far
        for sentences in texts:
            starts = list(accumulate(map(len, sentences), initial=0))
            pieces = self._encode(list(chain.from_iterable(sentences)))
            own = np.full(starts.pop(), -1)
            for window in self._windows(pieces, starts):
                begin = pieces.bounds[window.start]
                inside = pieces.ids[begin : pieces.bounds[window.stop]]
                ids = np.empty(len(inside) + 2, np.int64)
                ids[0], ids[1:-1], ids[-1] = self._manifest.cls_id, inside, self._manifest.sep_id
                firsts, ends = (pieces.bounds[window.keep_start + i : window.keep_stop + i] for i in (0, 1))
                known = ends > firsts
                firsts = firsts[known] - begin + 1  # [CLS] is before them
                own[window.keep_start : window.keep_stop][known] = np.arange(decided, decided + len(firsts))
                decided += len(firsts)
                windows.append(_Input(ids, firsts, np.empty((len(firsts), len(self._manifest.tags)), np.float32)))
                yield len(ids)
            rows.append(own)

    def _encode(self, words: Sequence[str]) -> Pieces:
        if not self._exact:
            return self._tokenizer.encode(words)
        # Spark NLP looks at so many words, and of their pieces at so many, wherever that cuts. The word that begins at
        # the very next piece keeps one that isn't there: it is tagged with the scores of [SEP]. Later ones have none.
        pieces = self._tokenizer.encode(words[: self._capacity])
        return Pieces(pieces.ids[: self._capacity], np.minimum(pieces.bounds, self._capacity + 1))

    def _windows(self, pieces: Pieces, starts: Sequence[int]) -> list[Window]:
        """The windows of a text whose sentences begin at the words `starts`."""
        if not self._exact:
            return pack_windows(pieces.bounds, self._capacity, starts)
        words = len(pieces.bounds) - 1
        return [Window(0, words, 0, words)] if len(pieces.ids) else []


def _share_out(run: Callable[[T], object], items: Iterable[T], workers: int) -> None:
    """Calls `run` with each item, in as many threads as there are workers.

    With several, this thread is one of them: it first takes all items from their iterator, while the others work from
    the second one on, and then helps. If a call or the iterator fails, no other call begins, and the failure is raised
    when those that run have ended.
    """
    if workers < 2:
        for item in items:
            run(item)
        return
    waiting: SimpleQueue[list[T]] = SimpleQueue()  # items, each in a list; an empty one is the end
    failed = Event()

    def work() -> None:
        try:
            while (item := waiting.get()) and not failed.is_set():
                run(*item)
        except BaseException:
            failed.set()
            raise
        finally:
            waiting.put([])  # for the next one

    def stop() -> None:
        failed.set()
        waiting.put([])

    others: list[Future[None]] = []
    with ExitStack() as stack:
        for number, item in enumerate(items):
            waiting.put([item])
            if number == 1:  # one item needs no thread; a pool that is kept would not survive a fork
                pool = stack.enter_context(ThreadPoolExecutor(workers - 1))
                stack.callback(stop)  # before the pool waits for its threads, whatever interrupts this one
                others = [pool.submit(work) for _ in range(workers - 1)]
            if failed.is_set():
                break
        waiting.put([])
        work()
        for other in others:
            other.result()
