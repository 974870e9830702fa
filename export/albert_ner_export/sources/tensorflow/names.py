"""The TensorFlow variables of an ALBERT -> tensors under Hugging Face's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from albert_ner_export.checkpoint import Tensors
from albert_ner_onnx.errors import ExportError

# The variables of a layer: their names at Hugging Face, and whether TensorFlow's matrix is [input, output]
_VARIABLES = {
    "kernel": ("weight", True),
    "embeddings": ("weight", False),
    "weight": ("weight", False),
    "gamma": ("weight", False),
    "bias": ("bias", False),
    "beta": ("bias", False),
}
_GROUP = r"bert/encoder/transformer/group_(\d+)/inner_group_(\d+)/"
_LAYER = r"albert.encoder.albert_layer_groups.\1.albert_layers.\2."
# Layers of google-research's ALBERT
_GOOGLE = {
    r"bert/embeddings/LayerNorm": r"albert.embeddings.LayerNorm",
    r"bert/encoder/embedding_hidden_mapping_in": r"albert.encoder.embedding_hidden_mapping_in",
    _GROUP + r"attention_1/self/(query|key|value)": _LAYER + r"attention.\3",
    _GROUP + r"attention_1/output/dense": _LAYER + r"attention.dense",
    _GROUP + r"LayerNorm": _LAYER + r"attention.LayerNorm",
    _GROUP + r"ffn_1/intermediate/dense": _LAYER + r"ffn",
    _GROUP + r"ffn_1/intermediate/output/dense": _LAYER + r"ffn_output",
    _GROUP + r"LayerNorm_1": _LAYER + r"full_layer_layer_norm",
}
# Its variables outside of layers
_GOOGLE_VARIABLES = {
    "bert/embeddings/word_embeddings": "albert.embeddings.word_embeddings.weight",
    "bert/embeddings/position_embeddings": "albert.embeddings.position_embeddings.weight",
    "bert/embeddings/token_type_embeddings": "albert.embeddings.token_type_embeddings.weight",
    "output_weights": "classifier.weight",
    "output_bias": "classifier.bias",
}
# Layers of transformers' TFAlbertForTokenClassification; a model that it is part of may put a prefix before them
_KERAS = re.compile(r"(?:.*/)?((?:albert|classifier)(?:/.+)?)")
# Variables of pretraining, optimizers and metrics
_BY_PRODUCTS = re.compile(
    r"cls/.*|(?:.*/)?pooler/.*|.*/adam_[mv]|.*/\.OPTIMIZER_SLOT/.*|(?:.*/)?_variables/.*"
    r"|(?:.*/)?keras_api/metrics/.*|(?:/|.*/)?optimizer_weights/.*"
)


def hugging_face_name(variable: str) -> tuple[str, bool] | None:
    """Translates the name of a variable.

    Returns:
        Hugging Face's name, and whether the tensor must be transposed; `None` if no ALBERT has such a variable.
    """
    if name := _GOOGLE_VARIABLES.get(variable):
        return name, False
    layer, _, last = variable.rpartition("/")
    if last not in _VARIABLES:
        return None
    suffix, transposed = _VARIABLES[last]
    for pattern, replacement in _GOOGLE.items():
        if match := re.fullmatch(pattern, layer):
            return f"{match.expand(replacement)}.{suffix}", transposed
    if match := _KERAS.fullmatch(layer):
        return f"{match[1].replace('_._', '.').replace('/', '.')}.{suffix}", transposed
    return None


def to_hugging_face(variables: Mapping[str, str], read: Callable[[str], npt.NDArray[Any]], path: PurePath) -> Tensors:
    """Reads the variables of an ALBERT, and skips those of optimizers, metrics and pretraining.

    Args:
        variables: The name of each variable in the graph, by its key in the file.
        read: Returns the variable of a key, in any type.
        path: Where they are, for messages.

    Raises:
        ExportError: A variable isn't an ALBERT's or is there twice, or there is no classifier.
    """
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    keys: dict[str, str] = {}
    for key, variable in variables.items():
        if _BY_PRODUCTS.fullmatch(key) or _BY_PRODUCTS.fullmatch(variable):
            continue
        array = read(key)
        if array.ndim == 0:  # a counter or a rate; an ALBERT's weights aren't scalars
            continue
        if (found := hugging_face_name(variable)) is None:
            raise ExportError(
                f"{path}: {variable} isn't a variable of an ALBERT for token classification; save such a model alone"
            )
        name, transposed = found
        if name in keys:
            raise ExportError(f"{path}: {name} is there twice, as {keys[name]} and as {key}; save the model alone")
        if array.dtype.kind != "f":
            raise ExportError(
                f"{path}: {variable} must hold floating-point numbers, found {array.dtype}; save an unquantized model"
            )
        keys[name] = key
        # A copy, so that the file's bytes can be freed: optimizers may fill most of them
        tensors[name] = np.array(array.T if transposed else array, np.float32, order="C")
    if "classifier.weight" not in tensors:
        raise ExportError(
            f"{path}: found no classifier (output_weights, or classifier/kernel) among its {len(tensors)} weights, so "
            "it is only pretrained; fine-tune it for token classification first"
        )
    return tensors
