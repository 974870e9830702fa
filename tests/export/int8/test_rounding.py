from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import QuantizedLinear
from albert_ner_export.int8 import rounding
from albert_ner_export.int8.quantize import observe_ranges, quantize_weights
from albert_ner_export.int8.rounding import describe_rounding, refine, round_weight


def scale_of(weight: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(weight).max(axis=0) / np.float32(63))


@pytest.mark.parametrize("size", [1, 7, 127, 128, 129, 300])
def test_without_correlations_weights_are_rounded_to_the_nearest(size: int) -> None:
    weight = np.random.default_rng(size).standard_normal((size, 5)).astype(np.float32)
    scale = scale_of(weight)
    moments = np.diag(np.linspace(1, 2, size)).astype(np.float32)
    np.testing.assert_array_equal(round_weight(weight, scale, moments), np.rint(weight / scale).astype(np.int8))


@pytest.mark.parametrize("size", [8, 200])
def test_products_are_nearer_than_with_the_nearest_weights(size: int) -> None:
    random = np.random.default_rng(0)
    inputs = (random.standard_normal((2000, 4)) @ random.standard_normal((4, size))).astype(np.float32)
    inputs += random.standard_normal(inputs.shape).astype(np.float32) / 4
    weight = random.standard_normal((size, 16)).astype(np.float32)
    scale = scale_of(weight)
    found = round_weight(weight, scale, inputs.T @ inputs)
    assert found.dtype == np.int8
    assert found.min() >= -64
    assert found.max() <= 63
    errors = [np.square(inputs @ (one * scale - weight)).mean() for one in (found, np.rint(weight / scale))]
    assert errors[0] < 0.7 * errors[1]


def test_without_inputs_weights_are_rounded_to_the_nearest() -> None:
    weight = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    weight[4] = 0
    scale = scale_of(weight)
    found = round_weight(weight, scale, np.zeros((9, 9), np.float32))
    np.testing.assert_array_equal(found, np.rint(weight / scale).astype(np.int8))
    assert not found[4].any()


def test_a_model_is_refined_layer_by_layer() -> None:
    """Channels that stay in float keep rows of 0; the scales and everything else stay as they were."""
    settings = toy.config(num_hidden_layers=5, num_hidden_groups=2, inner_group_num=2)
    tensors = toy.tensors(settings)
    prefix = "albert.encoder.albert_layer_groups.0.albert_layers.1"
    tensors[f"{prefix}.ffn.bias"][7] = 30
    tensors[f"{prefix}.attention.LayerNorm.weight"][5] = 40
    tensors[f"{prefix}.ffn.weight"][:, 5] /= 40
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, tensors)
    sequences = [np.random.default_rng(n).integers(5, 90, 24) for n in range(40)]
    ranges = observe_ranges(config, weights, sequences)
    before = quantize_weights(weights, ranges)
    after = refine(config, weights, before, sequences)
    changed = before.groups[0].layers[1]
    assert changed.float_channels is not None
    assert changed.smoothing is not None
    refined = after.groups[0].layers[1].ffn_output
    assert isinstance(refined, QuantizedLinear)
    assert not refined.weight[7].any()
    for old, new in zip(before.linears[1:], after.linears[1:], strict=True):
        assert isinstance(old, QuantizedLinear)
        assert isinstance(new, QuantizedLinear)
        np.testing.assert_array_equal(old.weight_scale, new.weight_scale)
        np.testing.assert_array_equal(old.input_scale, new.input_scale)
        steps = np.abs(new.weight.astype(int) - old.weight)
        assert 0 < steps.max() < 20
        assert steps.mean() < 1
    assert after.words is before.words


def test_the_manifest_names_what_is_too_wide_to_refine(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = toy.config(num_hidden_layers=2)
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    sequences = [np.arange(24)]
    before = quantize_weights(weights, observe_ranges(config, weights, sequences))
    assert describe_rounding(before) == "7 bits, rounded by their effect on the products (GPTQ)"
    monkeypatch.setattr(rounding, "_WIDEST", config.intermediate_size - 1)
    expected = f"; to the nearest those of group0.0.ffn_output, of over {config.intermediate_size - 1} inputs"
    assert describe_rounding(before).endswith(expected)
    *refined, wide = refine(config, weights, before, sequences).linears
    assert wide is before.linears[-1]
    assert all(new is not old for new, old in zip(refined[1:], before.linears[1:-1], strict=True))


@pytest.mark.parametrize(
    ("layers", "hidden", "inner", "longest"),
    [(6, 384, 1536, 512), (12, 768, 3072, 512), (24, 1024, 4096, 232), (24, 2048, 8192, 116), (96, 16384, 65536, 16)],
)
def test_the_inputs_held_at_a_time_are_bounded(layers: int, hidden: int, inner: int, longest: int) -> None:
    """Sequences of wide and deep models are cut, but never to nothing, and suffice for the widest linear."""
    sizes: dict[str, Any] = {"num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": inner}
    config = replace(AlbertConfig.from_dict(toy.config()), num_hidden_groups=1, inner_group_num=1, **sizes)
    found = rounding._thin_out(config, [np.arange(512)] * 1000)
    assert max(map(len, found)) == longest
    held = 4 * layers * longest * (3 * hidden + inner)
    assert held <= rounding._MOST_BYTES or longest == rounding._LEAST_PIECES
    assert sum(map(len, found)) >= 8 * min(inner, rounding._WIDEST) / layers
