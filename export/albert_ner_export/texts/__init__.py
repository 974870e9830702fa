"""Text of our own writing, and the sequences of pieces that the exporter makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.tokenization import WordTokenizer
from albert_ner_onnx.words import split_words


@dataclass(frozen=True, slots=True)
class PieceSequence:
    """What a model reads at once.

    Attributes:
        ids: int64 [piece], special pieces included.
        first: bool [piece], whether it is a word's first piece, whose tag is the word's.
    """

    ids: npt.NDArray[np.int64]
    first: npt.NDArray[np.bool_]


class PieceTexts:
    """The two texts as a model reads them: calibration for activations' scales, verification for comparing graphs."""

    def __init__(self, facts: TokenizerFacts) -> None:
        self._tokenizer = WordTokenizer(facts.data, max_word_pieces=100)
        self._special = facts.cls_id, facts.sep_id

    def calibration(self, maximum: int) -> list[PieceSequence]:
        """Each line as a sequence of its own, then all of it in sequences of the maximum length in pieces."""
        lines = self._lines("calibration.txt")
        whole, capacity = _joined(lines), maximum - 2
        starts = range(0, len(whole.ids), capacity)
        chunks = [PieceSequence(whole.ids[i : i + capacity], whole.first[i : i + capacity]) for i in starts]
        return [self._enclosed(part, maximum) for part in (*lines, *chunks)]

    def verification(self, maximum: int) -> list[PieceSequence]:
        """Sequences of the lengths that `verification_lengths` asks for, cut out of the text, which is repeated."""
        whole = _joined(self._lines("verification.txt"))
        sequences, start = [], 0
        for length in verification_lengths(maximum):
            inner = range(start, start + max(0, length - 2))
            part = PieceSequence(whole.ids.take(inner, mode="wrap"), whole.first.take(inner, mode="wrap"))
            sequences.append(self._enclosed(part, length))
            start = inner.stop
        return sequences

    def _lines(self, name: str) -> list[PieceSequence]:
        lines = []
        for line in files(__package__).joinpath(name).read_text("utf-8").splitlines():
            pieces = self._tokenizer.encode([word.text for word in split_words(line)])
            first = np.zeros(len(pieces.ids), np.bool_)
            first[pieces.bounds[:-1][np.diff(pieces.bounds) > 0]] = True
            lines.append(PieceSequence(pieces.ids, first))
        return lines

    def _enclosed(self, part: PieceSequence, length: int) -> PieceSequence:
        """Puts the special pieces around a part and cuts it to a length, of which 1 leaves the first one alone."""
        opening, closing = self._special
        inner = slice(max(0, length - 2))
        ids = np.concatenate(([opening], part.ids[inner], [closing]))
        first = np.concatenate(([False], part.first[inner], [False]))
        return PieceSequence(ids[:length], first[:length])


def _joined(parts: Sequence[PieceSequence]) -> PieceSequence:
    return PieceSequence(np.concatenate([part.ids for part in parts]), np.concatenate([part.first for part in parts]))


def verification_lengths(maximum: int, total: int = 6000) -> Sequence[int]:
    """Lengths of 200 or more sequences, from 1 to `maximum` pieces, two at the maximum, `total` pieces or more in all.

    The others are spread as a power of their index, the steepest that reaches the total: many short, a few long.
    """
    others = max(198, 2 * total // maximum)
    spread = np.linspace(0, 1, others)
    lengths = np.full(others, maximum)
    for power in np.geomspace(0.01, 1000, 2000):
        flatter, lengths = lengths, 1 + ((maximum - 1) * spread**power).astype(np.int64)
        if lengths.sum() < total - 2 * maximum:
            lengths = flatter
            break
    return [maximum, maximum, *lengths[::-1].tolist()]
