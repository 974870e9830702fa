"""A local Hugging Face folder: config.json, model.safetensors (or its shards), tokenizer.json."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from safetensors import SafetensorError, deserialize

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_onnx.errors import ExportError

_FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"


class _Folder:
    """A folder whose files are read once, each with its checksum kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256: dict[str, str] = {}

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise ExportError(
                f"{self.path / name}: can't be read ({error.strerror}); it is part of the checkpoint"
            ) from None
        self.sha256[name] = hashlib.sha256(data).hexdigest()
        return data

    def read_json(self, name: str) -> dict[str, Any]:
        try:
            data = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise ExportError(f"{self.path / name}: not JSON ({error})") from None
        if not isinstance(data, dict):
            raise ExportError(f"{self.path / name}: must be a JSON object, found {type(data).__name__}")
        return data


def read_hugging_face(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads a checkpoint in the layout that transformers saves.

    Raises:
        ExportError: Something is missing, damaged or not supported.
    """
    if not path.is_dir():
        raise ExportError(f"{path}: no such folder; expected a Hugging Face checkpoint (config.json and its weights)")
    folder = _Folder(path)
    config = AlbertConfig.from_dict(folder.read_json("config.json"), options.labels)
    card = _front_matter(path / "README.md")
    return Checkpoint(
        name=path.resolve().name,
        folder=path,
        config=config,
        tensors=_read_tensors(folder),
        tokenizer=folder.read("tokenizer.json"),
        license=_one_line(card.get("license")),
        language=_one_line(card.get("language")),
        sha256=folder.sha256,
    )


def _read_tensors(folder: _Folder) -> dict[str, npt.NDArray[np.float32]]:
    if folder.has(_WEIGHTS):
        return _read_safetensors(folder, _WEIGHTS)
    if not folder.has(_INDEX):
        raise ExportError(
            f"{folder.path}: no {_WEIGHTS} and no {_INDEX} in it; "
            "save the model with transformers' save_pretrained(…, safe_serialization=True)"
        )
    weight_map = folder.read_json(_INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(shard, str) for shard in weight_map.values()):
        raise ExportError(f"{folder.path / _INDEX}: weight_map must map each tensor to its file")
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    for shard in sorted(set(weight_map.values())):
        if Path(shard).name != shard:
            raise ExportError(f"{folder.path / _INDEX}: {shard!r} is no name of a file in the checkpoint's folder")
        tensors |= _read_safetensors(folder, shard)
    if missing := sorted(set(weight_map) - set(tensors)):
        raise ExportError(f"{folder.path / _INDEX}: names tensors that no shard holds: {', '.join(missing[:3])}")
    return tensors


def _read_safetensors(folder: _Folder, name: str) -> dict[str, npt.NDArray[np.float32]]:
    """Reads the floating-point tensors of one file as float32; others (position ids) are no weights."""
    try:
        entries = deserialize(folder.read(name))
    except SafetensorError as error:
        raise ExportError(f"{folder.path / name}: no safetensors file, or a damaged one ({error})") from None
    tensors = {}
    for key, entry in entries:
        dtype, data = entry["dtype"], entry["data"]
        if dtype == "BF16":  # the upper half of a float32
            array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif dtype in _FLOATS:
            array = np.frombuffer(data, _FLOATS[dtype])
        elif dtype in ("I64", "I32", "BOOL"):
            continue
        else:
            raise ExportError(
                f"{folder.path / name}: {key} is {dtype}; expected F32, F16 or BF16 (save an unquantized checkpoint)"
            )
        tensors[key] = array.astype(np.float32, copy=False).reshape(entry["shape"])
    return tensors


def _front_matter(path: Path) -> dict[str, Any]:
    """The YAML between the `---` lines that open a model card; empty if there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
        end = lines.index("---", 1) if lines[:1] == ["---"] else 0
        card = yaml.safe_load("\n".join(lines[1:end]))
    except (OSError, ValueError, yaml.YAMLError):  # a card is an extra: its errors must not stop an export
        return {}
    return card if isinstance(card, dict) else {}


def _one_line(value: Any) -> str | None:
    """A front matter's `en` or `[en, de]` as one string."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)
