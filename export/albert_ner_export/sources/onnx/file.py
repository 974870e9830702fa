"""An ONNX file that optimum or transformers exported, with the files that describe it beside."""

from __future__ import annotations

import math
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceModel, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.labels import read_labels
from albert_ner_export.sources.config_files import CONFIG, LABELS, Companions, read_config
from albert_ner_export.sources.folder import Folder
from albert_ner_export.sources.hugging_face.model_card import CARD, read_card
from albert_ner_export.sources.onnx.albert import OnnxWeights, recover_weights
from albert_ner_export.sources.tokenizers.files import read_tokenizer
from albert_ner_onnx.errors import ExportError

__all__ = ["OnnxWeights", "is_onnx", "read_onnx", "recover_weights"]

_SUFFIX, _MODEL = ".onnx", "model.onnx"
_INNER = "onnx"  # where optimum's command and the Hub's repositories put one


def is_onnx(path: Path) -> bool:
    """Whether a path is an ONNX file or a folder of one, which may hold weights in other formats too."""
    return path.suffix == _SUFFIX or bool(_models(path))


def read_onnx(path: Path, options: SourceOptions) -> Checkpoint:
    """Reads an exported model; without a `config.json` the graph tells its sizes.

    Args:
        path: The file, or its folder.
        options: What the user says about the source.

    Raises:
        ExportError: Something is missing, damaged or not supported, or `config.json` isn't the model's.
    """
    model = _choose(path)
    home = model.parent
    folder, companions = Folder(home), Companions([home, home / "assets", home.resolve().parent])
    weights = recover_weights(folder.read(model.name), model)
    for name in weights.external:
        folder.read(name)  # for its checksum
    card = read_card(companions.locate(CARD))
    return Checkpoint(
        name=_name(home),
        folder=None,
        config=_config(model, weights, companions, options),
        tensors=weights.tensors,
        tokenizer=read_tokenizer(companions, options),
        source_model=SourceModel(path=model, model=model, machine_epsilon=weights.machine_epsilon),
        max_pieces=options.max_sentence_length,
        license=card.license,
        language=card.language,
        sha256=companions.sha256 | folder.sha256,
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


def _config(model: Path, weights: OnnxWeights, companions: Companions, options: SourceOptions) -> AlbertConfig:
    """The configuration beside the file, which must be that of the graph, or else the graph's with the labels."""
    logits = weights.tensors["classifier.bias"].size
    if companions.has(CONFIG):
        config = read_config(companions, options)
        _check_agreement(model, weights, config, companions.locate(CONFIG))
    else:
        config = _graph_config(model, weights, companions, options)
    if len(config.tags) != logits:
        raise ExportError(
            f"{model}: gives {logits} logits a piece, but there are {len(config.tags)} tags; give the tag of each "
            "logit with --labels FILE, one tag a line"
        )
    return config


def _check_agreement(model: Path, weights: OnnxWeights, config: AlbertConfig, place: Path) -> None:
    for name, found in weights.config.items():
        stated = getattr(config, name)
        same = math.isclose(stated, found, rel_tol=1e-6) if isinstance(found, float) else stated == found
        if not same:
            raise ExportError(
                f"{place}: {name} is {stated!r}, but {found!r} in {model}; put the model's own {CONFIG} beside it, or "
                "none"
            )


def _graph_config(model: Path, weights: OnnxWeights, companions: Companions, options: SourceOptions) -> AlbertConfig:
    labels = options.labels
    if labels is None and companions.has(LABELS):
        companions.read(LABELS)  # for its checksum
        labels = read_labels(companions.locate(LABELS))
    if labels is None:
        raise ExportError(
            f"{model}: no {CONFIG} and no {LABELS} beside it, in assets or one folder up; give the tag of each logit "
            "with --labels FILE, one tag a line"
        )
    try:
        return AlbertConfig.from_dict(weights.config, labels)
    except ExportError as error:
        raise ExportError(str(error).replace(f"{CONFIG}:", f"{model}:", 1)) from None
