"""Text to entities with as little around an engine as possible: fast tokenizer, sorted batches, argmax."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from benchmarks.peers import Peer, Settings, Span

Ids = npt.NDArray[np.int64]
Logits = npt.NDArray[np.float32]
PAD = 0  # any piece that texts never have: the mask hides it


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of the text with this index, special ones included: ids, and half-open ranges of characters."""

    text: int
    ids: list[int]
    offsets: list[tuple[int, int]]

    def first_of_words(self, text: str) -> list[int]:
        """Indices of the pieces that open a word between blanks: models learn the tag of these alone."""
        starts = (start for start, _ in self.offsets[1:-1])
        return [index for index, start in enumerate(starts, 1) if start == 0 or text[start - 1].isspace()]


class PieceTokenizer:
    """A checkpoint's fast tokenizer, which cuts texts into windows."""

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
    """Entities of pieces with tags in IOB2 or IOB1."""
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


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """Ids and mask of a batch, int64 [batch, piece] each."""
    ids = np.full((len(sequences), max(map(len, sequences))), PAD, np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)], mask[row, : len(sequence)] = sequence, 1
    return ids, mask


class BarePeer(ABC):
    """All of a bare peer except its engine."""

    setup: str

    def __init__(self, settings: Settings) -> None:
        self._tokenizer = PieceTokenizer(settings.checkpoint, settings.window)
        self._tags = read_tags(settings.checkpoint)

    @abstractmethod
    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        """The logits of each batch of ids and mask, in order."""

    def logits(self, ids: Ids) -> Logits:
        """See `Peer`."""
        return next(iter(self.run([(ids, np.ones_like(ids))])))

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        """See `Peer`; in the batches of `recognize`, because dynamic scales depend on them."""
        found: list[list[int]] = [[] for _ in texts]
        for window, best in zip(*self._tag(texts, batch), strict=True):
            found[window.text] += [best[index] for index in window.first_of_words(texts[window.text])]
        return found

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        """See `Peer`."""
        tags: list[list[str]] = [[] for _ in texts]
        offsets: list[list[tuple[int, int]]] = [[] for _ in texts]
        for window, best in zip(*self._tag(texts, batch), strict=True):
            tags[window.text] += [self._tags[tag] for tag in best[1:-1]]
            offsets[window.text] += window.offsets[1:-1]
        return list(map(find_entities, tags, offsets))

    def _tag(self, texts: Sequence[str], batch: int) -> tuple[list[Window], list[list[int]]]:
        """The windows, and the best tag of each of their pieces."""
        windows = self._tokenizer.windows(texts)
        order = sorted(range(len(windows)), key=lambda index: -len(windows[index].ids))
        batches = [order[start : start + batch] for start in range(0, len(order), batch)]
        best: list[list[int]] = [[] for _ in windows]
        answers = self.run([padded([windows[index].ids for index in indices]) for indices in batches])
        for indices, logits in zip(batches, answers, strict=True):
            for index, row in zip(indices, logits.argmax(axis=-1).tolist(), strict=True):
                best[index] = row[: len(windows[index].ids)]
        return windows, best


def tag_alone(peer: Peer, settings: Settings, texts: Sequence[str]) -> list[list[int]]:
    """`Peer.word_tags`, each window in a call of its own: for peers that batch in their own way."""
    found: list[list[int]] = [[] for _ in texts]
    for window in PieceTokenizer(settings.checkpoint, settings.window).windows(texts):
        best = peer.logits(np.array([window.ids], np.int64))[0].argmax(axis=-1).tolist()
        found[window.text] += [best[index] for index in window.first_of_words(texts[window.text])]
    return found
