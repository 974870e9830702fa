"""An ONNX file that optimum or transformers exported, with the files that describe it."""

from __future__ import annotations

import math
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceModel, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.sources.config_files import CONFIG, LABELS, read_config, read_labels_file
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.hugging_face.model_card import CARD, read_card
from albert_ner_export.sources.onnx.weights import OnnxWeights, recover_weights
from albert_ner_export.sources.tokenizers.own_files import own_files
from albert_ner_export.sources.tokenizers.read import read_tokenizer
from albert_ner_onnx.errors import ExportError

_SUFFIX, _MODEL = ".onnx", "model.onnx"
_INNER = "onnx"  # the folder where optimum's command and repositories on the Hub put the file
_GIVE_LABELS = "give the tag of each logit with --tags-file FILE, one tag per line"


def is_onnx(path: Path) -> bool:
    """Whether a path is an ONNX file, or a folder with one and perhaps weights in other formats."""
    return path.suffix == _SUFFIX or bool(_models(path))


def read_onnx(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads an exported model. Without a `config.json`, its sizes are taken from the graph.

    Args:
        path: The file, or its folder.
        options: What the user says about the source.

    Raises:
        ExportError: Something is missing, damaged or not supported, or `config.json` contradicts the graph.
    """
    model = _choose(path)
    home = model.parent
    folder, surroundings = Folder(home), Folder(home, home / "assets", home.resolve().parent)
    weights = recover_weights(folder.read(model.name), model)
    for name in weights.external:
        folder.read(name)  # records its checksum
    card = read_card(surroundings.locate(CARD))
    return Checkpoint(
        name=_name(home),
        folder=None,
        config=_read_config(model, weights, surroundings, options),
        tensors=weights.tensors,
        tokenizer=read_tokenizer(surroundings, options),
        tokenizer_files=own_files(surroundings),
        source_model=SourceModel(path=model, model=model, machine_epsilon=weights.machine_epsilon),
        max_pieces=options.max_sentence_length,
        license=card.license,
        language=card.language,
        sha256=surroundings.sha256 | folder.sha256,
    )


def _models(folder: Path) -> list[Path]:
    return [path for path in (folder / _MODEL, folder / _INNER / _MODEL) if path.is_file()]


def _choose(path: Path) -> Path:
    if not path.is_dir():
        return path
    models = _models(path)
    if len(models) != 1:
        found = " and ".join(map(str, models)) or "none"
        raise ExportError(f"{path}: expected one {_MODEL} in it, found {found}; give the path of the file")
    return models[0]


def _name(home: Path) -> str:
    folders = [home.resolve(), *home.resolve().parents]
    return next((folder.name for folder in folders if folder.name not in ("", _INNER)), "model")


def _read_config(model: Path, weights: OnnxWeights, surroundings: Folder, options: SourceOptions) -> AlbertConfig:
    """Reads the configuration, which must fit the graph; without one, takes the sizes from the graph."""
    if surroundings.has(CONFIG):
        config = read_config(surroundings, options)
        _check_agreement(model, weights, config, surroundings.locate(CONFIG))
    else:
        labels = read_labels_file(surroundings, options) if options.labels is None else options.labels
        if labels is None:
            raise ExportError(
                f"{model}: found neither {CONFIG} nor {LABELS} there, in assets or one folder up; {_GIVE_LABELS}"
            )
        config = AlbertConfig.from_dict(weights.config, labels, options.ignored, place=str(model))
    logits = weights.tensors["classifier.bias"].size
    if len(config.tags) != logits:
        raise ExportError(f"{model}: gives {logits} logits per piece, but has {len(config.tags)} tags; {_GIVE_LABELS}")
    return config


def _check_agreement(model: Path, weights: OnnxWeights, config: AlbertConfig, place: Path) -> None:
    for name, found in weights.config.items():
        stated = getattr(config, name)
        same = math.isclose(stated, found, rel_tol=1e-6) if isinstance(found, float) else stated == found
        if not same:
            raise ExportError(
                f"{place}: {name} is {stated!r} here, but {found!r} in {model}; put the model's own {CONFIG} there, or "
                "remove this one"
            )
