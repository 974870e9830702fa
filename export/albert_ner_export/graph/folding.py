"""A checkpoint's tensors -> the weights of the exported graph, in NumPy.

LayerNorm is slow in ONNX Runtime; its root-mean-square norm is fast. Two identities turn one into the other:

* LN(x) = γ·(x - mean x)/sqrt(var x + ε) + β. Let r = LN(x) - β be the state without its shift. Then β moves into
  whatever reads the state: a linear, x·W + b = r·W + (b + β·W), and the bias that is added with the residual.
* x - mean x is linear, so the branch that is added to the residual is centred in its weights: subtract from each row of
  W, and from b, its mean over the outputs. Only the residual is centred when the graph runs.

Everything is folded in float64 and rounded to float32 once. Linears are [input, output], the transpose of torch's.
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
# Tensors that token classification doesn't use: pretraining heads, the pooler and buffers
UNUSED = ("albert.pooler.", "predictions.", "sop_classifier.", "albert.embeddings.position_ids")


class _Tensors:
    """Tensors by name, in float64. Each is checked against the shape that the config implies."""

    def __init__(self, tensors: Mapping[str, Float32]) -> None:
        self._tensors = tensors
        self._unread = {name for name in tensors if not name.startswith(UNUSED)}

    def get(self, name: str, *shape: int) -> Float64:
        if name not in self._tensors:
            raise ExportError(f"weights: tensor {name} is missing; expected one of shape {list(shape)}")
        tensor = self._tensors[name]
        if tensor.shape != shape:
            raise ExportError(
                f"weights: {name} must have shape {list(shape)} (from config.json), found {list(tensor.shape)}"
            )
        if not np.isfinite(tensor).all():
            raise ExportError(f"weights: {name} contains NaN or infinity; the checkpoint is damaged")
        self._unread.discard(name)
        return tensor.astype(np.float64)

    def linear(self, name: str, inputs: int, outputs: int) -> tuple[Float64, Float64]:
        return self.get(f"{name}.weight", outputs, inputs).T, self.get(f"{name}.bias", outputs)

    def norm(self, name: str, width: int) -> tuple[Float64, Float64]:
        return self.get(f"{name}.weight", width), self.get(f"{name}.bias", width)

    def check_all_read(self) -> None:
        if self._unread:
            raise ExportError(
                f"weights: {min(self._unread)} does not belong to an AlbertForTokenClassification; expected a "
                "checkpoint of that class"
            )


def fold_weights(config: AlbertConfig, tensors: Mapping[str, Float32]) -> AlbertWeights:
    """Folds the shift and the centring of each LayerNorm into the weights around it.

    Args:
        config: The sizes. Every tensor is checked against them.
        tensors: Arrays by Hugging Face's names; linears are [output, input].

    Raises:
        ExportError: A tensor is missing, unknown, not finite or too large, or has the wrong shape.
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
    """Folds the layers of a group. Also returns the β of its last norm, which is missing from the group's state."""
    hidden, intermediate = config.hidden_size, config.intermediate_size
    names = [
        f"albert.encoder.albert_layer_groups.{group}.albert_layers.{index}" for index in range(config.inner_group_num)
    ]
    norms = [source.norm(f"{layer}.full_layer_layer_norm", hidden) for layer in names]
    layers = []
    for index, layer in enumerate(names):
        shift = norms[index - 1][1]  # β of the norm before; before the first layer comes the last one
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
    """Subtracts from each row its mean over the last axis, the outputs."""
    centred: Float64 = array - array.mean(axis=-1, keepdims=True)
    return centred


def _linear(name: str, weight: Float64, bias: Float64) -> Linear:
    return Linear(name, _float32(weight), _float32(bias))


def _float32(array: Float64) -> Float32:
    """Rounds to float32.

    Raises:
        ExportError: A value is too large for it.
    """
    if array.size and np.abs(array).max() > np.finfo(np.float32).max:
        raise ExportError(
            "weights: products of them are too large for float32; the checkpoint is damaged or was trained to "
            "infinity: copy or train it again"
        )
    return np.ascontiguousarray(array, np.float32)
