from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from albert_ner_export.sources.tensorflow.names import hugging_face_name, to_hugging_face
from albert_ner_onnx import ExportError

LAYER = "albert.encoder.albert_layer_groups.1.albert_layers.2"
KERAS, GOOGLE = (
    "m/albert/encoder/albert_layer_groups_._1/albert_layers_._2",
    "bert/encoder/transformer/group_1/inner_group_2",
)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (f"{KERAS}/attention/query/kernel", (f"{LAYER}.attention.query.weight", True)),
        (f"{GOOGLE}/attention_1/self/query/kernel", (f"{LAYER}.attention.query.weight", True)),
        (f"{GOOGLE}/attention_1/output/dense/bias", (f"{LAYER}.attention.dense.bias", False)),
        (f"{GOOGLE}/LayerNorm/gamma", (f"{LAYER}.attention.LayerNorm.weight", False)),
        (f"{GOOGLE}/LayerNorm_1/beta", (f"{LAYER}.full_layer_layer_norm.bias", False)),
        (f"{GOOGLE}/ffn_1/intermediate/dense/kernel", (f"{LAYER}.ffn.weight", True)),
        (f"{GOOGLE}/ffn_1/intermediate/output/dense/kernel", (f"{LAYER}.ffn_output.weight", True)),
        ("albert/albert/embeddings/word_embeddings/weight", ("albert.embeddings.word_embeddings.weight", False)),
        ("wrapped/model_1/classifier/kernel", ("classifier.weight", True)),
        ("output_weights", ("classifier.weight", False)),
        ("bert/encoder/layer_0/attention/self/query/kernel", None),
        ("crf/transitions", None),
        ("classifier", None),
        ("", None),
    ],
)
def test_names(variable: str, expected: tuple[str, bool] | None) -> None:
    assert hugging_face_name(variable) == expected


@pytest.mark.parametrize(
    "key",
    [
        "cls/predictions/transform/dense/kernel",
        "bert/pooler/dense/kernel",
        "model/albert/pooler/bias/.ATTRIBUTES/VARIABLE_VALUE",
        "bert/embeddings/word_embeddings/adam_v",
        "model/classifier/bias/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer/_variables/12/.ATTRIBUTES/VARIABLE_VALUE",
        "model/keras_api/metrics/0/total/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer_weights/Adam/m/classifier/bias:0",
    ],
)
def test_by_products_are_not_even_read(key: str) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {"output_weights": np.ones((2, 3), np.float16)}
    found = to_hugging_face({"output_weights": "output_weights", key: key}, arrays.__getitem__, Path("x"))
    assert found.keys() == {"classifier.weight"}
    assert found["classifier.weight"].dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crf/kernel": np.ones(2)}, "x: crf/kernel isn't a variable of an ALBERT for token classification"),
        (
            {"ema/classifier/kernel": np.ones(2)},
            "x: classifier.weight is there twice, as output_weights and as",
        ),
        ({"output_bias": np.ones(2, np.int32)}, "x: output_bias must hold floating-point numbers, found int32"),
    ],
)
def test_what_is_refused(changes: dict[str, npt.NDArray[Any]], message: str) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {"output_weights": np.ones((2, 3)), "step": np.ones((), np.int64)}
    arrays |= changes
    with pytest.raises(ExportError) as error:
        to_hugging_face({key: key for key in arrays}, arrays.__getitem__, Path("x"))
    assert str(error.value).startswith(message)


def test_a_pretrained_model_has_no_classifier() -> None:
    arrays = {"bert/embeddings/word_embeddings": np.ones((2, 3), np.float32)}
    with pytest.raises(
        ExportError, match=r"x: found no classifier \(output_weights, or classifier/kernel\) among its 1"
    ):
        to_hugging_face({key: key for key in arrays}, arrays.__getitem__, Path("x"))
