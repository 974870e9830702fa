"""The graph against transformers' model, which is run padded and masked."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from transformers import AlbertForTokenClassification

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import (
    IR_VERSION,
    OPSETS,
    Observation,
    build_graph,
    observed_name,
    states_name,
)
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import AlbertWeights
from albert_ner_export.int8.quantize import observe_ranges, quantize_weights
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ModelError
from albert_ner_onnx.model.session import Session, open_session

VARIANTS: list[dict[str, Any]] = [
    {},
    {"num_hidden_layers": 7, "num_hidden_groups": 2, "hidden_act": "gelu_new"},
    {"num_hidden_layers": 7, "num_hidden_groups": 3, "hidden_act": "relu"},
    {"num_hidden_layers": 7, "num_hidden_groups": 3, "inner_group_num": 2},
    {"num_hidden_layers": 2, "inner_group_num": 2, "hidden_act": "gelu_new"},
    {"num_hidden_layers": 7, "num_hidden_groups": 7},
    {"embedding_size": 16, "num_attention_heads": 1, "num_hidden_layers": 1},
    {"embedding_size": 4, "num_attention_heads": 16, "layer_norm_eps": 1e-3},
    {"type_vocab_size": 1, "id2label": {"0": "O"}},
]


def names(variant: dict[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in variant.items()) or "default"


def folded(**changes: Any) -> tuple[AlbertConfig, AlbertWeights]:
    settings = toy.config(**changes)
    config = AlbertConfig.from_dict(settings)
    return config, fold_weights(config, toy.tensors(settings))


def random_ids(config: AlbertConfig, rows: int, pieces: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(pieces).integers(0, config.vocab_size, (rows, pieces))


def quantized(config: AlbertConfig, weights: AlbertWeights) -> AlbertWeights:
    sequences = [random_ids(config, 1, pieces)[0] for pieces in range(1, 25)]
    return quantize_weights(weights, observe_ranges(config, weights, sequences))


@pytest.mark.parametrize("variant", VARIANTS, ids=names)
def test_float_logits_are_those_of_transformers(tmp_path: Path, variant: dict[str, Any]) -> None:
    checkpoint = read_checkpoint(toy.write_checkpoint(tmp_path, **variant))
    config = checkpoint.config
    weights = fold_weights(config, checkpoint.tensors)
    session = Session(build_graph(config, weights).SerializeToString(), 1)
    model = AlbertForTokenClassification.from_pretrained(tmp_path).eval()
    longest = config.max_position_embeddings
    for pieces in (1, 2, 3, 15, longest - 1, longest):
        ids = random_ids(config, 3, pieces)
        padding = ((0, 0), (0, longest - pieces))
        padded, mask = np.pad(ids, padding), np.pad(np.ones_like(ids), padding)
        with torch.no_grad():
            theirs = model(torch.from_numpy(padded), attention_mask=torch.from_numpy(mask)).logits[:, :pieces].numpy()
        np.testing.assert_allclose(session.run(ids), theirs, atol=1e-4)


def test_a_sequence_over_the_maximum_length_is_an_error() -> None:
    config, weights = folded()
    session = open_session(build_graph(config, weights).SerializeToString())
    with pytest.raises(Exception, match="ONNXRuntimeError"):
        session.run(None, {"input_ids": random_ids(config, 1, config.max_position_embeddings + 1)})


@pytest.mark.parametrize("variant", VARIANTS, ids=names)
def test_int8_logits_follow_the_float_ones(variant: dict[str, Any]) -> None:
    config, weights = folded(**variant)
    before = Session(build_graph(config, weights).SerializeToString(), 1)
    after = Session(build_graph(config, quantized(config, weights)).SerializeToString(), 1)
    ids = random_ids(config, 60, 20)
    correlation = np.corrcoef(before.run(ids).ravel(), after.run(ids).ravel())[0, 1]
    assert correlation > 0.98


@pytest.mark.parametrize("variant", VARIANTS, ids=names)
def test_int8_answers_do_not_depend_on_the_batch(variant: dict[str, Any]) -> None:
    config, weights = folded(**variant)
    session = Session(build_graph(config, quantized(config, weights)).SerializeToString(), 1)
    ids = random_ids(config, 30, 9)
    together = session.run(ids)
    for row in range(len(ids)):
        np.testing.assert_array_equal(session.run(ids[row : row + 1])[0], together[row])


def nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Returns all nodes, including those in the bodies of Scans."""
    found = []
    for node in graph.node:
        found.append(node)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found += nodes(attribute.g)
    return found


def operators(graph: onnx.GraphProto) -> list[str]:
    return [node.op_type for node in nodes(graph)]


