"""Error-aware rounding of int8 weights, GPTQ (arXiv:2210.17323), on what the quantized linears are really given.

Rounding to the nearest makes the smallest error in the weights; this one, in the products. Rows are rounded one after
another, and what each gets wrong is made up for by those not yet rounded, as far as their inputs go together: with H
the inputs' second moments, row j's error over U[j, j] times U[j, k] is taken from row k, where UᵀU = H⁻¹.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph, observed_name
from albert_ner_export.graph.weights import AlbertWeights, Float32, Layer, Linear, QuantizedLinear
from albert_ner_onnx.machine import available_cores
from albert_ner_onnx.model.session import open_session

_LOWEST, _HIGHEST = -64, 63
_DAMPING = 0.01  # of the mean second moment, added to each
_BLOCK = 128  # rows whose effect on the later ones is added up in one product
_INPUTS = 8  # that each second moment is estimated from, for each channel
_LEAST_PIECES = 16  # of a sequence, however deep and wide the model is
_MOST_BYTES = 160 * 10**6  # of inputs that are seen at a time
_WIDEST = 4096  # channels: to factor the moments of more would take gigabytes; their weights are rounded to the nearest


def refine(
    config: AlbertConfig,
    weights: AlbertWeights,
    quantized: AlbertWeights,
    sequences: Sequence[npt.NDArray[np.int64]],
) -> AlbertWeights:
    """Rounds the weights of a quantized model again.

    Args:
        config: The sizes.
        weights: The float weights.
        quantized: What `quantize_weights` made of them.
        sequences: For calibration, int64 [piece] each; as many are run as the estimates need.
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
            ffn = replace(ffn, weight=ffn.weight * layer.smoothing[:, None])
        if layer.float_channels is not None:
            last = replace(last, weight=last.weight.copy())
            last.weight[layer.float_channels.indices] = 0
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
    """How `refine` rounds, for the manifest."""
    plain = [linear.name for linear in weights.linears[1:] if len(linear.weight) > _WIDEST]
    rest = f"; to the nearest those of {', '.join(plain)}, of over {_WIDEST:,} inputs" if plain else ""
    return f"7 bits, rounded by their effect on the products (GPTQ){rest}"


def round_weight(weight: Float32, scale: Float32, moments: Float32) -> npt.NDArray[np.int8]:
    """Rounds a linear's weights.

    Args:
        weight: float32 [input, output].
        scale: float32 [output].
        moments: The inputs' second moments, float32 [input, input]; it is overwritten.

    Returns:
        int8 [input, output], from -64 to 63.
    """
    size = len(weight)
    damping = _DAMPING * float(moments.diagonal().mean()) or 1.0
    moments[np.diag_indices(size)] += np.float32(damping)
    upper = np.linalg.cholesky(np.linalg.inv(moments)).T
    left = weight.copy()  # what is to be rounded, less what was made up for
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


def _thin_out(config: AlbertConfig, sequences: Sequence[npt.NDArray[np.int64]]) -> Sequence[npt.NDArray[np.int64]]:
    """Every so many-th sequence, so that together they are as many pieces as the widest linear needs.

    Of a deep and wide model the sequences are cut, too, as the inputs of all its linears in all iterations are held.
    """
    layers = config.num_hidden_layers * config.inner_group_num
    piece = 4 * layers * (3 * config.hidden_size + config.intermediate_size)
    cut = [sequence[: max(_LEAST_PIECES, _MOST_BYTES // piece)] for sequence in sequences]
    width = min(config.intermediate_size, _WIDEST)
    needed = _INPUTS * width / min(config.iterations)
    return cut[:: max(1, int(sum(map(len, cut)) / needed))]


def _second_moments(
    config: AlbertConfig, weights: AlbertWeights, layers: Sequence[Layer], sequences: Sequence[npt.NDArray[np.int64]]
) -> dict[str, Float32]:
    """By linear: float32 [input, input] of its quantized inputs, over all pieces and iterations."""
    session = open_session(build_graph(config, weights, observe="values").SerializeToString(), available_cores())
    pairs = [(layer, linear) for layer in layers for linear in layer.linears if len(linear.weight) <= _WIDEST]
    outputs = [observed_name(linear) for _, linear in pairs]
    moments = {linear.name: np.zeros((len(linear.weight),) * 2, np.float32) for _, linear in pairs}
    for sequence in sequences:
        for (layer, linear), values in zip(pairs, session.run(outputs, {"input_ids": sequence[None]}), strict=True):
            inputs = _quantized_inputs(layer, linear, values[:, 0])
            moments[linear.name] += inputs.T @ inputs
    return moments


def _quantized_inputs(layer: Layer, linear: Linear | QuantizedLinear, values: Float32) -> Float32:
    """What a linear multiplies its weights with for such inputs: [iteration, piece, input] -> [row, input]."""
    assert isinstance(linear, QuantizedLinear)
    scale = linear.input_scale[:, None, None]
    zero = linear.input_zero_point[:, None, None].astype(np.float32)
    if linear is layer.ffn and layer.smoothing is not None:
        values = values / layer.smoothing
    found = values / scale
    np.rint(found, out=found)  # all in place, as they may be some hundred megabytes
    np.clip(found, -zero, 255 - zero, out=found)
    found *= scale
    if linear is layer.ffn_output and layer.float_channels is not None:
        found[..., layer.float_channels.indices] = 0
    return np.asarray(found.reshape(-1, found.shape[-1]), np.float32)
