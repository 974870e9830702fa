"""float32 weights -> int8 weights, and activations' scales from calibration.

* Weights are int8 in [-64, 63], one scale a column. The range is half of what 8 bits hold, so that the 16-bit sums of
  two products, 2 · 255 · 64 < 2¹⁵, can't saturate on CPUs without VNNI.
* Activations are uint8 with one fixed scale a linear and iteration, so that an answer can't depend on what else is in
  the batch, as it does with scales that are computed when the model runs.
* Outliers: in trained models one or two channels of ffn's and ffn_output's inputs reach several times as far as all
  others ("massive activations", arXiv:2402.17762), and one scale for all would be as coarse as they ask for. Those of
  ffn_output stay in float, a product of a few rows (as in LLM.int8(), arXiv:2208.07339, but calibration settles
  which). Those of ffn are smoothed: divided in the norm before it, and multiplied again where the residual is added
  (as in SmoothQuant, arXiv:2211.10438, but for these alone).
* Embeddings are int8 with one scale a row, or in 4 bits: see `rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph, observed_name
from albert_ner_export.graph.rows import pack_rows
from albert_ner_export.graph.weights import (
    AlbertWeights,
    Float32,
    FloatChannels,
    Layer,
    Linear,
    QuantizedLinear,
    QuantizedRows,
)
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import open_session

EMBEDDING_BITS = (8, 4)
ACTIVATIONS = "minimum and maximum of each linear's input, by iteration"
_WEIGHT_LIMIT = 63
_ROW_LIMIT = 127
_MOST_OUTLIERS = 8
_MOST_SMOOTHING = 100
_FEW = 16  # channels for each that may stay in float
_OUTLYING = 0.5  # outliers are worth the trouble if without them the range is this share or less


def observe_ranges(
    config: AlbertConfig, weights: AlbertWeights, sequences: Iterable[npt.NDArray[np.int64]]
) -> dict[str, Float32]:
    """Runs the float graph and records the range of each linear's input.

    Args:
        config: The sizes.
        weights: The float weights.
        sequences: int64 [piece] each, special pieces included.

    Returns:
        By the name of each linear but the classifier: float32 [iteration, 2, channel], minimum and maximum, both
        including 0.
    """
    session = open_session(build_graph(config, weights, observe="ranges").SerializeToString(), available_cores())
    outputs = [observed_name(linear) for linear in weights.linears]
    ranges = [np.zeros(1, np.float32)] * len(outputs)
    for sequence in sequences:
        for index, found in enumerate(session.run(outputs, {"input_ids": sequence[None]})):
            lows, highs = np.minimum(found[:, 0], 0), np.maximum(found[:, 1], 0)
            before = ranges[index]
            if before.ndim == 3:
                lows, highs = np.minimum(lows, before[:, 0]), np.maximum(highs, before[:, 1])
            ranges[index] = np.stack([lows, highs], axis=1)
    return {linear.name: found for linear, found in zip(weights.linears, ranges, strict=True)}


def quantize_weights(weights: AlbertWeights, ranges: Mapping[str, Float32], embedding_bits: int = 8) -> AlbertWeights:
    """Quantizes the embeddings and the layers' linears.

    The projection and the classifier are a hundredth of the work and stay in float: the first's error would go through
    all layers, the last's straight into the scores.

    Args:
        weights: The float weights.
        ranges: What `observe_ranges` found.
        embedding_bits: Of a value of the embeddings, one of `EMBEDDING_BITS`.
    """
    assert isinstance(weights.words, np.ndarray)
    assert isinstance(weights.positions, np.ndarray)
    quantize_rows = pack_rows if embedding_bits == 4 else _quantize_rows
    groups = tuple(
        replace(group, layers=tuple(_quantize_layer(layer, ranges) for layer in group.layers))
        for group in weights.groups
    )
    return replace(
        weights,
        words=quantize_rows(weights.words),
        positions=quantize_rows(weights.positions),
        groups=groups,
    )


def float_parts(weights: AlbertWeights) -> dict[str, str]:
    """What stayed in float, and why."""
    kept = {"projection": "small, and its error would go through all layers", "classifier": "small, and last"}
    for group in weights.groups:
        for layer in group.layers:
            if layer.float_channels is not None:
                indices = ", ".join(map(str, layer.float_channels.indices.tolist()))
                kept[f"{layer.ffn_output.name}, channels {indices}"] = "reach twice as far as all others, or further"
    return kept


def outliers(ranges: Float32) -> npt.NDArray[np.int64]:
    """The channels without which the range is half or less, if few do: int64 [channel], 8 or fewer, the largest first.

    Args:
        ranges: Of a linear's input, float32 [iteration, 2, channel].
    """
    reach = np.abs(ranges).max(axis=1)  # [iteration, channel]
    furthest = reach.max(axis=1, keepdims=True)
    relative = np.divide(reach, furthest, out=np.ones_like(reach), where=furthest > 0)
    order = (-relative.max(axis=0)).argsort(kind="stable")
    for count in range(1, min(_MOST_OUTLIERS, len(order) // _FEW) + 1):
        if relative[:, order[count:]].max(axis=1).mean() <= _OUTLYING:
            return np.asarray(order[:count], np.int64)
    return np.zeros(0, np.int64)


def _quantize_layer(layer: Layer, ranges: Mapping[str, Float32]) -> Layer:
    """Quantizes a layer's linears, and deals with outliers as said above."""
    ffn, last = layer.ffn, layer.ffn_output
    assert isinstance(ffn, Linear)
    assert isinstance(last, Linear)
    ffn_range, last_range = ranges[ffn.name], ranges[last.name]
    smoothing, gain, channels = None, layer.attention_gain, None
    if len(indices := outliers(ffn_range)):
        smoothing = _smoothing(ffn_range, indices)
        gain, ffn_range = gain / smoothing, ffn_range / smoothing
        ffn = replace(ffn, weight=ffn.weight * smoothing[:, None])
    if len(indices := outliers(last_range)):
        channels = FloatChannels(indices, last.weight[indices])
        weight, last_range = last.weight.copy(), last_range.copy()
        weight[indices], last_range[..., indices] = 0, 0
        last = replace(last, weight=weight)
    return replace(
        layer,
        attention_gain=gain,
        qkv=_quantized(layer.qkv, ranges[layer.qkv.name]),
        attention_output=_quantized(layer.attention_output, ranges[layer.attention_output.name]),
        ffn=_quantized(ffn, ffn_range),
        ffn_output=_quantized(last, last_range),
        smoothing=smoothing,
        float_channels=channels,
    )


