"""Text to entities with as little around an engine as can be: fast tokenizer, sorted batches, argmax, a BIO loop."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from benchmarks.peers import Settings, Span

Ids = npt.NDArray[np.int64]
Logits = npt.NDArray[np.float32]
_PAD = 0  # ids are masked there, so that any will do


@dataclass(frozen=True, slots=True)
class Window:
    """A sequence of pieces.

    Attributes:
        text: Index of its text.
        ids: Its pieces, special ones at both ends.
        offsets: First and one past the last character of each piece, zeros for special ones.
    """

    text: int
    ids: list[int]
    offsets: list[tuple[int, int]]


class PieceTokenizer:
    """A checkpoint's fast tokenizer, which cuts what is longer than a window."""

    def __init__(self, checkpoint: Path, window: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(window)

    def windows(self, texts: Sequence[str]) -> list[Window]:
        """The windows of all texts in order, one after another without overlap."""
        return [
            Window(index, encoding.ids, encoding.offsets)
            for index, first in enumerate(self._tokenizer.encode_batch(list(texts)))
            for encoding in (first, *first.overflowing)
        ]


def read_tags(checkpoint: Path) -> list[str]:
    """The tag of each logit."""
    labels = json.loads((checkpoint / "config.json").read_text("utf-8"))["id2label"]
    return [labels[str(index)] for index in range(len(labels))]


def find_entities(tags: Iterable[str], offsets: Iterable[tuple[int, int]]) -> list[Span]:
    """Entities of tags in IOB2 or IOB1, of pieces at `offsets`."""
    entities: list[Span] = []
    before = ""
    for tag, (start, end) in zip(tags, offsets, strict=True):
        prefix, _, label = tag.partition("-")
        if label and prefix == "I" and label == before:
            entities[-1] = (label, entities[-1][1], end)
        elif label:
            entities.append((label, start, end))
        before = label
    return entities


def first_of_words(text: str, window: Window, tags: Sequence[int]) -> list[int]:
    """Of the tags of a window's pieces those that count: models learn the tag of a word's first piece only."""
    starts = (start for start, _ in window.offsets[1:-1])
    return [tag for tag, start in zip(tags, starts, strict=True) if start == 0 or text[start - 1].isspace()]


def padded(windows: Sequence[Window]) -> tuple[Ids, Ids]:
    """Ids and mask of a batch, int64 [batch, piece] each."""
    ids = np.full((len(windows), max(len(window.ids) for window in windows)), _PAD, np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
    return ids, mask


def sorted_batches(windows: Sequence[Window], batch: int) -> list[list[int]]:
    """Indices of windows, the longest first, in batches."""
    order = sorted(range(len(windows)), key=lambda index: -len(windows[index].ids))
    return [order[start : start + batch] for start in range(0, len(order), batch)]


class RawPeer(ABC):
    """All of a raw peer but its engine."""

    setup: str

    def __init__(self, settings: Settings) -> None:
        self._tokenizer = PieceTokenizer(settings.checkpoint, settings.window)
        self._tags = read_tags(settings.checkpoint)

    @abstractmethod
    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """The logits of each batch of ids and mask, in order."""

    def logits(self, ids: Ids) -> Logits:
        """See `Engine`."""
        return next(iter(self.run([(ids, np.ones_like(ids))])))

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Engine`; in the batches of `recognize`, as scales may depend on them."""
        found: list[list[int]] = [[] for _ in texts]
        for window, tags in zip(*self._tag(texts, batch), strict=True):
            found[window.text] += first_of_words(texts[window.text], window, tags)
        return found

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        tags: list[list[str]] = [[] for _ in texts]
        offsets: list[list[tuple[int, int]]] = [[] for _ in texts]
        for window, best in zip(*self._tag(texts, batch), strict=True):
            tags[window.text] += [self._tags[tag] for tag in best]
            offsets[window.text] += window.offsets[1:-1]
        return list(map(find_entities, tags, offsets))

    def _tag(self, texts: Sequence[str], batch: int) -> tuple[list[Window], list[list[int]]]:
        """The windows, and the best tags of each one's pieces without the special ones."""
        windows = self._tokenizer.windows(texts)
        batches = sorted_batches(windows, batch)
        best: list[list[int]] = [[] for _ in windows]
        answers = self.run([padded([windows[index] for index in indices]) for indices in batches])
        for indices, logits in zip(batches, answers, strict=True):
            for index, row in zip(indices, logits.argmax(axis=-1).tolist(), strict=True):
                best[index] = row[1 : len(windows[index].ids) - 1]
        return windows, best


def tag_alone(logits: Callable[[Ids], Logits], settings: Settings, texts: Sequence[str]) -> list[list[int]]:
    """Tags of words as in `Engine`, each window in a call of its own: for peers that have their own way to batch."""
    found: list[list[int]] = [[] for _ in texts]
    for window in PieceTokenizer(settings.checkpoint, settings.window).windows(texts):
        best = logits(np.array([window.ids], np.int64))[0, 1:-1].argmax(axis=-1).tolist()
        found[window.text] += first_of_words(texts[window.text], window, best)
    return found
