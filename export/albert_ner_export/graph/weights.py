"""The weights of the exported graph: float32 ones, and quantized ones in their places. Linears are [input, output]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """y = x·weight + bias: `weight` float32 [input, output], `bias` float32 [output]."""

    name: str
    weight: Float32
    bias: Float32


@dataclass(frozen=True, slots=True)
class QuantizedLinear:
    """A linear in integers: y = scale_x·(q(x) - zero_x) · weight·weight_scale + bias.

    Attributes:
        name: As before quantization.
        weight: int8 [input, output].
        weight_scale: float32 [output].
        bias: float32 [output].
        input_scale: float32 [iteration], of x.
        input_zero_point: uint8 [iteration], of x.
    """

    name: str
    weight: npt.NDArray[np.int8]
    weight_scale: Float32
    bias: Float32
    input_scale: Float32
    input_zero_point: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QuantizedRows:
    """Rows of an embedding in integers: `values` int8 [row, width], `scale` float32 [row, 1]."""

    values: npt.NDArray[np.int8]
    scale: Float32


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows of an embedding in 4 bits, in blocks of 32 values: value = (code - 8)·scale, where code is 0 to 15.

    Attributes:
        values: uint8 [row, block, 16]. Byte i of a block has the code of its value i in the low bits, and that of its
            value 16 + i in the high ones. What the last block has over the width is 0.
        scale: float16 [row, block, 1].
        width: Values in a row.
    """

    values: npt.NDArray[np.uint8]
    scale: npt.NDArray[np.float16]
    width: int


@dataclass(frozen=True, slots=True)
class FloatChannels:
    """Channels of a quantized linear's input that stay in float; its integer rows for them are 0.

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
        smoothing: float32 [hidden], what `attention_gain` was divided by and ffn's rows were multiplied by; the
            residual has yet to be. `None` for ones.
        float_channels: Of ffn_output; `None` for none.
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
        layers: Inner groups, applied one after another in each iteration.
        iterations: How often.
        entry: float32 [hidden], added to what enters the group, as every reader in it expects its own last β to be
            missing, and not the previous group's; `None` where nothing is to be added.
    """

    layers: tuple[Layer, ...]
    iterations: int
    entry: Float32 | None


@dataclass(frozen=True, slots=True)
class AlbertWeights:
    """The weights of the exported graph.

    Attributes:
        words: float32 [vocabulary, embedding].
        positions: float32 [position, embedding], with the first token type's row added.
        types: float32 [token type, embedding], each less the first one's row.
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
