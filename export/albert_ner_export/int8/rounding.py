"""Error-aware rounding of int8 weights: GPTQ (arXiv:2210.17323), on the inputs that the quantized linears get.

Rounding to the nearest integer minimizes the error of the weights. This rounding minimizes the error of the products.
Rows are rounded one after another. The error of each is compensated by the rows that are still to be rounded, as far as
their inputs correlate: with H the second moments of the inputs and UᵀU = H⁻¹, the error of row j divided by U[j, j],
times U[j, k], is subtracted from row k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.run import Ids, observe_inputs
from albert_ner_export.graph.weights import AlbertWeights, Float32, Layer, Linear, QuantizedLinear
from albert_ner_export.int8.quantize import smooth, without_channels

_LOWEST, _HIGHEST = -64, 63
_DAMPING = 0.01  # share of the mean second moment that is added to each
_BLOCK = 128  # rows whose effect on later rows is computed in one product
_INPUTS = 8  # pieces per channel, to estimate second moments from
_LEAST_PIECES = 16  # to read of a sequence, however deep and wide the model is
_MOST_BYTES = 160 * 10**6  # of inputs that are held at a time
_WIDEST = 4096  # channels; factoring the moments of more would take gigabytes, so their weights are rounded to nearest


def refine(
    config: AlbertConfig, weights: AlbertWeights, quantized: AlbertWeights, sequences: Sequence[Ids]
) -> AlbertWeights:
    """Rounds the weights of a quantized model again, by their effect on the products.

    Args:
        config: The sizes.
        weights: The float32 weights.
        quantized: The result of `quantize_weights`.
        sequences: The calibration text. Only as many sequences are run as the estimates need.
    """
    layers = [layer for group in quantized.groups for layer in group.layers]
    moments = _second_moments(config, weights, layers, _thin_out(config, sequences))

    def rounded(linear: Linear | QuantizedLinear, exact: Linear | QuantizedLinear) -> Linear | QuantizedLinear:
        if linear.name not in moments:
            return linear
        assert isinstance(linear, QuantizedLinear)
        assert isinstance(exact, Linear)
        return replace(linear, weight=round_weight(exact.weight, linear.weight_scale, moments.pop(linear.name)))

    def rounded_layer(layer: Layer, exact: Layer) -> Layer:
        ffn, last = exact.ffn, exact.ffn_output
        assert isinstance(ffn, Linear)
        assert isinstance(last, Linear)
        if layer.smoothing is not None:
            ffn = smooth(ffn, layer.smoothing)
        if layer.float_channels is not None:
            last = without_channels(last, layer.float_channels)
        return replace(
            layer,
            qkv=rounded(layer.qkv, exact.qkv),
            attention_output=rounded(layer.attention_output, exact.attention_output),
            ffn=rounded(layer.ffn, ffn),
            ffn_output=rounded(layer.ffn_output, last),
        )

    return replace(
        quantized,
        groups=tuple(
            replace(group, layers=tuple(map(rounded_layer, group.layers, exact.layers)))
            for group, exact in zip(quantized.groups, weights.groups, strict=True)
        ),
    )


def describe_rounding(weights: AlbertWeights) -> str:
    """Returns how `refine` rounds these weights, for the manifest."""
    plain = [linear.name for linear in weights.linears[1:] if len(linear.weight) > _WIDEST]
    rest = f"; to the nearest those of {', '.join(plain)}, of over {_WIDEST:,} inputs" if plain else ""
    return f"7 bits, rounded by their effect on the products (GPTQ){rest}"


def round_weight(weight: Float32, scale: Float32, moments: Float32) -> npt.NDArray[np.int8]:
    """Rounds the weights of a linear.

    Args:
        weight: float32 [input, output].
        scale: float32 [output].
        moments: The second moments of the inputs, float32 [input, input]; overwritten.

    Returns:
        int8 [input, output], from -64 to 63.
    """
    size = len(weight)
    damping = _DAMPING * float(moments.diagonal().mean()) or 1.0
    moments[np.diag_indices(size)] += np.float32(damping)
    upper = np.linalg.cholesky(np.linalg.inv(moments)).T
    left = weight.copy()  # the weights that are still to be rounded, with the compensation for those that were
    rounded = np.empty(weight.shape, np.int8)
    for start in range(0, size, _BLOCK):
        stop = min(size, start + _BLOCK)
        errors = np.empty((stop - start, weight.shape[1]), np.float32)
        for row in range(start, stop):
            rounded[row] = np.clip(np.rint(left[row] / scale), _LOWEST, _HIGHEST)
            errors[row - start] = (left[row] - rounded[row] * scale) / upper[row, row]
            left[row:stop] -= np.outer(upper[row, row:stop], errors[row - start])
        left[stop:] -= upper[start:stop, stop:].T @ errors
    return rounded


def _thin_out(config: AlbertConfig, sequences: Sequence[Ids]) -> Sequence[Ids]:
    """Picks sequences at regular intervals, as many as the widest linear needs.

    The inputs of all linears in all iterations are held at once, so sequences are also cut if the model is deep and
    wide.
    """
    layers = config.num_hidden_layers * config.inner_group_num
    piece = 4 * layers * (3 * config.hidden_size + config.intermediate_size)  # bytes
    cut = [sequence[: max(_LEAST_PIECES, _MOST_BYTES // piece)] for sequence in sequences]
    width = min(config.intermediate_size, _WIDEST)
    needed = _INPUTS * width / min(config.iterations)
    return cut[:: max(1, int(sum(map(len, cut)) / needed))]


def _second_moments(
    config: AlbertConfig, weights: AlbertWeights, layers: Sequence[Layer], sequences: Sequence[Ids]
) -> dict[str, Float32]:
    """Sums up, over all pieces and iterations, the second moments of each linear's quantized inputs.

    Returns:
        By the name of the linear: float32 [input, input].
    """
    pairs = [(layer, linear) for layer in layers for linear in layer.linears if len(linear.weight) <= _WIDEST]
    linears = [linear for _, linear in pairs]
    moments = {linear.name: np.zeros((len(linear.weight),) * 2, np.float32) for linear in linears}
    for inputs in observe_inputs(config, weights, linears, "values", sequences):
        for (layer, linear), values in zip(pairs, inputs, strict=True):
            rows = _quantized_inputs(layer, linear, values[:, 0])
            moments[linear.name] += rows.T @ rows
    return moments


def _quantized_inputs(layer: Layer, linear: Linear | QuantizedLinear, values: Float32) -> Float32:
    """Returns what the quantized linear multiplies with its weights: [iteration, piece, input] -> [row, input]."""
    assert isinstance(linear, QuantizedLinear)
    scale = linear.input_scale[:, None, None]
    zero = linear.input_zero_point[:, None, None].astype(np.float32)
    if linear is layer.ffn and layer.smoothing is not None:
        values = values / layer.smoothing
    found = values / scale
    np.rint(found, out=found)  # everything in place: these may be hundreds of megabytes
    np.clip(found, -zero, 255 - zero, out=found)
    found *= scale
    if linear is layer.ffn_output and layer.float_channels is not None:
        found[..., layer.float_channels.indices] = 0
    return np.asarray(found.reshape(-1, found.shape[-1]), np.float32)
