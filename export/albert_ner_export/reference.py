"""The oracle: optimum's own export of the same checkpoint, run in ONNX Runtime with padding and a mask.

optimum, transformers and torch are imported in a child process only: `python -m albert_ner_export.reference IN OUT`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from albert_ner_export.config import AlbertConfig
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.session import available_cores, open_session

_PADDING = 8  # pieces of padding that each sequence gets at least, where the maximum length allows
_BATCH = 16


def export_reference(checkpoint: Path, out: Path) -> Path:
    """Lets optimum export a Hugging Face folder; returns the path of its ONNX file.

    Raises:
        ExportError: optimum can't.
    """
    command = [sys.executable, "-P", "-W", "ignore", "-m", __name__, str(checkpoint), str(out)]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    child = subprocess.run(command, env=os.environ | offline, capture_output=True, text=True, errors="replace")
    if child.returncode:
        lines = [line for line in child.stderr.splitlines() if line.strip()] or ["no message"]
        raise ExportError(f"{checkpoint}: optimum can't export it as the reference to compare with: {lines[-1]}")
    return out / "model.onnx"


def write_hugging_face(config: AlbertConfig, tensors: Mapping[str, npt.NDArray[np.float32]], folder: Path) -> Path:
    """Writes what was read of a source in another format as a folder that transformers can open."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def run_reference(
    model: Path, sequences: Sequence[npt.NDArray[np.int64]], max_pieces: int
) -> list[npt.NDArray[np.float32]]:
    """Runs the reference on batches of unlike lengths.

    Args:
        model: optimum's ONNX file.
        sequences: int64 [piece] each.
        max_pieces: Longest sequence that the model takes.

    Returns:
        Logits of each sequence, float32 [piece, tag], without those of the padding.
    """
    session = open_session(model.read_bytes(), threads=available_cores())
    by_length = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    results: dict[int, npt.NDArray[np.float32]] = {}
    for start in range(0, len(by_length), _BATCH):
        batch = by_length[start : start + _BATCH]
        width = min(max_pieces, max(len(sequences[index]) for index in batch) + _PADDING)
        input_ids = np.zeros((len(batch), width), np.int64)
        mask = np.zeros_like(input_ids)
        for row, index in enumerate(batch):
            input_ids[row, : len(sequences[index])] = sequences[index]
            mask[row, : len(sequences[index])] = 1
        feeds = {"input_ids": input_ids, "attention_mask": mask, "token_type_ids": np.zeros_like(input_ids)}
        logits = session.run(["logits"], feeds)[0]
        results |= {index: logits[row, : len(sequences[index])] for row, index in enumerate(batch)}
    return [results[index] for index in range(len(sequences))]


def _main(checkpoint: str, out: str) -> None:
    from optimum.exporters.onnx import main_export

    main_export(checkpoint, out, task="token-classification", dtype="fp32", do_validation=False, device="cpu")


if __name__ == "__main__":
    _main(*sys.argv[1:])
