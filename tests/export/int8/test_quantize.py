import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import Linear, QuantizedLinear, QuantizedRows
from albert_ner_export.int8.quantize import observe_ranges, quantize_linear, quantize_rows, quantize_weights
from albert_ner_onnx.model.session import Session

matrices = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(-1000, 1000, width=32)
)
# [iteration, 2, channel]; over both channels the iterations reach from -1 to 3, 0 to 2, -5 to 0, 0 to 0
RANGE = np.array(
    [[[-1, 0], [0, 3]], [[0, 0], [2, 1]], [[-5, -1], [0, 0]], [[0, 0], [0, 0]]],
    np.float32,
)


@given(matrices)
def test_a_weight_is_off_by_half_a_step_at_most_and_within_seven_bits(weight: np.ndarray) -> None:
    found = quantize_linear(Linear("a", weight, weight[0]), RANGE)
    assert found.weight.dtype == np.int8
    assert found.weight.min() >= -63
    assert found.weight.max() <= 63
    error = np.abs(found.weight * found.weight_scale.astype(np.float64) - weight)
    assert (error <= found.weight_scale * 0.5001 + 1e-30).all()


def test_activations_keep_zero_and_cover_their_range() -> None:
    found = quantize_linear(Linear("a", np.ones((2, 2), np.float32), np.ones(2, np.float32)), RANGE)
    np.testing.assert_allclose(found.input_scale, [4 / 255, 2 / 255, 5 / 255, 1])
    assert found.input_zero_point.tolist() == [64, 0, 255, 0]
    assert found.input_scale.dtype == np.float32
    assert found.input_zero_point.dtype == np.uint8


@given(matrices)
def test_a_row_is_off_by_half_a_step_at_most(rows: np.ndarray) -> None:
    found = quantize_rows(rows)
    assert found.scale.shape == (len(rows), 1)
    error = np.abs(found.values * found.scale.astype(np.float64) - rows)
    assert (error <= found.scale * 0.5001 + 1e-30).all()


def test_every_linear_gets_a_scale_for_each_iteration() -> None:
    settings = toy.config(num_hidden_layers=7, num_hidden_groups=3, inner_group_num=2)
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    ranges = observe_ranges(config, weights, [np.arange(5), np.arange(24)])
    assert list(ranges) == [linear.name for linear in weights.linears]
    assert all((found[:, 0] <= 0).all() and (found[:, 1] >= 0).all() for found in ranges.values())
    width = config.intermediate_size
    assert [ranges[f"group{group}.0.ffn_output"].shape for group in range(3)] == [
        (iterations, 2, width) for iterations in config.iterations
    ]
    first, *others = quantize_weights(weights, ranges).linears
    assert first is weights.projection
    for linear in others:
        assert isinstance(linear, QuantizedLinear)
        assert len(linear.input_scale) == config.iterations[int(linear.name[5])]
    # Iterations share weights, not activations
    assert len(set(ranges["group0.0.ffn"][:, 1].max(axis=1).tolist())) == 3


def test_ranges_cover_all_sequences() -> None:
    settings = toy.config()
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    sequences = [np.arange(start, start + 9) for start in range(5)]
    together = observe_ranges(config, weights, sequences)
    alone = [observe_ranges(config, weights, [sequence]) for sequence in sequences]
    for name, found in together.items():
        np.testing.assert_array_equal(found[:, 0], np.min([ranges[name][:, 0] for ranges in alone], axis=0))
        np.testing.assert_array_equal(found[:, 1], np.max([ranges[name][:, 1] for ranges in alone], axis=0))


def test_embeddings_are_quantized_and_the_classifier_is_not() -> None:
    settings = toy.config()
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    found = quantize_weights(weights, observe_ranges(config, weights, [np.arange(9)]))
    assert isinstance(found.words, QuantizedRows)
    assert isinstance(found.positions, QuantizedRows)
    assert found.classifier is weights.classifier


def test_each_iteration_quantizes_with_its_own_scale() -> None:
    """An absurd scale changes the answer, whichever iteration it belongs to."""
    settings = toy.config(num_hidden_layers=3)
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    ids = np.arange(2, 11)[None]
    ranges = observe_ranges(config, weights, [ids[0]])

    def run(changed: dict[str, np.ndarray]) -> np.ndarray:
        model = build_graph(config, quantize_weights(weights, ranges | changed))
        return Session(model.SerializeToString(), 1).run(ids)

    usual = run({})
    for name in ("group0.0.qkv", "group0.0.attention_output", "group0.0.ffn", "group0.0.ffn_output"):
        answers = [usual]
        for iteration in range(3):
            coarse = ranges[name].copy()
            coarse[iteration] *= 100
            answers.append(run({name: coarse}))
        assert len({answer.tobytes() for answer in answers}) == 4, name
