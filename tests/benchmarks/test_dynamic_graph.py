from typing import Any

import numpy as np
import onnx
import pytest

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import AlbertWeights
from albert_ner_onnx.model.session import Session
from benchmarks.dynamic_graph import dynamic_graph


def folded(**changes: Any) -> tuple[AlbertConfig, AlbertWeights]:
    settings = toy.config(num_hidden_layers=7, num_hidden_groups=3, inner_group_num=2, **changes)
    config = AlbertConfig.from_dict(settings)
    return config, fold_weights(config, toy.tensors(settings))


def operators(graph: onnx.GraphProto) -> list[str]:
    bodies = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return [node.op_type for node in graph.node] + [op for body in bodies for op in operators(body)]


@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_answers_follow_the_float_ones(activation: str) -> None:
    config, weights = folded(hidden_act=activation)
    before = Session(build_graph(config, weights).SerializeToString(), 1)
    after = Session(dynamic_graph(config, weights).SerializeToString(), 1)
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (60, 20))
    assert np.corrcoef(before.run(ids).ravel(), after.run(ids).ravel())[0, 1] > 0.98


def test_every_scale_is_dynamic() -> None:
    used = operators(dynamic_graph(*folded()).graph)
    layers = 2 + 2 * 2 * 2  # in the Scan's body, and in two iterations each of two groups
    assert used.count("DynamicQuantizeMatMul") == layers * 4
    assert used.count("MultiHeadAttention") == layers
    assert not {"QuantizeLinear", "MatMulIntegerToFloat", "QAttention"} & set(used)
    kept = {tensor.name for tensor in dynamic_graph(*folded()).graph.initializer}
    assert not any(".input_scale" in name or ".input_zero_point" in name for name in kept)


def test_relu_is_refused() -> None:
    with pytest.raises(ValueError, match="hidden_act is relu"):
        dynamic_graph(*folded(hidden_act="relu"))
