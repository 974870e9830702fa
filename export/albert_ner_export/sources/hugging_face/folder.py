"""A Hugging Face folder: config.json, the weights as safetensors or pytorch_model.bin, and the tokenizer's files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize

from albert_ner_export.checkpoint import Checkpoint, SourceOptions, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.config_files import CONFIG
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.hugging_face.model_card import CARD, read_card
from albert_ner_export.sources.hugging_face.names import rename
from albert_ner_export.sources.hugging_face.pytorch_bin import read_pytorch_bin
from albert_ner_export.sources.tokenizers.own_files import own_files
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx.errors import ExportError

SAFETENSORS, PYTORCH = "model.safetensors", "pytorch_model.bin"
# In the order of preference, which is transformers' own
WEIGHTS = (SAFETENSORS, f"{SAFETENSORS}.index.json", PYTORCH, f"{PYTORCH}.index.json")
_FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


def is_hugging_face(path: Path) -> bool:
    """Whether a path is a folder with a config.json and weights that this module reads, or the weights in one."""
    if path.is_file():
        return path.suffix == ".safetensors" or path.name in WEIGHTS
    return (path / CONFIG).is_file() and any((path / name).is_file() for name in WEIGHTS)


def read_hugging_face(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads a checkpoint in the layout that transformers saves.

    Args:
        path: Its folder, or the weights or their index in it.
        options: What the user says about the source.

    Raises:
        ExportError: Something is missing, damaged or not supported.
    """
    weights = None
    if path.is_file():
        path, weights = path.parent, _weights_of(path)
    if not path.is_dir():
        raise ExportError(f"{path}: no such folder; expected a Hugging Face checkpoint (config.json and its weights)")
    folder = Folder(path)
    config = AlbertConfig.from_dict(folder.read_json(CONFIG), options.labels, options.ignored, place=str(path / CONFIG))
    card = read_card(path / CARD)
    return Checkpoint(
        name=path.resolve().name,
        folder=path,
        config=config,
        tensors=_read_tensors(folder, weights),
        tokenizer=read_tokenizer(folder, options),
        tokenizer_files=own_files(folder),
        max_pieces=options.max_sentence_length,
        license=card.license,
        language=card.language,
        sha256=folder.sha256,
    )


def read_weight_map(folder: Folder, index: str) -> dict[str, str]:
    """Reads which file holds each tensor, from the index of sharded weights.

    Raises:
        ExportError: The index doesn't say, or names a file outside of the folder.
    """
    path, weight_map = folder.locate(index), folder.read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(shard, str) for shard in weight_map.values()):
        raise ExportError(f"{path}: weight_map must map each tensor to the name of its file; save the model again")
    for shard in weight_map.values():
        if Path(shard).name != shard:
            raise ExportError(
                f"{path}: weight_map must name files in the checkpoint's folder, found {shard!r}; save the model again"
            )
    return weight_map


def _weights_of(file: Path) -> str:
    """Returns the name of the weights that a file means: its own, or that of the index if it is one of several shards.

    Raises:
        ExportError: It isn't named as transformers names weights, or there is no config.json beside it.
    """
    shard = re.fullmatch(r"(.+)-\d{5}-of-\d{5}(\.\w+)", file.name)
    name = f"{shard[1]}{shard[2]}.index.json" if shard else file.name
    if name not in WEIGHTS or not file.with_name(name).is_file():
        raise ExportError(
            f"{file}: expected a folder, or one of {', '.join(WEIGHTS)} in it; give the folder of the checkpoint, and "
            f"name its weights {SAFETENSORS if file.suffix == '.safetensors' else PYTORCH}"
        )
    if not file.with_name(CONFIG).is_file():
        raise ExportError(
            f"{file}: found no {CONFIG} beside it; put the {CONFIG} and the tokenizer of the model into its folder"
        )
    return name


def _read_tensors(folder: Folder, name: str | None) -> Tensors:
    """Reads the weights with this name, or the first of `WEIGHTS` that the folder has."""
    name = name or next((name for name in WEIGHTS if folder.has(name)), None)
    if name is None:
        raise ExportError(
            f"{folder.path}: found none of {', '.join(WEIGHTS)} in it; save the model with transformers' "
            "save_pretrained(…)"
        )
    read = _read_safetensors if name.startswith(SAFETENSORS) else _read_pytorch
    tensors = _read_shards(folder, name, read) if name.endswith(".index.json") else read(folder, name)
    return rename(tensors, folder.locate(name))


def _read_shards(folder: Folder, index: str, read: Callable[[Folder, str], Tensors]) -> Tensors:
    weight_map = read_weight_map(folder, index)
    shards = [read(folder, shard) for shard in sorted(set(weight_map.values()))]
    tensors = {name: tensor for shard in shards for name, tensor in shard.items()}
    # Older transformers also saved position ids, which are integers
    if missing := sorted(name for name in set(weight_map) - set(tensors) if not name.endswith(".position_ids")):
        raise ExportError(
            f"{folder.locate(index)}: names tensors that no shard holds: {', '.join(missing[:3])}; copy the model again"
        )
    return tensors


def _read_pytorch(folder: Folder, name: str) -> Tensors:
    return read_pytorch_bin(folder.read(name), folder.locate(name))


def _read_safetensors(folder: Folder, name: str) -> Tensors:
    """Reads the floating-point tensors of a file as float32. Tensors of integers, such as position ids, are skipped."""
    path = folder.locate(name)
    try:
        entries = deserialize(folder.read(name))
    except SafetensorError as error:
        raise ExportError(f"{path}: not a safetensors file, or a damaged one ({error}); copy it again") from None
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
            raise ExportError(f"{path}: {key} must be F32, F16 or BF16, found {dtype}; save an unquantized checkpoint")
        tensors[key] = array.astype(np.float32, copy=False).reshape(entry["shape"])
    return tensors
