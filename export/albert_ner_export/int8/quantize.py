"""float32 weights -> int8 weights, with the scales of activations from calibration.

* Weights are int8 from -64 to 63, with one scale per column. This is half of the range of 8 bits: x86 CPUs without VNNI
  add two products in 16 bits, and 2 · 255 · 64 < 2¹⁵ can't saturate.
* Activations are uint8, with one fixed scale per linear and iteration. Scales that are computed when the model runs
  would make an answer depend on the other texts of its batch.
* Outliers: in trained models, one or two input channels of ffn and ffn_output reach several times as far as all others
  ("massive activations", arXiv:2402.17762). One scale for all would be as coarse as they need. Those of ffn_output stay
  in float, a product of a few rows, as in LLM.int8() (arXiv:2208.07339), except that calibration chooses them. Those of
  ffn are smoothed: divided in the norm before ffn, and multiplied again in the residual, as in SmoothQuant
  (arXiv:2211.10438), except that all other channels are left alone.
* Embeddings are int8 with one scale per row, or 4 bits with one scale per block of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.run import Ids, observe_inputs
from albert_ner_export.graph.weights import (
    BLOCK,
    HIGHEST_CODE,
    LOWEST_CODE,
    AlbertWeights,
    Float32,
    FloatChannels,
    Layer,
    Linear,
    PackedRows,
    QuantizedLinear,
    QuantizedRows,
)

ACTIVATIONS = "minimum and maximum of each linear's input, by iteration"
_WEIGHT_LIMIT = 63
_ROW_LIMIT = 127
_MOST_OUTLIERS = 8
_CHANNELS_PER_OUTLIER = 16  # a narrow layer has fewer outliers
_MOST_SMOOTHING = 100
_OUTLYING = 0.5  # channels are outliers if the range without them is this share or less
# Where the furthest value of a block may land. Beyond -8 and 7 it is clipped, which gives the others finer steps
_REACHES = (7.0, *np.arange(-7, -10.1, -0.25), *np.arange(7.25, 9.1, 0.25))
_SMALLEST, _LARGEST = np.finfo(np.float16).smallest_subnormal, np.finfo(np.float16).max

# --- Calibration ------------------------------------------------------------------------------------------------------


def observe_ranges(config: AlbertConfig, weights: AlbertWeights, sequences: Iterable[Ids]) -> dict[str, Float32]:
    """Runs the float graph and records the range of each linear's input.

    Args:
        config: The sizes.
        weights: The float32 weights.
        sequences: The calibration text.

    Returns:
        By the name of each linear except the classifier: float32 [iteration, 2, channel], minimum and maximum. Every
        range includes 0.
    """
    linears = weights.linears
    ranges = [np.zeros(1, np.float32)] * len(linears)
    for inputs in observe_inputs(config, weights, linears, "ranges", sequences):
        for index, found in enumerate(inputs):
            lows, highs = np.minimum(found[:, 0], 0), np.maximum(found[:, 1], 0)
            before = ranges[index]
            if before.ndim == 3:
                lows, highs = np.minimum(lows, before[:, 0]), np.maximum(highs, before[:, 1])
            ranges[index] = np.stack([lows, highs], axis=1)
    return {linear.name: found for linear, found in zip(linears, ranges, strict=True)}


def outliers(ranges: Float32) -> npt.NDArray[np.int64]:
    """Finds the few channels without which the range would be half as wide or less.

    Args:
        ranges: The range of a linear's input, float32 [iteration, 2, channel].

    Returns:
        int64 [channel], at most 8, the furthest first; empty if more channels than that are needed.
    """
    reach = np.abs(ranges).max(axis=1)  # [iteration, channel]
    furthest = reach.max(axis=1, keepdims=True)
    relative = np.divide(reach, furthest, out=np.ones_like(reach), where=furthest > 0)
    order = (-relative.max(axis=0)).argsort(kind="stable")
    for count in range(1, min(_MOST_OUTLIERS, len(order) // _CHANNELS_PER_OUTLIER) + 1):
        if relative[:, order[count:]].max(axis=1).mean() <= _OUTLYING:
            return np.asarray(order[:count], np.int64)
    return np.zeros(0, np.int64)


# --- Weights ----------------------------------------------------------------------------------------------------------


def quantize_weights(weights: AlbertWeights, ranges: Mapping[str, Float32], embedding_bits: int = 8) -> AlbertWeights:
    """Quantizes the embeddings and the linears of the layers.

    The projection and the classifier are a hundredth of the work and stay in float. An error of the projection would
    pass through all layers, one of the classifier straight into the scores.

    Args:
        weights: The float32 weights.
        ranges: The result of `observe_ranges`.
        embedding_bits: Bits of each value of the embeddings, 8 or 4.
    """
    assert isinstance(weights.words, np.ndarray)
    assert isinstance(weights.positions, np.ndarray)
    quantize = pack_rows if embedding_bits == 4 else quantize_rows
    groups = tuple(
        replace(group, layers=tuple(_quantize_layer(layer, ranges) for layer in group.layers))
        for group in weights.groups
    )
    return replace(weights, words=quantize(weights.words), positions=quantize(weights.positions), groups=groups)


def float_parts(weights: AlbertWeights) -> dict[str, str]:
    """Returns the parts that stayed in float, each with the reason, for the manifest."""
    kept = {"projection": "small, and its error would go through all layers", "classifier": "small, and last"}
    for group in weights.groups:
        for layer in group.layers:
            if layer.float_channels is not None:
                indices = ", ".join(map(str, layer.float_channels.indices.tolist()))
                kept[f"{layer.ffn_output.name}, channels {indices}"] = "reach at least twice as far as all others"
    return kept


def _quantize_layer(layer: Layer, ranges: Mapping[str, Float32]) -> Layer:
    """Quantizes the linears of a layer: smooths the outliers of ffn, keeps those of ffn_output in float."""
    ffn, last = layer.ffn, layer.ffn_output
    assert isinstance(ffn, Linear)
    assert isinstance(last, Linear)
    ffn_range, last_range = ranges[ffn.name], ranges[last.name]
    smoothing, gain, channels = None, layer.attention_gain, None
    if len(indices := outliers(ffn_range)):
        smoothing = smoothing_factors(ffn_range, indices)
        gain, ffn_range = gain / smoothing, ffn_range / smoothing
        ffn = smooth(ffn, smoothing)
    if len(indices := outliers(last_range)):
        channels = FloatChannels(indices, last.weight[indices])
        last_range = last_range.copy()
        last_range[..., indices] = 0
        last = without_channels(last, channels)
    return replace(
        layer,
        attention_gain=gain,
        qkv=quantize_linear(layer.qkv, ranges[layer.qkv.name]),
        attention_output=quantize_linear(layer.attention_output, ranges[layer.attention_output.name]),
        ffn=quantize_linear(ffn, ffn_range),
        ffn_output=quantize_linear(last, last_range),
        smoothing=smoothing,
        float_channels=channels,
    )


def smooth(linear: Linear, smoothing: Float32) -> Linear:
    """Multiplies the rows of a linear by what its input was divided by."""
    return replace(linear, weight=linear.weight * smoothing[:, None])


def without_channels(linear: Linear, channels: FloatChannels) -> Linear:
    """Clears the rows of the channels that stay in float."""
    weight = linear.weight.copy()
    weight[channels.indices] = 0
    return replace(linear, weight=weight)


def smoothing_factors(ranges: Float32, indices: npt.NDArray[np.int64]) -> Float32:
    """Returns how many times as far as all other channels each outlier reaches, in any iteration: float32 [channel].

    The factor of all other channels is 1.
    """
    reach = np.abs(ranges).max(axis=1)
    others = np.delete(reach, indices, axis=1).max(axis=1, keepdims=True)
    others = np.maximum(others, reach.max(axis=1, keepdims=True) / _MOST_SMOOTHING)  # all others may be 0
    factors = np.ones(reach.shape[1], np.float32)
    factors[indices] = np.divide(reach, others, out=np.ones_like(reach), where=others > 0).max(axis=0)[indices]
    return factors


def quantize_linear(linear: Linear | QuantizedLinear, ranges: Float32) -> QuantizedLinear:
    """Quantizes a linear, rounding its weights to the nearest integers.

    Args:
        linear: The linear, in float32.
        ranges: The range of its input, float32 [iteration, 2, channel], which includes 0.
    """
    assert isinstance(linear, Linear)
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


# --- Embeddings -------------------------------------------------------------------------------------------------------


def quantize_rows(rows: Float32) -> QuantizedRows:
    """Quantizes an embedding, float32 [row, width], to 8 bits. Each row is scaled by its largest value."""
    scale = np.abs(rows).max(axis=1, keepdims=True) / np.float32(_ROW_LIMIT)
    scale[scale == 0] = 1
    return QuantizedRows(np.rint(rows / scale).astype(np.int8), scale)


def pack_rows(rows: Float32) -> PackedRows:
    """Quantizes an embedding, float32 [row, width], to 4 bits. Each block gets the scale with the least squared error.

    The scales tried are those that move the block's furthest value to each of `_REACHES`.
    """
    count, width = rows.shape
    blocks = np.pad(rows, ((0, 0), (0, -width % BLOCK))).reshape(count, -1, BLOCK)
    furthest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1, keepdims=True), axis=-1)
    best = np.zeros(blocks.shape, np.int8)
    best_scale, least = np.zeros(furthest.shape, np.float16), np.full(furthest.shape, np.inf)
    for reach in _REACHES:
        wanted = furthest / np.float32(reach)
        scale = np.copysign(np.clip(np.abs(wanted), _SMALLEST, _LARGEST), wanted).astype(np.float16)
        values = np.clip(np.rint(blocks / scale.astype(np.float32)), LOWEST_CODE, HIGHEST_CODE)
        error = np.square(values * scale - blocks, dtype=np.float64).sum(axis=-1, keepdims=True)
        better = error < least
        least = np.where(better, error, least)
        best_scale, best = np.where(better, scale, best_scale), np.where(better, values, best).astype(np.int8)
    low, high = np.split((best - LOWEST_CODE).astype(np.uint8), 2, axis=-1)
    return PackedRows(low | high << np.uint8(4), best_scale, width)
