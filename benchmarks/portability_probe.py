"""What `benchmarks.portability` runs in each environment: the default package and the crafted product.

    python -m portability_probe SENTENCES.json CRAFTED.onnx ANSWERS.npz

Imports nothing but the runtime and its dependencies, as an environment has no more. Prints what it ran on, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from albert_ner_onnx import default_model
from albert_ner_onnx.model.manifest import MODEL, TOKENIZER, Manifest
from albert_ner_onnx.model.session import Session, open_session
from albert_ner_onnx.model.tokenizer import WordTokenizer

ACTIVATION = 255
ZERO_POINT = 128
_ROWS = (1, 4, 33)  # kernels differ for a single row, for a few and for what is left of a block
_ARM64_FEATURES = {"dot product": (16, 20), "i8mm": (26, 13)}  # entry of the auxiliary vector, bit


def run_model(sentences: Sequence[Sequence[str]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Runs the default package, a sentence a call.

    Returns:
        Ids of the pieces of all sentences, int64 [piece], and logits of all words, float32 [word, tag].
    """
    package = default_model()
    manifest = Manifest.read(package)
    session = Session(manifest.read_file(package, MODEL), 1)
    tokenizer = WordTokenizer(manifest.read_file(package, TOKENIZER), manifest.max_pieces - 2, manifest.piece_rule)
    encoded = [tokenizer.encode(words) for words in sentences]
    logits = []
    for pieces in encoded:
        ids = np.concatenate(([manifest.cls_id], pieces.ids, [manifest.sep_id]))
        logits.append(session.run(ids[None])[0, 1:][pieces.bounds[:-1]])
    return np.concatenate([pieces.ids for pieces in encoded]), np.concatenate(logits)


def run_crafted(model: bytes) -> npt.NDArray[np.float32]:
    """Runs the crafted product on the largest activations: float32 [row, column], all rows alike if it is exact."""
    session = open_session(model)
    width = session.get_inputs()[0].shape[1]
    rows = [session.run(None, {"activations": np.full((rows, width), ACTIVATION, np.uint8)})[0] for rows in _ROWS]
    return np.concatenate(rows)


def describe() -> dict[str, object]:
    """Architecture, versions, and on Arm which instructions for products of int8 ONNX Runtime finds."""
    found: dict[str, object] = {"architecture": platform.machine(), "python": platform.python_version()}
    found |= {name: version(name) for name in ("onnxruntime", "tokenizers", "numpy")}
    if platform.machine() == "aarch64":
        entry = ctypes.CDLL(None).getauxval
        entry.restype = ctypes.c_ulong
        found |= {name: bool(entry(number) >> bit & 1) for name, (number, bit) in _ARM64_FEATURES.items()}
    return found


def main() -> None:
    """Runs both and writes the answers."""
    sentences, crafted, answers = map(Path, sys.argv[1:])
    pieces, logits = run_model(json.loads(sentences.read_text("utf-8")))
    np.savez(answers, pieces=pieces, logits=logits, crafted=run_crafted(crafted.read_bytes()))
    print(json.dumps(describe()))


if __name__ == "__main__":
    main()
