"""Writes the default model's logits, to compare versions of ONNX Runtime byte by byte.

    python .ci/logits.py OUT

This needs only the wheel and its dependencies.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from albert_ner_onnx import default_model
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.rules import resolve_rules

_TEXTS = Path(__file__).parents[1] / "export" / "albert_ner_export" / "texts"
_SEQUENCES = 200
_BATCHES = [(64, 4), (16, 16), (8, 64), (4, 128)]  # [batch, piece]: a kernel may choose its path by the number of rows


def _batches(folder: ModelFolder) -> list[npt.NDArray[np.int64]]:
    """Cuts the exporter's texts into sequences of all lengths up to the maximum, one by one and in batches.

    Returns:
        int64 [batch, piece] each, special pieces included.
    """
    manifest, rules = folder.manifest, resolve_rules(folder.manifest)
    special, capacity = SpecialPieces(manifest.cls_id, manifest.sep_id), manifest.max_pieces - SPECIAL_PIECES
    text = "\n".join((_TEXTS / f"{name}.txt").read_text("utf-8") for name in ("calibration", "verification"))
    read_pieces = rules.open_own_tokenizer(folder.read(TOKENIZER), capacity)
    pieces = read_pieces([word.text for word in rules.split_words(text)]).ids
    batches, start = [], 0
    for rows, length in [*((1, 1 + index % capacity) for index in range(_SEQUENCES)), *_BATCHES]:
        size = rows * min(length, capacity)
        parts = np.split(pieces.take(range(start, start + size), mode="wrap"), rows)
        batches.append(np.stack([special.enclose(part) for part in parts]))
        start += size
    return batches


def main() -> None:
    """Writes the bits of all logits, float32 [piece, tag], and prints the checksums of the pieces and the logits."""
    folder = ModelFolder.open(default_model())
    session = Session(folder.read(MODEL), threads=1)
    batches = _batches(folder)
    pieces = b"".join(ids.tobytes() for ids in batches)
    logits = b"".join(session.run(ids).tobytes() for ids in batches)
    Path(sys.argv[1]).write_bytes(logits)
    version = onnxruntime.__version__
    print(f"onnxruntime {version}: pieces {sha256(pieces).hexdigest()}, logits {sha256(logits).hexdigest()}")


if __name__ == "__main__":
    main()
