"""float32 weights -> int8 weights, and activations' scales from calibration.

* Weights are int8 in [-64, 63], one scale a column. The range is half of what 8 bits hold, so that the 16-bit sums of
  two products, 2 · 255 · 64 < 2¹⁵, can't saturate on CPUs without VNNI.
* Activations are uint8 with one fixed scale a linear and iteration, so that an answer can't depend on what else is in
  the batch, as it does with scales that are computed when the model runs.
* Embeddings are int8 with one scale a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph import build_graph, range_name
from albert_ner_export.weights import AlbertWeights, Float32, Layer, Linear, QuantizedLinear, QuantizedRows
from albert_ner_onnx.session import available_cores, open_session

_WEIGHT_LIMIT = 63
_ROW_LIMIT = 127


def observe_ranges(
    config: AlbertConfig, weights: AlbertWeights, sequences: Iterable[npt.NDArray[np.int64]]
) -> dict[str, Float32]:
    """Runs the float graph and records the range of each linear's input.

    Args:
        config: The sizes.
        weights: The float weights.
        sequences: int64 [piece] each, special pieces included.

    Returns:
        By the name of each linear but the classifier: float32 [iteration, 2], minimum and maximum, both including 0.
    """
    session = open_session(build_graph(config, weights, observe=True).SerializeToString(), threads=available_cores())
    outputs = [range_name(linear) for linear in weights.linears]
    found = [session.run(outputs, {"input_ids": sequence[None]}) for sequence in sequences]
    ranges: dict[str, Float32] = {}
    for linear, values in zip(weights.linears, zip(*found, strict=True), strict=True):
        lows, highs = np.stack(values, axis=-1).swapaxes(0, 1)  # [iteration, sequence] each
        ranges[linear.name] = np.stack([np.minimum(lows.min(axis=1), 0), np.maximum(highs.max(axis=1), 0)], axis=1)
    return ranges


def quantize_weights(weights: AlbertWeights, ranges: Mapping[str, Float32]) -> AlbertWeights:
    """Quantizes the embeddings and every linear but the classifier, which is tiny and last.

    Args:
        weights: The float weights.
        ranges: What `observe_ranges` found.
    """

    def quantized(linear: Linear | QuantizedLinear) -> QuantizedLinear:
        return _quantize_linear(linear, ranges[linear.name]) if isinstance(linear, Linear) else linear

    def quantized_layer(layer: Layer) -> Layer:
        return replace(
            layer,
            qkv=quantized(layer.qkv),
            attention_output=quantized(layer.attention_output),
            ffn=quantized(layer.ffn),
            ffn_output=quantized(layer.ffn_output),
        )

    return replace(
        weights,
        words=_quantize_rows(weights.words),
        positions=_quantize_rows(weights.positions),
        projection=quantized(weights.projection),
        groups=tuple(
            replace(group, layers=tuple(quantized_layer(layer) for layer in group.layers)) for group in weights.groups
        ),
    )


def _quantize_linear(linear: Linear, ranges: Float32) -> QuantizedLinear:
    weight_scale = np.abs(linear.weight).max(axis=0) / np.float32(_WEIGHT_LIMIT)
    weight_scale[weight_scale == 0] = 1
    low, high = ranges.T
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


def _quantize_rows(rows: Float32 | QuantizedRows) -> QuantizedRows:
    """Quantizes each row of an embedding by its largest value."""
    if isinstance(rows, QuantizedRows):
        return rows
    scale = np.abs(rows).max(axis=1, keepdims=True) / np.float32(_ROW_LIMIT)
    scale[scale == 0] = 1
    return QuantizedRows(np.rint(rows / scale).astype(np.int8), scale)
