"""TensorFlow weights with the files that describe them: tf_model.h5, SavedModels, TF2 and google-research's TF1."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from albert_ner_export.checkpoint import Checkpoint, SourceOptions, Tensors
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.config_files import read_config
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.hugging_face.model_card import CARD, read_card
from albert_ner_export.sources.tensorflow.keras_h5 import read_h5
from albert_ner_export.sources.tensorflow.names import to_hugging_face
from albert_ner_export.sources.tensorflow.tensor_bundle import read_bundle
from albert_ner_export.sources.tokenizers.own_files import own_files
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx.errors import ExportError

_H5, _SAVED_MODEL, _VARIABLES = "tf_model.h5", "saved_model.pb", "variables"
_SAVED_MODELS = ("saved_model", "saved_model/1")  # where transformers puts one, below the other files
_INDEX, _SHARD = ".index", re.compile(r"\.data-\d{5}-of-\d{5}$")
_STATE = "checkpoint"  # the file that names the newest of a folder's checkpoints
_PROJECTION = "albert.encoder.embedding_hidden_mapping_in"


def is_tensorflow(path: Path) -> bool:
    """Whether a path is TensorFlow weights, or a folder with them and perhaps weights of other frameworks."""
    return bool(_weights(path))


def read_tensorflow(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads weights that TensorFlow wrote.

    Args:
        path: `tf_model.h5`, `saved_model.pb`, an index, the common prefix of a checkpoint's files, or a folder.
        options: What the user says about the source.

    Raises:
        ExportError: Something is missing, damaged or not supported.
    """
    weights = _choose(path)
    home = weights.parent.parent if weights.parent.name == _VARIABLES else weights.parent
    surroundings, folder = _open_surroundings(home), Folder(weights.parent)
    config, card = read_config(surroundings, options), read_card(surroundings.locate(CARD))
    tensors = _read_checkpoint(folder, weights) if weights.suffix == _INDEX else _read_h5(folder, weights)
    return Checkpoint(
        name=_name(home),
        folder=None,
        config=config,
        tensors=_with_projection(tensors, config),
        tokenizer=read_tokenizer(surroundings, options),
        tokenizer_files=own_files(surroundings),
        max_pieces=options.max_sentence_length,
        license=card.license,
        language=card.language,
        sha256=surroundings.sha256 | folder.sha256,
    )


def _weights(path: Path) -> list[Path]:
    """Returns the weights file or index that a path means; several for a folder with several checkpoints."""
    if path.is_dir():
        if (path / _H5).is_file():
            return [path / _H5]
        for folder in (path, *(path / inner for inner in _SAVED_MODELS)):
            if (folder / _SAVED_MODEL).is_file():
                return [folder / _VARIABLES / f"{_VARIABLES}{_INDEX}"]
        return sorted(path.glob(f"*{_INDEX}"))
    if path.name == _SAVED_MODEL:
        return [path.parent / _VARIABLES / f"{_VARIABLES}{_INDEX}"]
    if path.suffix in (".h5", _INDEX):
        return [path]
    index = path.with_name(f"{_SHARD.sub('', path.name)}{_INDEX}")
    return [index] if index.is_file() else []


def _choose(path: Path) -> Path:
    weights = _weights(path)
    if not weights:
        raise ExportError(
            f"{path}: not a TensorFlow checkpoint; expected {_H5}, {_SAVED_MODEL}, an index (X{_INDEX}) or its folder"
        )
    if len(weights) == 1:
        return weights[0]
    try:
        state = (path / _STATE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        state = ""
    newest = re.search(r'^model_checkpoint_path: "(?:[^"]*[/\\])?([^"/\\]+)"', state, re.MULTILINE)
    chosen = path / f"{newest[1]}{_INDEX}" if newest else None
    if chosen not in weights:
        names = ", ".join(index.name for index in weights[:3])
        raise ExportError(f"{path}: holds {len(weights)} checkpoints ({names} …); give the path of one index instead")
    return chosen


def _open_surroundings(home: Path) -> Folder:
    """Opens the folders that may describe weights: their own, assets (a SavedModel's too), and one folder up."""
    above = home.resolve().parent
    if home.resolve().name.isdigit() and above.name == "saved_model":  # transformers puts one into the other
        above = above.parent
    return Folder(home, home / "assets", *(home / inner / "assets" for inner in _SAVED_MODELS), above)


def _name(home: Path) -> str:
    folders = [home.resolve(), *home.resolve().parents]
    return next((folder.name for folder in folders if not re.fullmatch(r"\d*|saved_model", folder.name)), "model")


def _read_h5(folder: Folder, path: Path) -> Tensors:
    return read_h5(folder.read(path.name), path)


def _read_checkpoint(folder: Folder, index: Path) -> Tensors:
    prefix = index.name.removesuffix(_INDEX)
    names = (file.name for file in index.parent.glob("*"))
    shards = sorted(name for name in names if _SHARD.search(name) and _SHARD.sub("", name) == prefix)
    files = {name: folder.read(name) for name in (index.name, *shards)}
    bundle = read_bundle(files, prefix, index.parent)
    return to_hugging_face(bundle.variables, bundle.read, index)


def _with_projection(tensors: Tensors, config: AlbertConfig) -> Tensors:
    """Adds the projection of the embeddings, which Google's code omits if they are as wide as the encoder."""
    width = config.hidden_size
    if f"{_PROJECTION}.weight" in tensors or config.embedding_size != width:
        return tensors
    weight, bias = np.eye(width, dtype=np.float32), np.zeros(width, np.float32)
    return {**tensors, f"{_PROJECTION}.weight": weight, f"{_PROJECTION}.bias": bias}