def _smoothing(ranges: Float32, indices: npt.NDArray[np.int64]) -> Float32:
    """How many times as far as all others the outliers reach, in any iteration; 1 for the others: float32 [channel]."""
    reach = np.abs(ranges).max(axis=1)
    others = np.delete(reach, indices, axis=1).max(axis=1, keepdims=True)
    others = np.maximum(others, reach.max(axis=1, keepdims=True) / _MOST_SMOOTHING)  # they may well be 0
    factors = np.ones(reach.shape[1], np.float32)
    factors[indices] = np.divide(reach, others, out=np.ones_like(reach), where=others > 0).max(axis=0)[indices]
    return factors


def _quantized(linear: Linear | QuantizedLinear, ranges: Float32) -> QuantizedLinear:
    if isinstance(linear, QuantizedLinear):
        return linear
    weight_scale = np.abs(linear.weight).max(axis=0) / np.float32(_WEIGHT_LIMIT)
    weight_scale[weight_scale == 0] = 1
    low, high = ranges[:, 0].min(axis=1), ranges[:, 1].max(axis=1)
    input_scale = (high - low) / np.float32(255)
    input_scale[input_scale == 0] = 1
    return QuantizedLinear(
        name=linear.name,
        weight=np.rint(linear.weight / weight_scale).astype(np.int8),
        weight_scale=weight_scale,
        bias=linear.bias,
        input_scale=input_scale,
        input_zero_point=np.rint(-low / input_scale).astype(np.uint8),
    )


def _quantize_rows(rows: Float32) -> QuantizedRows:
    """Quantizes each row of an embedding by its largest value."""
    scale = np.abs(rows).max(axis=1, keepdims=True) / np.float32(_ROW_LIMIT)
    scale[scale == 0] = 1
    return QuantizedRows(np.rint(rows / scale).astype(np.int8), scale)
