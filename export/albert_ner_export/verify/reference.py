"""The oracle: optimum's own export of the same checkpoint, run in ONNX Runtime with padding and a mask.

Both is done in child processes, `python -m albert_ner_export.verify.reference`: optimum, transformers and torch are
imported nowhere else, and the memory that they and a stock graph take is not the exporter's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from albert_ner_export.config import AlbertConfig
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import open_session

_PADDING = 8  # pieces of padding that each sequence gets at least, where the maximum length allows
_BATCH = 16
_BATCH_PIECES = 2048  # of its sequences, as an xxlarge's attention and feed-forward outputs take gigabytes for more


def export_reference(checkpoint: Path, out: Path) -> Path:
    """Lets optimum export a Hugging Face folder; returns the path of its ONNX file.

    Raises:
        ExportError: optimum can't.
    """
    if fault := _run_child("export", checkpoint, out):
        raise ExportError(f"{checkpoint}: optimum can't export it as the reference to compare with: {fault}")
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

    Raises:
        ExportError: ONNX Runtime can't run it.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "sequences.npz", Path(folder) / "logits.npz"
        np.savez(given, *sequences)
        if fault := _run_child("run", model, max_pieces, given, found):
            raise ExportError(f"optimum's export, the reference to compare with, can't be run: {fault}")
        return _read_arrays(found)


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Indices of sequences that are run together: few of long ones, neighbours by length, the shortest first."""
    found: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if len(found[-1]) == _BATCH or (len(found[-1]) + 1) * (lengths[index] + _PADDING) > _BATCH_PIECES:
            found.append([])
        found[-1].append(index)
    return [batch for batch in found if batch]


def padded_answers(
    session: Any, sequences: Sequence[npt.NDArray[np.int64]], max_pieces: int
) -> list[npt.NDArray[np.float32]]:
    """What `run_reference` gives, in this process: batches of unlike lengths, padded and masked."""
    results: dict[int, npt.NDArray[np.float32]] = {}
    for batch in batches([len(sequence) for sequence in sequences]):
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


def _run_child(*arguments: object) -> str | None:
    """Runs this module; returns what went wrong, if something did."""
    command = [sys.executable, "-P", "-W", "ignore", "-m", __name__, *map(str, arguments)]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    child = subprocess.run(command, env=os.environ | offline, capture_output=True, text=True, errors="replace")
    lines = [line for line in child.stderr.splitlines() if line.strip()] or [f"exit status {child.returncode}"]
    return lines[-1] if child.returncode else None


def _read_arrays(file: Path) -> list[npt.NDArray[Any]]:
    with np.load(file) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


def _run(model: str, max_pieces: str, given: str, out: str) -> None:
    session = open_session(Path(model).read_bytes(), threads=available_cores())
    np.savez(out, *padded_answers(session, _read_arrays(Path(given)), int(max_pieces)))


def _export(checkpoint: str, out: str) -> None:
    from optimum.exporters.onnx import main_export

    main_export(checkpoint, out, task="token-classification", dtype="fp32", do_validation=False, device="cpu")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    (_export if command == "export" else _run)(*arguments)
