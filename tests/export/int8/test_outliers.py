from dataclasses import replace

import numpy as np
import pytest

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import FloatChannels, Layer, Linear, QuantizedLinear
from albert_ner_export.int8.quantize import (
    float_parts,
    observe_ranges,
    outliers,
    quantize_linear,
    quantize_weights,
    smoothing_factors,
)
from albert_ner_onnx.model.session import Session


def reaching(*channels: float, width: int = 160) -> np.ndarray:
    """Makes the ranges of one iteration: each channel reaches this far, on alternate sides, and all others reach 1."""
    reach = np.ones(width, np.float32)
    reach[: len(channels)] = channels
    return np.stack([np.where(np.arange(len(reach)) % 2, -reach, 0), np.where(np.arange(len(reach)) % 2, 0, reach)])[
        None
    ]


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ([1, 1], []),
        ([1, 2], [1]),
        ([1, 1.99], []),
        ([4, 3, 5], [2, 0, 1]),
        ([3, 2, 8, 4], [2]),
        ([3, 2, 7.9, 4], [2, 3]),
        ([10] * 8 + [5], list(range(8))),
        ([10] * 9 + [5], []),  # too many
    ],
)
def test_outliers_are_the_few_channels_that_stretch_the_range(channels: list[float], expected: list[int]) -> None:
    assert outliers(reaching(*channels)).tolist() == expected


@pytest.mark.parametrize(("width", "expected"), [(1, []), (15, []), (16, [0]), (31, [0]), (32, [0])])
def test_a_narrow_layer_has_few_outliers_or_none(width: int, expected: list[int]) -> None:
    assert outliers(reaching(9, width=width)).tolist() == expected
    assert outliers(np.zeros((2, 2, width), np.float32)).tolist() == []


def test_outliers_must_stretch_most_iterations() -> None:
    stretched, plain = reaching(1, 8, 1), reaching(1, 1.2, 1)
    assert outliers(np.concatenate([stretched, stretched, plain])).tolist() == [1]
    assert outliers(np.concatenate([stretched, plain, plain])).tolist() == []


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_an_outlying_channel_before_ffn_is_smoothed(activation: str) -> None:
    settings = toy.config(num_hidden_layers=3, hidden_act=activation)
    tensors = toy.tensors(settings)
    prefix = "albert.encoder.albert_layer_groups.0.albert_layers.0"
    tensors[f"{prefix}.attention.LayerNorm.weight"][5] = 40
    tensors[f"{prefix}.ffn.weight"][:, 5] /= 40
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, tensors)
    ids = np.arange(24)[None]
    ranges = observe_ranges(config, weights, [ids[0]])
    assert outliers(ranges["group0.0.ffn"]).tolist() == [5]
    found = quantize_weights(weights, ranges)
    layer = found.groups[0].layers[0]
    assert layer.smoothing is not None
    assert np.flatnonzero(layer.smoothing != 1).tolist() == [5]
    assert layer.smoothing[5] > 2
    np.testing.assert_allclose(layer.attention_gain * layer.smoothing, weights.groups[0].layers[0].attention_gain)

    coarse = replace(layer, attention_gain=weights.groups[0].layers[0].attention_gain, smoothing=None)
    coarse = replace(coarse, ffn=quantize_linear(weights.linears[3], ranges["group0.0.ffn"]))
    without = replace(found, groups=(replace(found.groups[0], layers=(coarse,)),))
    exact, ours, theirs = (
        Session(build_graph(config, one).SerializeToString(), 1).run(ids) for one in (weights, found, without)
    )
    assert np.abs(ours - exact).mean() < 0.7 * np.abs(theirs - exact).mean()


def test_an_outlier_among_zeros_is_smoothed_within_reason() -> None:
    ranges = np.zeros((2, 2, 160), np.float32)
    ranges[0, 1, 3] = 50
    factors = smoothing_factors(ranges, np.array([3]))
    assert factors[3] == 100
    assert np.delete(factors, 3).tolist() == [1] * 159


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu"])
def test_an_outlying_channel_stays_in_float(activation: str) -> None:
    """Its integer weights are 0, and the answer is nearer to float32 than with one scale for all channels."""
    settings = toy.config(num_hidden_layers=3, hidden_act=activation)
    tensors = toy.tensors(settings)
    prefix = "albert.encoder.albert_layer_groups.0.albert_layers.0"
    tensors[f"{prefix}.ffn.bias"][7] = 30
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, tensors)
    ids = np.arange(24)[None]
    ranges = observe_ranges(config, weights, [ids[0]])
    found = quantize_weights(weights, ranges)
    layer = found.groups[0].layers[0]
    assert layer.float_channels is not None
    assert layer.float_channels.indices.tolist() == [7]
    assert isinstance(layer.ffn_output, QuantizedLinear)
    assert not layer.ffn_output.weight[7].any()
    assert layer.ffn_output.input_scale.max() < 30 / 255 / 2
    assert list(float_parts(found)) == ["projection", "classifier", "group0.0.ffn_output, channels 7"]

    coarse = replace(
        layer, ffn_output=quantize_linear(weights.linears[-1], ranges["group0.0.ffn_output"]), float_channels=None
    )
    without = replace(found, groups=(replace(found.groups[0], layers=(coarse,)),))
    exact, ours, theirs = (
        Session(build_graph(config, one).SerializeToString(), 1).run(ids) for one in (weights, found, without)
    )
    assert np.abs(ours - exact).mean() < 0.7 * np.abs(theirs - exact).mean()


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_the_treatment_of_outliers_is_exact_in_float(activation: str) -> None:
    """Channels that are smoothed or kept change only the last bits, in every layer of every group."""
    settings = toy.config(num_hidden_layers=5, num_hidden_groups=2, inner_group_num=2, hidden_act=activation)
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    random = np.random.default_rng(0)

    def treated(layer: Layer) -> Layer:
        assert isinstance(layer.ffn, Linear)
        assert isinstance(layer.ffn_output, Linear)
        smoothing = np.ones(config.hidden_size, np.float32)
        smoothing[random.choice(config.hidden_size, 3, replace=False)] = [4, 0.5, 9]
        kept = random.choice(config.intermediate_size, 2, replace=False)
        rest = layer.ffn_output.weight.copy()
        rest[kept] = 0
        return replace(
            layer,
            attention_gain=layer.attention_gain / smoothing,
            ffn=replace(layer.ffn, weight=layer.ffn.weight * smoothing[:, None]),
            ffn_output=replace(layer.ffn_output, weight=rest),
            smoothing=smoothing,
            float_channels=FloatChannels(kept, layer.ffn_output.weight[kept]),
        )

    groups = tuple(replace(group, layers=tuple(map(treated, group.layers))) for group in weights.groups)
    ids = random.integers(0, config.vocab_size, (3, 24))
    plain, other = (
        Session(build_graph(config, one).SerializeToString(), 1).run(ids)
        for one in (weights, replace(weights, groups=groups))
    )
    assert np.abs(plain).max() > 0.1
    np.testing.assert_allclose(other, plain, rtol=1e-4, atol=1e-5)
