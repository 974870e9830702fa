"""Words -> logits of each word: a package's tokenizer and model, over windows and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate, chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.batching import equal_length_batches
from albert_ner_onnx.errors import InferenceError, PackageError
from albert_ner_onnx.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.session import Session, available_cores
from albert_ner_onnx.tokenization import PIECE_RULES, Pieces, WordTokenizer
from albert_ner_onnx.windows import Window, pack_windows

T = TypeVar("T")
_BATCH_PIECES = 128  # larger batches are no faster, and take more memory in each worker


class WordClassifier:
    """Says how well each tag fits each word. Safe to use from many threads at once."""

    def __init__(self, package: Path, manifest: Manifest, threads: int | None) -> None:
        """Loads tokenizer and model.

        Args:
            package: The folder of the package.
            manifest: Its manifest.
            threads: See `albert_ner_onnx.load`.

        Raises:
            PackageError: A file is missing, damaged, or doesn't fit the manifest.
        """
        if manifest.piece_rule not in PIECE_RULES:
            raise PackageError(
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
        except (PackageError, InferenceError) as error:
            raise PackageError(f"{package}: {error}") from None

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
            raise PackageError(
                f"model.onnx: gives logits {list(found)}, the manifest's {tags} tags need [1, 2, {tags}]"
            )
        return session

    def logits(self, texts: Sequence[Sequence[Sequence[str]]]) -> npt.NDArray[np.float32]:
        """The logits of every word. Texts never see each other; the sentences of a text that fit into a window do.

        Args:
            texts: For each its sentences, lists of words; any number of each, also none.

        Returns:
            float32 [word, tag], all words one after another. A word without pieces, or that an exact Spark NLP package
            doesn't look at, has minus infinity for every tag but `O`.

        Raises:
            InferenceError: The model failed.
        """
        pieces = [self._encode(list(chain.from_iterable(sentences))) for sentences in texts]
        starts = [list(accumulate(map(len, sentences), initial=0)) for sentences in texts]
        before = list(accumulate((sentences[-1] for sentences in starts), initial=0))
        logits = np.full((before.pop(), len(self._manifest.tags)), -np.inf, np.float32)
        logits[:, self._outside] = 0
        self._run(
            [
                (sequence, window, logits[first + window.keep_start : first + window.keep_stop])
                for sequence, sentences, first in zip(pieces, starts, before, strict=True)
                for window in self._windows(sequence, sentences[:-1])
            ]
        )
        return logits

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
        _share_out(run, batches, self._workers)

    def _input_ids(self, pieces: Pieces, window: Window) -> npt.NDArray[np.int64]:
        ids = pieces.ids[pieces.bounds[window.start] : pieces.bounds[window.stop]]
        return np.concatenate(([self._manifest.cls_id], ids, [self._manifest.sep_id]))


def _share_out(run: Callable[[T], object], items: Sequence[T], workers: int) -> None:
    """Calls `run` with each item, in this thread and at the same time in as many more as make `workers`.

    If a call fails, no other begins, and the failure is raised when those that run have ended.
    """
    waiting = list(reversed(items))

    def take() -> Iterator[T]:
        with suppress(IndexError):  # empty; asking first would be another thread's chance to take the last
            while True:
                yield waiting.pop()

    def work() -> None:
        try:
            for item in take():
                run(item)
        except BaseException:
            waiting.clear()
            raise

    with ThreadPoolExecutor(workers - 1) as pool:  # made anew, as one kept would not survive a fork
        others = [pool.submit(work) for _ in range(workers - 1)]
        work()
        for other in others:
            other.result()
