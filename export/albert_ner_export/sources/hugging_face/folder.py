"""A local Hugging Face folder: config.json, the weights as safetensors or PyTorch's own, and the tokenizer's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.folder import Folder
from albert_ner_export.sources.hugging_face.model_card import CARD, read_card
from albert_ner_export.sources.hugging_face.pytorch_bin import read_pytorch_bin
from albert_ner_export.sources.tokenizers.files import read_tokenizer
from albert_ner_onnx.errors import ExportError

Tensors = dict[str, npt.NDArray[np.float32]]

CONFIG = "config.json"
SAFETENSORS, PYTORCH = "model.safetensors", "pytorch_model.bin"
# In the order of preference, which is transformers' own
WEIGHTS = (SAFETENSORS, f"{SAFETENSORS}.index.json", PYTORCH, f"{PYTORCH}.index.json")
_FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


def is_hugging_face(path: Path) -> bool:
    """Whether it is a folder with a config.json and weights that this module reads."""
    return (path / CONFIG).is_file() and any((path / name).is_file() for name in WEIGHTS)


def read_hugging_face(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads a checkpoint in the layout that transformers saves.

    Raises:
        ExportError: Something is missing, damaged or not supported.
    """
    if not path.is_dir():
        raise ExportError(f"{path}: no such folder; expected a Hugging Face checkpoint (config.json and its weights)")
    folder = Folder(path)
    config = AlbertConfig.from_dict(folder.read_json(CONFIG), options.labels)
    card = read_card(path / CARD)
    return Checkpoint(
        name=path.resolve().name,
        folder=path,
        config=config,
        tensors=_read_tensors(folder),
        tokenizer=read_tokenizer(folder, options),
        max_pieces=options.max_sentence_length,
        license=card.license,
        language=card.language,
        sha256=folder.sha256,
    )


def _read_tensors(folder: Folder) -> Tensors:
    name = next((name for name in WEIGHTS if folder.has(name)), None)
    if name is None:
        raise ExportError(
            f"{folder.path}: no {' and no '.join(WEIGHTS)} in it; save the model with transformers' save_pretrained(…)"
        )
    read = _read_safetensors if name.startswith(SAFETENSORS) else _read_pytorch
    return _read_shards(folder, name, read) if name.endswith(".index.json") else read(folder, name)


def _read_shards(folder: Folder, index: str, read: Callable[[Folder, str], Tensors]) -> Tensors:
    tensors: Tensors = {}
    weight_map = read_weight_map(folder, index)
    for shard in sorted(set(weight_map.values())):
        tensors |= read(folder, shard)
    if missing := sorted(set(weight_map) - set(tensors)):
        raise ExportError(f"{folder.path / index}: names tensors that no shard holds: {', '.join(missing[:3])}")
    return tensors


def read_weight_map(folder: Folder, index: str) -> dict[str, str]:
    """The name of the file that holds each tensor, as an index of shards says.

    Raises:
        ExportError: It says none, or one outside of the folder.
    """
    weight_map = folder.read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(shard, str) for shard in weight_map.values()):
        raise ExportError(f"{folder.path / index}: weight_map must map each tensor to its file")
    for shard in weight_map.values():
        if Path(shard).name != shard:
            raise ExportError(f"{folder.path / index}: {shard!r} is no name of a file in the checkpoint's folder")
    return weight_map


def _read_pytorch(folder: Folder, name: str) -> Tensors:
    return read_pytorch_bin(folder.read(name), folder.path / name)


def _read_safetensors(folder: Folder, name: str) -> Tensors:
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
