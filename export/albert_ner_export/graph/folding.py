"""A checkpoint's tensors -> the weights of the exported graph, in NumPy.

Two identities move work out of the graph, so that its only norm is ONNX Runtime's fast root-mean-square one:

* LN(x) = γ·(x - mean x)/sqrt(var x + ε) + β, and with r = LN(x) - β the β goes into whatever reads it:
  the next linear x·W + b = r·W + (b + β·W), and the bias that is added where the residual is.
* x - mean x is linear: the branch that a residual is added to has it in its weights (each row of W and b less its
  mean over the outputs); only the residual itself is centred when the graph runs.

Everything is folded in float64 and cast once. Shapes are [input, output], unlike torch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.weights import AlbertWeights, Float32, Group, Layer, Linear
from albert_ner_onnx.errors import ExportError

Float64 = npt.NDArray[np.float64]

_EMBEDDINGS = "albert.embeddings."
_PROJECTION = "albert.encoder.embedding_hidden_mapping_in"
# What token classification doesn't use: heads of pretraining, the pooler and buffers.
_UNUSED = ("albert.pooler.", "predictions.", "sop_classifier.", "albert.embeddings.position_ids")


class _Tensors:
    """Tensors by name in float64, each checked against the shape that the config asks for."""

    def __init__(self, tensors: Mapping[str, Float32]) -> None:
        self._tensors = tensors
        self._unread = {name for name in tensors if not name.startswith(_UNUSED)}

    def get(self, name: str, *shape: int) -> Float64:
        if name not in self._tensors:
            raise ExportError(f"weights: no tensor {name}; expected one of shape {list(shape)}")
        tensor = self._tensors[name]
        if tensor.shape != shape:
            raise ExportError(
                f"weights: {name} must have shape {list(shape)} (config.json), found {list(tensor.shape)}"
            )
        if not np.isfinite(tensor).all():
            raise ExportError(f"weights: {name} holds NaN or infinity; the checkpoint is damaged")
        self._unread.discard(name)
        return tensor.astype(np.float64)

    def linear(self, name: str, inputs: int, outputs: int) -> tuple[Float64, Float64]:
        return self.get(f"{name}.weight", outputs, inputs).T, self.get(f"{name}.bias", outputs)

    def norm(self, name: str, width: int) -> tuple[Float64, Float64]:
        return self.get(f"{name}.weight", width), self.get(f"{name}.bias", width)

    def check_all_read(self) -> None:
        if self._unread:
            raise ExportError(f"weights: {min(self._unread)} is no tensor of an AlbertForTokenClassification")


def fold_weights(config: AlbertConfig, tensors: Mapping[str, Float32]) -> AlbertWeights:
    """Takes the weights out of a checkpoint and folds each LayerNorm's shift and centring into its neighbours.

    Args:
        config: Sizes, against which every tensor is checked.
        tensors: Arrays by Hugging Face's names; linears are [output, input].

    Raises:
        ExportError: A tensor is missing, unknown, has another shape or isn't finite.
    """
    source = _Tensors(tensors)
    hidden, width = config.hidden_size, config.embedding_size
    words = source.get(f"{_EMBEDDINGS}word_embeddings.weight", config.vocab_size, width)
    positions = source.get(f"{_EMBEDDINGS}position_embeddings.weight", config.max_position_embeddings, width)
    types = source.get(f"{_EMBEDDINGS}token_type_embeddings.weight", config.type_vocab_size, width)
    embedding_gain, embedding_shift = source.norm(f"{_EMBEDDINGS}LayerNorm", width)

    folded = [_fold_group(source, config, group) for group in range(config.num_hidden_groups)]
    shifts = [shift for _, shift in folded]
    entries = [None, *(_float32(before - own) for before, own in pairwise(shifts))]
    groups = [
        Group(layers, iterations, entry)
        for (layers, _), iterations, entry in zip(folded, config.iterations, entries, strict=True)
    ]
    projection, bias = source.linear(_PROJECTION, width, hidden)
    classifier, classifier_bias = source.linear("classifier", hidden, len(config.tags))
    source.check_all_read()
    return AlbertWeights(
        words=_float32(words),
        positions=_float32(positions + types[0]),
        types=_float32(types - types[0]),
        embedding_gain=_float32(embedding_gain),
        projection=_linear("projection", projection, bias + embedding_shift @ projection - shifts[0]),
        groups=tuple(groups),
        classifier=_linear("classifier", classifier, classifier_bias + shifts[-1] @ classifier),
    )


def _fold_group(source: _Tensors, config: AlbertConfig, group: int) -> tuple[tuple[Layer, ...], Float64]:
    """Folds the layers of a group; also returns the β of its last norm, which its first layer reads without."""
    hidden, intermediate = config.hidden_size, config.intermediate_size
    names = [
        f"albert.encoder.albert_layer_groups.{group}.albert_layers.{index}" for index in range(config.inner_group_num)
    ]
    norms = [source.norm(f"{layer}.full_layer_layer_norm", hidden) for layer in names]
    layers = []
    for index, layer in enumerate(names):
        shift = norms[index - 1][1]  # of the norm before: for the first layer that is the last one's
        parts = [source.linear(f"{layer}.attention.{part}", hidden, hidden) for part in ("query", "key", "value")]
        qkv = np.concatenate([weight for weight, _ in parts], axis=1)
        qkv_bias = np.concatenate([bias for _, bias in parts])
        output, output_bias = source.linear(f"{layer}.attention.dense", hidden, hidden)
        gain, middle_shift = source.norm(f"{layer}.attention.LayerNorm", hidden)
        ffn, ffn_bias = source.linear(f"{layer}.ffn", hidden, intermediate)
        ffn_output, ffn_output_bias = source.linear(f"{layer}.ffn_output", intermediate, hidden)
        short = f"group{group}.{index}"
        layers.append(
            Layer(
                qkv=_linear(f"{short}.qkv", qkv, qkv_bias + shift @ qkv),
                attention_output=_linear(f"{short}.attention_output", _centred(output), _centred(output_bias + shift)),
                attention_gain=_float32(gain),
                ffn=_linear(f"{short}.ffn", ffn, ffn_bias + middle_shift @ ffn),
                ffn_output=_linear(
                    f"{short}.ffn_output", _centred(ffn_output), _centred(ffn_output_bias + middle_shift)
                ),
                output_gain=_float32(norms[index][0]),
            )
        )
    return tuple(layers), norms[-1][1]


def _centred(array: Float64) -> Float64:
    """Each row less its mean over the last axis, the outputs."""
    centred: Float64 = array - array.mean(axis=-1, keepdims=True)
    return centred


def _linear(name: str, weight: Float64, bias: Float64) -> Linear:
    return Linear(name, _float32(weight), _float32(bias))


def _float32(array: Float64) -> Float32:
    return np.ascontiguousarray(array, np.float32)
