"""The oracle: optimum's own export of the same checkpoint, run in ONNX Runtime with padding and a mask.

Both happen in child processes, `python -m albert_ner_export.verify.reference`. So optimum, transformers and torch are
imported nowhere else, and the memory that they and a stock graph take is not the exporter's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from albert_ner_export.checkpoint import Checkpoint, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.run import Ids, Logits
from albert_ner_export.verify.padding import PADDING, pad
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import open_session

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_BATCH = 16
_BATCH_PIECES = 2048  # of a batch; with more, the attention and feed-forward outputs of an xxlarge take gigabytes


def run_reference(checkpoint: Checkpoint, sequences: Sequence[Ids]) -> list[Logits]:
    """Lets optimum export a checkpoint, and runs that export on batches of sequences of different lengths.

    Returns:
        The logits of each sequence, without those of the padding.

    Raises:
        ExportError: optimum can't export it, or ONNX Runtime can't run the result.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = checkpoint.folder
        if source is None:  # another format, which transformers can't read
            source = write_hugging_face(checkpoint.config, checkpoint.tensors, folder / "checkpoint")
        model = export_reference(source, folder / "reference")
        return run_padded(model, sequences, checkpoint.config.max_position_embeddings)


def export_reference(checkpoint: Path, out: Path) -> Path:
    """Lets optimum export a Hugging Face folder. Returns the path of the ONNX file.

    Raises:
        ExportError: optimum can't export it.
    """
    if fault := _run_child("export", checkpoint, out):
        raise ExportError(f"{checkpoint}: optimum can't export it as the reference to compare with: {fault}")
    return out / "model.onnx"


def write_hugging_face(config: AlbertConfig, tensors: Tensors, folder: Path) -> Path:
    """Writes the sizes and weights of a checkpoint as a folder that transformers can open."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def run_padded(model: Path, sequences: Sequence[Ids], max_pieces: int) -> list[Logits]:
    """Runs optimum's ONNX file in a child process: see `padded_logits`.

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
    """Groups the indices of sequences into batches: neighbours by length, the shortest first, and few long ones."""
    found: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if len(found[-1]) == _BATCH or (len(found[-1]) + 1) * (lengths[index] + PADDING) > _BATCH_PIECES:
            found.append([])
        found[-1].append(index)
    return [batch for batch in found if batch]


def padded_logits(session: Any, sequences: Sequence[Ids], max_pieces: int) -> list[Logits]:
    """Runs a model on batches of sequences of different lengths, padded and masked.

    Args:
        session: Its ONNX Runtime session.
        sequences: The sequences.
        max_pieces: Longest sequence that the model takes.

    Returns:
        The logits of each sequence, without those of the padding.
    """
    results: dict[int, Logits] = {}
    for batch in batches([len(sequence) for sequence in sequences]):
        longest = max(len(sequences[index]) for index in batch)
        feeds = pad([sequences[index] for index in batch], min(max_pieces, longest + PADDING))
        logits = session.run(["logits"], {name: feeds[name] for name in _INPUTS})[0]
        results |= {index: logits[row, : len(sequences[index])] for row, index in enumerate(batch)}
    return [results[index] for index in range(len(sequences))]


def _run_child(*arguments: object) -> str | None:
    """Runs this module as a program. Returns the last line of its error message if it failed."""
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
    np.savez(out, *padded_logits(session, _read_arrays(Path(given)), int(max_pieces)))


def _export(checkpoint: str, out: str) -> None:
    from optimum.exporters.onnx import main_export

    main_export(checkpoint, out, task="token-classification", dtype="fp32", do_validation=False, device="cpu")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    (_export if command == "export" else _run)(*arguments)
