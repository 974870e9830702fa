"""Writes the embedded default's logits of our own text, to compare versions of ONNX Runtime byte by byte.

    python .ci/logits.py OUT

Needs the wheel and its dependencies only.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.model.session import Session
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.text.words import split_words

_TEXTS = Path(__file__).parents[1] / "export" / "albert_ner_export" / "texts"
_SEQUENCES = 200
_BATCHES = [(64, 4), (16, 16), (8, 64), (4, 128)]  # [batch, piece]: a kernel may choose its path by the rows


def _sequences(package: Path, manifest: Manifest) -> list[npt.NDArray[np.int64]]:
    """Consecutive parts of the text, of all lengths up to the maximum, one by one and in batches.

    Returns:
        int64 [batch, piece] each, special pieces included.
    """
    text = "\n".join((_TEXTS / f"{name}.txt").read_text("utf-8") for name in ("calibration", "verification"))
    tokenizer = WordTokenizer(manifest.read_file(package, TOKENIZER), manifest.max_pieces - 2, manifest.piece_rule)
    pieces = tokenizer.encode([word.text for word in split_words(text)]).ids
    lengths = [3 + index % (manifest.max_pieces - 2) for index in range(_SEQUENCES)]
    sequences, start = [], 0
    for batch, length in [*((1, length) for length in lengths), *_BATCHES]:
        stop = start + batch * length
        ids = pieces.take(range(start, stop), mode="wrap").reshape(batch, length)
        ids[:, 0], ids[:, -1] = manifest.cls_id, manifest.sep_id
        sequences.append(ids)
        start = stop
    return sequences


def main() -> None:
    """Writes the bits of all logits, float32 [piece, tag], and prints checksums of what was read and written."""
    package = default_model()
    manifest = Manifest.read(package)
    session = Session(manifest.read_file(package, MODEL), threads=1)
    sequences = _sequences(package, manifest)
    pieces = b"".join(ids.tobytes() for ids in sequences)
    logits = b"".join(session.run(ids).tobytes() for ids in sequences)
    Path(sys.argv[1]).write_bytes(logits)
    version = onnxruntime.__version__
    print(f"onnxruntime {version}: pieces {sha256(pieces).hexdigest()}, logits {sha256(logits).hexdigest()}")


if __name__ == "__main__":
    main()
