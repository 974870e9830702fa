from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.folding import fold_weights
from albert_ner_onnx import ExportError

Tensors = dict[str, npt.NDArray[np.float32]]
SETTINGS = toy.config(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2)
CONFIG = AlbertConfig.from_dict(SETTINGS)
LAYER = "albert.encoder.albert_layer_groups.1.albert_layers.0."


@pytest.fixture
def tensors() -> Tensors:
    return toy.tensors(SETTINGS)


def layer_norm(x: npt.NDArray[Any], gain: npt.NDArray[Any], shift: npt.NDArray[Any]) -> npt.NDArray[Any]:
    centred = x - x.mean(-1, keepdims=True)
    normed: npt.NDArray[Any] = gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) + shift
    return normed


@given(st.integers(0, 1000))
def test_a_folded_norm_and_its_neighbours_equal_the_textbook(seed: int) -> None:
    """LN(residual + linear(x)) and the next linear, by the formula and by the folded weights."""
    tensors = {name: tensor.astype(np.float64) for name, tensor in toy.tensors(SETTINGS).items()}
    group = fold_weights(CONFIG, toy.tensors(SETTINGS)).groups[1]
    layer = group.layers[0]
    random = np.random.default_rng(seed)
    context, r = random.standard_normal((2, 5, CONFIG.hidden_size))
    entering = tensors["albert.encoder.albert_layer_groups.1.albert_layers.1.full_layer_layer_norm.bias"]
    dense = context @ tensors[f"{LAYER}attention.dense.weight"].T + tensors[f"{LAYER}attention.dense.bias"]
    norm = tensors[f"{LAYER}attention.LayerNorm.weight"], tensors[f"{LAYER}attention.LayerNorm.bias"]
    middle = layer_norm(dense + r + entering, *norm)
    inner = middle @ tensors[f"{LAYER}ffn.weight"].T + tensors[f"{LAYER}ffn.bias"]

    branch = context @ layer.attention_output.weight + layer.attention_output.bias
    summed = branch + r - r.mean(-1, keepdims=True)
    folded = layer.attention_gain * summed / np.sqrt((summed**2).mean(-1, keepdims=True) + 1e-12)
    np.testing.assert_allclose(folded + norm[1], middle, atol=1e-5)
    np.testing.assert_allclose(folded @ layer.ffn.weight + layer.ffn.bias, inner, atol=1e-5)


def test_nothing_is_added_to_what_enters_the_first_group(tensors: Tensors) -> None:
    first, second = fold_weights(CONFIG, tensors).groups
    assert first.entry is None
    names = [
        f"albert.encoder.albert_layer_groups.{group}.albert_layers.1.full_layer_layer_norm.bias" for group in (0, 1)
    ]
    np.testing.assert_allclose(second.entry, tensors[names[0]] - tensors[names[1]], atol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["albert.pooler.weight", "albert.pooler.bias", "predictions.decoder.weight", "albert.embeddings.position_ids"],
)
def test_tensors_that_token_classification_does_not_use_are_ignored(tensors: Tensors, name: str) -> None:
    fold_weights(CONFIG, tensors | {name: np.full(3, np.nan, np.float32)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tensors: Tensors, value: float) -> None:
    tensors[f"{LAYER}ffn.weight"][0, 0] = value
    with pytest.raises(ExportError, match=r"ffn\.weight contains NaN or infinity"):
        fold_weights(CONFIG, tensors)


def test_weights_whose_products_are_infinite_are_refused(tensors: Tensors) -> None:
    large = {name: np.full_like(tensor, 3e38) for name, tensor in tensors.items()}
    with pytest.raises(ExportError, match="too large for float32"):
        fold_weights(CONFIG, large)


@pytest.mark.parametrize("name", sorted(toy.tensors(SETTINGS)))
def test_a_tensor_that_is_missing_or_has_the_wrong_shape_is_named(tensors: Tensors, name: str) -> None:
    shape = list(tensors[name].shape)
    missing = {key: tensor for key, tensor in tensors.items() if key != name}
    with pytest.raises(ExportError) as error:
        fold_weights(CONFIG, missing)
    assert f"tensor {name} is missing; expected one of shape {shape}" in str(error.value)
    with pytest.raises(ExportError) as error:
        fold_weights(CONFIG, tensors | {name: tensors[name][:-1]})
    assert f"{name} must have shape {shape} (from config.json), found" in str(error.value)


def test_a_tensor_that_does_not_belong_to_an_albert_is_named(tensors: Tensors) -> None:
    with pytest.raises(ExportError, match=r"bert\.encoder\.weight does not belong to an AlbertForTokenClassification"):
        fold_weights(CONFIG, tensors | {"bert.encoder.weight": np.zeros(1, np.float32)})
