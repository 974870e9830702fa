"""Lines of text -> the sequences of pieces that an export is calibrated, verified and judged with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from albert_ner_export.texts.corpus import Corpus, verification_lines
from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.tokenizer import unknown_piece
from albert_ner_onnx.rules import Rules

_LONGEST_WORD = 100  # pieces of a word to keep; lines are cut into sequences even within words
_LONG_SEQUENCES = 4  # the ranges of activations depend a little on the length


@dataclass(frozen=True, slots=True)
class PieceSequence:
    """What a model reads at once.

    Attributes:
        ids: int64 [piece].
        first: bool [piece], whether a piece is the first one of a word. Its tag is the word's.
    """

    ids: npt.NDArray[np.int64]
    first: npt.NDArray[np.bool_]


class CorpusReader:
    """Turns a corpus into sequences by the rules that the runtime reads texts with."""

    def __init__(self, rules: Rules, tokenizer: TokenizerFacts, corpus: Corpus, max_pieces: int) -> None:
        """Opens the tokenizer.

        Args:
            rules: The rules of the model.
            tokenizer: The model's tokenizer.
            corpus: The texts.
            max_pieces: Longest sequence that the runtime gives the model.
        """
        self._split_words = rules.split_words
        capacity = max_pieces - SPECIAL_PIECES if rules.truncates else _LONGEST_WORD
        self._read_pieces = rules.open_own_tokenizer(tokenizer.data, capacity)
        self._special = SpecialPieces(tokenizer.cls_id, tokenizer.sep_id)
        self._unknown = unknown_piece(Tokenizer.from_str(tokenizer.data.decode()))
        self.corpus = corpus

    def calibration(self, maximum: int) -> list[PieceSequence]:
        """Makes a sequence of each calibration line, then joins some of them to four of `maximum` pieces."""
        lines = self._read(self.corpus.calibration)
        joined = _slice(_joined(lines), slice(_LONG_SEQUENCES * (maximum - SPECIAL_PIECES)))
        return self._checked(self._in_sequences([*lines, joined], maximum))

    def held_out(self, maximum: int) -> list[PieceSequence]:
        """Makes a sequence of each held-out line, or several of `maximum` pieces if the line is longer."""
        return self._checked(self._in_sequences(self._read(self.corpus.held_out), maximum))

    def verification(self, maximum: int) -> list[PieceSequence]:
        """Cuts our own text, which is repeated, into sequences of the lengths in `verification_lengths`."""
        whole = _joined(self._read(verification_lines()))
        sequences, start = [], 0
        for length in verification_lengths(maximum):
            inner = range(start, start + max(0, length - SPECIAL_PIECES))
            part = PieceSequence(whole.ids.take(inner, mode="wrap"), whole.first.take(inner, mode="wrap"))
            enclosed = self._enclosed(part)
            sequences.append(_slice(enclosed, slice(length)))  # of one piece: [CLS] alone
            start = inner.stop
        return sequences

    def unknown_share(self, sequences: Sequence[PieceSequence]) -> float:
        """Returns which share of the pieces of words, 0 to 1, the tokenizer doesn't know."""
        ids = np.concatenate([part.ids[1:-1] for part in sequences])
        return float((ids == self._unknown).mean()) if self._unknown is not None and len(ids) else 0.0

    def _read(self, texts: Sequence[str]) -> list[PieceSequence]:
        """Reads the pieces of each text, without special pieces."""
        lines = []
        for text in texts:
            pieces = self._read_pieces([word.text for word in self._split_words(text)])
            starts = pieces.bounds[:-1][np.diff(pieces.bounds) > 0]
            first = np.zeros(len(pieces.ids), np.bool_)
            first[starts[starts < len(first)]] = True  # a word that was truncated may start after the last piece
            lines.append(PieceSequence(pieces.ids, first))
        return lines

    def _checked(self, sequences: list[PieceSequence]) -> list[PieceSequence]:
        if not any(part.first.any() for part in sequences):
            raise ExportError(
                f"{self.corpus.name}: the tokenizer finds no piece in its lines, or none in every fifth; give text "
                "such as the model will read"
            )
        return sequences

    def _in_sequences(self, parts: Sequence[PieceSequence], maximum: int) -> list[PieceSequence]:
        """Cuts each part into pieces that fit, and puts the special pieces around them."""
        capacity = maximum - SPECIAL_PIECES
        return [
            self._enclosed(_slice(part, slice(start, start + capacity)))
            for part in parts
            for start in range(0, len(part.ids), capacity)
        ]

    def _enclosed(self, part: PieceSequence) -> PieceSequence:
        return PieceSequence(self._special.enclose(part.ids), np.pad(part.first, 1))


def _slice(part: PieceSequence, where: slice) -> PieceSequence:
    return PieceSequence(part.ids[where], part.first[where])


def _joined(parts: Sequence[PieceSequence]) -> PieceSequence:
    return PieceSequence(np.concatenate([part.ids for part in parts]), np.concatenate([part.first for part in parts]))


def verification_lengths(maximum: int, total: int = 6000) -> Sequence[int]:
    """Chooses the lengths of at least 200 sequences, from 1 to `maximum` pieces, with at least `total` pieces in all.

    Two have the maximum length. The others grow as a power of their index, the steepest power that reaches the total:
    many are short, a few are long.
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
