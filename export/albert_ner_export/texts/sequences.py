"""Text of our own writing, and the sequences of pieces that the exporter makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_export.texts.held_out import held_out_lines
from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.text.words import split_words

_HELD_OUT_EVERY = 5
_LONG_SEQUENCES = 4  # ranges of activations differ a little with length


@dataclass(frozen=True, slots=True)
class PieceSequence:
    """What a model reads at once.

    Attributes:
        ids: int64 [piece], special pieces included.
        first: bool [piece], whether it is a word's first piece, whose tag is the word's.
    """

    ids: npt.NDArray[np.int64]
    first: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts, one a line, to calibrate int8 with, and others to judge it by.

    Attributes:
        name: What the manifest calls it.
        calibration: Lines for the scales of activations.
        held_out: Lines that calibration doesn't see.
    """

    name: str
    calibration: Sequence[str]
    held_out: Sequence[str]


class PieceTexts:
    """Texts as a model reads them: calibration for activations' scales, the others for comparing graphs."""

    def __init__(self, facts: TokenizerFacts, corpus: Corpus) -> None:
        self._tokenizer = WordTokenizer(facts.data, max_word_pieces=100)
        self._special = facts.cls_id, facts.sep_id
        self.corpus = corpus

    def calibration(self, maximum: int) -> list[PieceSequence]:
        """Each line as a sequence of its own, then some of them joined to four of the maximum length in pieces."""
        lines, capacity = self._encode(self.corpus.calibration), maximum - 2
        joined = _slice(_joined(lines), slice(_LONG_SEQUENCES * capacity))
        return self._some(self._in_sequences([*lines, joined], maximum))

    def held_out(self, maximum: int) -> list[PieceSequence]:
        """Each line that calibration didn't see, in sequences of the maximum length in pieces if it is longer."""
        return self._some(self._in_sequences(self._encode(self.corpus.held_out), maximum))

    def _some(self, sequences: list[PieceSequence]) -> list[PieceSequence]:
        if not any(part.first.any() for part in sequences):
            raise ExportError(
                f"{self.corpus.name}: the tokenizer makes no piece of its lines, or of every fifth; expected text such "
                "as the model will read"
            )
        return sequences

    def verification(self, maximum: int) -> list[PieceSequence]:
        """Sequences of the lengths that `verification_lengths` asks for, cut out of our own text, which is repeated."""
        whole = _joined(self._encode(_own_lines("verification.txt")))
        sequences, start = [], 0
        for length in verification_lengths(maximum):
            inner = range(start, start + max(0, length - 2))
            part = PieceSequence(whole.ids.take(inner, mode="wrap"), whole.first.take(inner, mode="wrap"))
            sequences.append(self._enclosed(part, length))
            start = inner.stop
        return sequences

    def _encode(self, texts: Sequence[str]) -> list[PieceSequence]:
        """Pieces of each text, without special ones."""
        lines = []
        for text in texts:
            pieces = self._tokenizer.encode([word.text for word in split_words(text)])
            first = np.zeros(len(pieces.ids), np.bool_)
            first[pieces.bounds[:-1][np.diff(pieces.bounds) > 0]] = True
            lines.append(PieceSequence(pieces.ids, first))
        return lines

    def _in_sequences(self, parts: Sequence[PieceSequence], maximum: int) -> list[PieceSequence]:
        capacity = maximum - 2
        return [
            self._enclosed(_slice(part, slice(start, start + capacity)), maximum)
            for part in parts
            for start in range(0, len(part.ids), capacity)
        ]

    def _enclosed(self, part: PieceSequence, length: int) -> PieceSequence:
        """Puts the special pieces around a part and cuts it to a length, of which 1 leaves the first one alone."""
        opening, closing = self._special
        inner = slice(max(0, length - 2))
        ids = np.concatenate(([opening], part.ids[inner], [closing]))
        first = np.concatenate(([False], part.first[inner], [False]))
        return PieceSequence(ids[:length], first[:length])


def own_corpus() -> Corpus:
    """The text of our own writing that is part of this package."""
    return Corpus("our own text", _own_lines("calibration.txt"), held_out_lines())


def read_corpus(path: Path) -> Corpus:
    """Reads a user's text, one a line: every fifth line is held out.

    Raises:
        ExportError: It can't be read, isn't UTF-8 or has fewer than five lines that aren't blank.
    """
    try:
        lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise ExportError(f"{path}: byte {error.start} is not UTF-8; save the text as UTF-8") from None
    except OSError as error:
        raise ExportError(f"{path}: can't be read ({error.strerror})") from None
    if len(lines) < _HELD_OUT_EVERY:
        raise ExportError(
            f"{path}: {len(lines)} lines with text, expected {_HELD_OUT_EVERY} or more, better hundreds: "
            "one text a line, such as the model will read"
        )
    held_out = lines[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
    del lines[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
    return Corpus(path.name, lines, held_out)


def _own_lines(name: str) -> list[str]:
    return files(__package__).joinpath(name).read_text("utf-8").splitlines()


def _slice(part: PieceSequence, where: slice) -> PieceSequence:
    return PieceSequence(part.ids[where], part.first[where])


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
