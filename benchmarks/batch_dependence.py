"""How far a sentence's answers depend on what else is in its batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.manifest import TOKENIZER, Manifest
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.model.tokenizer import WordTokenizer

_SAMPLE, _BATCH = 1000, 16
Float32 = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sentences:
    """What the models are given.

    Attributes:
        ids: int64 [piece] each, special pieces included.
        first: Where each word's first piece is, int64 [word] each.
    """

    ids: list[Ids]
    first: list[Ids]

    @classmethod
    def sample(cls, sentences: Sequence[ConllSentence], package: Path) -> Sentences:
        """Takes sentences at random of those that fit a window."""
        manifest = Manifest.read(package)
        tokenizer = WordTokenizer(manifest.read_file(package, TOKENIZER), manifest.max_pieces)
        found = [tokenizer.encode(sentence.words) for sentence in sentences]
        fitting = [pieces for pieces in found if 0 < len(pieces.ids) <= manifest.max_pieces - 2]
        order = np.random.default_rng(0).permutation(len(fitting))[:_SAMPLE]
        chosen = [fitting[index] for index in order]
        return cls(
            [np.concatenate(([manifest.cls_id], pieces.ids, [manifest.sep_id])) for pieces in chosen],
            [1 + pieces.bounds[:-1] for pieces in chosen],
        )

    def equal_length_batches(self) -> list[list[int]]:
        """Indices in batches of up to 16 of one length; none is alone that need not be."""
        buckets: defaultdict[int, list[int]] = defaultdict(list)
        for index, ids in enumerate(self.ids):
            buckets[len(ids)].append(index)
        return [
            part.tolist()
            for bucket in buckets.values()
            for part in np.array_split(np.array(bucket), -(-len(bucket) // _BATCH))
        ]

    def mixed_batches(self) -> list[list[int]]:
        """Indices in batches of 16 at random."""
        return [list(range(len(self.ids)))[start : start + _BATCH] for start in range(0, len(self.ids), _BATCH)]

    def probabilities(self, session: Session, batches: Sequence[Sequence[int]]) -> list[Float32]:
        """Probabilities of each sentence's words, float32 [word, tag] each; shorter ones of a batch are padded."""
        found: dict[int, Float32] = {}
        for batch in batches:
            longest = max(len(self.ids[index]) for index in batch)
            rows = session.run(
                np.stack([np.pad(self.ids[index], (0, longest - len(self.ids[index]))) for index in batch])
            )
            powers = np.exp(rows - rows.max(axis=-1, keepdims=True))
            shares = powers / powers.sum(axis=-1, keepdims=True)
            found |= {index: row[self.first[index]] for index, row in zip(batch, shares, strict=True)}
        return [found[index] for index in range(len(self.ids))]


def compare_batches(session: Session, sentences: Sentences, batches: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How far answers in batches are from those of each sentence alone."""
    alone = sentences.probabilities(session, [[index] for index in range(len(sentences.ids))])
    together = sentences.probabilities(session, batches)
    one, other = np.concatenate(alone), np.concatenate(together)
    return {
        "words": len(one),
        "sentences_with_company": sum(len(batch) for batch in batches if len(batch) > 1),
        "tags_changed": round(float((one.argmax(axis=1) != other.argmax(axis=1)).mean()), 5),
        "max_probability_difference": float(f"{np.abs(one - other).max():.2g}"),
    }