def test_structure() -> None:
    """The group of three iterations is a Scan, the others are written out; linears are int8, weights stored once."""
    config, weights = folded(num_hidden_layers=7, num_hidden_groups=3, inner_group_num=2)
    model = build_graph(config, quantized(config, weights))
    used = operators(model.graph)
    layers = 2 + 2 * 2 * 2  # in the Scan's body, and in two iterations each of two groups
    assert used.count("Scan") == 1
    assert used.count("QAttention") == layers
    assert used.count("MatMulIntegerToFloat") == layers * 3
    assert used.count("MatMul") == 2  # the projection and the classifier
    assert used.count("SkipSimplifiedLayerNormalization") == layers * 2 + 1
    assert not {"LayerNormalization", "SkipLayerNormalization", "DynamicQuantizeLinear"} & set(used)
    bodies = [a.g for node in model.graph.node for a in node.attribute if a.HasField("g")]
    assert all(not body.initializer for body in bodies)
    kept = [tensor.name for tensor in model.graph.initializer]
    assert len(kept) == len(set(kept))
    large = [tensor for tensor in model.graph.initializer if np.prod(tensor.dims) > 100]
    assert {tensor.name for tensor in large if tensor.data_type != onnx.TensorProto.INT8} == {"projection.weight"}
    counts = [t.dims for t in model.graph.initializer if t.name.endswith((".iteration", ".input_scale"))]
    assert [list(dims) for dims in counts] == [[3]] * (1 + 2 * 4)
    own = [t for t in model.graph.initializer if t.name.endswith((".input_scale.0", ".input_scale.1"))]
    assert len(own) == 2 * 2 * 2 * 4
    assert not any(t.dims for t in own)


def test_relu_costs_nothing_in_int8() -> None:
    config, weights = folded(hidden_act="relu")
    assert "Relu" in operators(build_graph(config, weights).graph)
    assert "Relu" not in operators(build_graph(config, quantized(config, weights)).graph)


def test_inputs_outputs_and_versions() -> None:
    config, weights = folded()
    model = build_graph(config, weights)
    assert [value.name for value in model.graph.input] == ["input_ids"]
    assert [value.name for value in model.graph.output] == ["logits"]
    assert {entry.domain: entry.version for entry in model.opset_import} == OPSETS
    assert model.ir_version == IR_VERSION == 8


def test_what_enters_a_linear_can_be_observed(tmp_path: Path) -> None:
    """Compared with what transformers' linears are called with, and with its hidden states."""
    checkpoint = read_checkpoint(
        toy.write_checkpoint(tmp_path, num_hidden_layers=5, num_hidden_groups=2, inner_group_num=2)
    )
    config, weights = checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors)
    outputs = [observed_name(linear) for linear in weights.linears]
    ids = random_ids(config, 2, 7)

    def observe(what: Observation, *more: str) -> dict[str, np.ndarray]:
        session = open_session(build_graph(config, weights, observe=what).SerializeToString())
        found = session.run([*outputs, *more, "logits"], {"input_ids": ids})
        np.testing.assert_array_equal(found[-1], plain)
        return dict(zip([*outputs, *more], found, strict=False))

    plain = Session(build_graph(config, weights).SerializeToString(), 1).run(ids)
    ranges, values = observe("ranges"), observe("values", states_name(0), states_name(1))
    model = AlbertForTokenClassification.from_pretrained(tmp_path).eval()
    seen: list[torch.Tensor] = []
    layer = model.albert.encoder.albert_layer_groups[0].albert_layers[1]
    layer.ffn_output.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        states = model(torch.from_numpy(ids), output_hidden_states=True).hidden_states
    expected = torch.stack(seen).numpy()
    name = "group0.1.ffn_output.input"
    np.testing.assert_allclose(values[name], expected, rtol=1e-4, atol=1e-5)
    for name, found in values.items():
        if name in ranges:
            extremes = np.stack([found.min(axis=(1, 2)), found.max(axis=(1, 2))], axis=1)
            np.testing.assert_array_equal(ranges[name], extremes)
    # Our states lack the shift of the group's last norm
    for group, first in enumerate(np.cumsum([0, *config.iterations[:-1]])):
        shift = model.albert.encoder.albert_layer_groups[group].albert_layers[1].full_layer_layer_norm.bias
        ours = values[states_name(group)] + shift.detach().numpy()
        theirs = torch.stack(states[first + 1 : first + 1 + config.iterations[group]]).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_weights_in_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, weights = folded()
    model = build_graph(config, weights)
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look for them
    with pytest.raises(ModelError, match=r"model\.onnx: keeps weights in other files, expected all of them inside"):
        Session((tmp_path / "model.onnx").read_bytes(), 1)


def test_embeddings_of_four_bits_follow_the_float_ones_and_do_not_depend_on_the_batch() -> None:
    config, weights = folded(embedding_size=36, hidden_size=48)
    ranges = observe_ranges(config, weights, [random_ids(config, 1, 24)[0]])
    before = Session(build_graph(config, weights).SerializeToString(), 1)
    model = build_graph(config, quantize_weights(weights, ranges, embedding_bits=4))
    after = Session(model.SerializeToString(), 1)
    ids = random_ids(config, 30, 20)
    together = after.run(ids)
    assert np.corrcoef(before.run(ids).ravel(), together.ravel())[0, 1] > 0.95
    for row in range(len(ids)):
        np.testing.assert_array_equal(after.run(ids[row : row + 1])[0], together[row])
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert {stored["words"], stored["positions"]} == {onnx.TensorProto.UINT8}
