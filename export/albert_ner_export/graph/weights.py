"""The weights of the exported graph, in float32 or quantized. Linears are [input, output]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

BLOCK: Final = 32
"""Values of a block of `PackedRows`, which share one scale."""

LOWEST_CODE, HIGHEST_CODE = -8, 7
"""The integers that 4 bits hold. `PackedRows` stores them shifted, from 0 to 15."""


@dataclass(frozen=True, slots=True)
class Linear:
    """y = x·weight + bias: `weight` float32 [input, output], `bias` float32 [output]."""

    name: str
    weight: Float32
    bias: Float32


@dataclass(frozen=True, slots=True)
class QuantizedLinear:
    """A linear in integers: y = input_scale·(q(x) - input_zero_point) · weight·weight_scale + bias.

    Attributes:
        name: The name of the float32 linear.
        weight: int8 [input, output].
        weight_scale: float32 [output].
        bias: float32 [output].
        input_scale: float32 [iteration], the step with which x is quantized to q(x).
        input_zero_point: uint8 [iteration], the integer q(0).
    """

    name: str
    weight: npt.NDArray[np.int8]
    weight_scale: Float32
    bias: Float32
    input_scale: Float32
    input_zero_point: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QuantizedRows:
    """Rows of an embedding in 8 bits: `values` int8 [row, width], times `scale` float32 [row, 1]."""

    values: npt.NDArray[np.int8]
    scale: Float32


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows of an embedding in 4 bits: value = (code - 8)·scale, with codes from 0 to 15.

    Four bits are too coarse for one scale per row, so each block of 32 values has its own.

    Attributes:
        values: uint8 [row, block, 16]. Byte i of a block holds the code of value i in its low bits, and the code of
            value 16 + i in its high bits. The last block is padded with zeros.
        scale: float16 [row, block, 1].
        width: Values in a row.
    """

    values: npt.NDArray[np.uint8]
    scale: npt.NDArray[np.float16]
    width: int


@dataclass(frozen=True, slots=True)
class FloatChannels:
    """Input channels of a quantized linear that stay in float32. Their rows in its integer weights are 0.

    Attributes:
        indices: int64 [channel].
        weight: float32 [channel, output].
    """

    indices: npt.NDArray[np.int64]
    weight: Float32


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer: attention and feed-forward network, each followed by its norm's gain.

    Attributes:
        qkv: [hidden, 3 · hidden]; query, key and value side by side.
        attention_output: [hidden, hidden], centred.
        attention_gain: γ, float32 [hidden].
        ffn: [hidden, intermediate].
        ffn_output: [intermediate, hidden], centred.
        output_gain: γ, float32 [hidden].
        smoothing: float32 [hidden]. `attention_gain` was divided by it and the rows of ffn were multiplied by it; the
            graph still has to multiply the residual by it. `None` if all factors are 1.
        float_channels: Input channels of ffn_output that stay in float32; `None` if there are none.
    """

    qkv: Linear | QuantizedLinear
    attention_output: Linear | QuantizedLinear
    attention_gain: Float32
    ffn: Linear | QuantizedLinear
    ffn_output: Linear | QuantizedLinear
    output_gain: Float32
    smoothing: Float32 | None = None
    float_channels: FloatChannels | None = None

    @property
    def linears(self) -> tuple[Linear | QuantizedLinear, ...]:
        """The four linears in order."""
        return self.qkv, self.attention_output, self.ffn, self.ffn_output


@dataclass(frozen=True, slots=True)
class Group:
    """The layers of one group.

    Attributes:
        layers: The layers that each iteration applies, in order.
        iterations: How often they are applied.
        entry: float32 [hidden], added to the state that enters the group. The weights expect a state without this
            group's last β, but it lacks the β of the group before. `None` for the first group.
    """

    layers: tuple[Layer, ...]
    iterations: int
    entry: Float32 | None


@dataclass(frozen=True, slots=True)
class AlbertWeights:
    """The weights of the exported graph.

    Attributes:
        words: [vocabulary, embedding].
        positions: [position, embedding], with the row of the first token type added.
        types: float32 [token type, embedding], with the row of the first token type subtracted.
        embedding_gain: γ, float32 [embedding].
        projection: [embedding, hidden].
        groups: In order.
        classifier: [hidden, tag].
    """

    words: Float32 | QuantizedRows | PackedRows
    positions: Float32 | QuantizedRows | PackedRows
    types: Float32
    embedding_gain: Float32
    projection: Linear
    groups: tuple[Group, ...]
    classifier: Linear

    @property
    def linears(self) -> list[Linear | QuantizedLinear]:
        """All linears but the classifier, in order."""
        return [
            self.projection,
            *(linear for group in self.groups for layer in group.layers for linear in layer.linears),
        ]
