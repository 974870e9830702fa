"""Writes fixtures/tensorflow: the toy, by TensorFlow's, Keras' and transformers' own writers.

Run once, with tensorflow 2.21, tf-keras 2.21, transformers 4.57 and torch:
TF_USE_LEGACY_KERAS=1 PYTHONPATH=tests:export python tests/export/sources/make_tensorflow_fixtures.py
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import torch
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from transformers import AlbertConfig, AlbertForTokenClassification, TFAlbertForTokenClassification
from transformers.models.albert.modeling_albert import load_tf_weights_in_albert

import toy

OUT = Path(__file__).parent / "fixtures" / "tensorflow"
SETTINGS = {
    "embedding_size": 4,
    "hidden_size": 6,
    "intermediate_size": 8,
    "num_hidden_layers": 4,
    "num_hidden_groups": 2,
    "inner_group_num": 2,
    "max_position_embeddings": 16,
    "hidden_act": "gelu_new",
}
# The names of a layer's parts in google-research's modeling.py, and the settings that it knows
GOOGLE_LAYER = {
    "attention.query": "attention_1/self/query",
    "attention.key": "attention_1/self/key",
    "attention.value": "attention_1/self/value",
    "attention.dense": "attention_1/output/dense",
    "attention.LayerNorm": "LayerNorm",
    "ffn": "ffn_1/intermediate/dense",
    "ffn_output": "ffn_1/intermediate/output/dense",
    "full_layer_layer_norm": "LayerNorm_1",
}
GOOGLE_CONFIG = {
    "attention_probs_dropout_prob": 0,
    "hidden_dropout_prob": 0,
    "initializer_range": 0.02,
    "net_structure_type": 0,
    "gap_size": 0,
    "num_memory_blocks": 0,
    "down_scale_factor": 1,
}
TYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool")

Tensors = dict[str, npt.NDArray[np.float32]]


def assign(model: Any, tensors: Tensors) -> None:
    """Gives a TFAlbertForTokenClassification the toy's weights, by the names of its variables."""
    ends = {"kernel": "weight", "gamma": "weight", "embeddings": "weight", "beta": "bias"}
    for variable in model.weights:
        parts = variable.name.removesuffix(":0").split("/")[1:]
        tensor = tensors[".".join([*parts[:-1], ends.get(parts[-1], parts[-1])]).replace("_._", ".")]
        variable.assign(tensor.T if parts[-1] == "kernel" else tensor)


def write_tf2(model: Any, prefix: Path, tensors: Tensors) -> None:
    """Writes a checkpoint of a training that isn't finished: with both kinds of Keras optimizers, and counters."""
    momentum, adam = tf.keras.optimizers.legacy.SGD(momentum=0.9), tf.keras.optimizers.Adam()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant([[1, 2, 3]])).logits ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    for optimizer in (momentum, adam):
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    assign(model, tensors)
    state = {"optimizer": momentum, "other": adam, "step": tf.Variable(7)}
    tf.train.Checkpoint(model=model, **state).write(str(prefix))


def write_saved_model(model: Any, out: Path) -> None:
    """Saves like `save_pretrained(saved_model=True)`, without the graph: it has 7 MB, and isn't read."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, saved_model=True)
        shutil.copytree(Path(folder) / "saved_model" / "1" / "variables", out / "saved_model" / "1" / "variables")
        description = SavedModel()
        description.ParseFromString((Path(folder) / "saved_model" / "1" / "saved_model.pb").read_bytes())
    for graph in description.meta_graphs:
        graph.ClearField("graph_def")
        graph.ClearField("object_graph_def")
    (out / "saved_model" / "1" / "saved_model.pb").write_bytes(description.SerializeToString())


def google_variables(tensors: Tensors) -> Tensors:
    """Returns the weights under the names of google-research's code, which multiplies from the left."""
    result: Tensors = {"output_weights": tensors["classifier.weight"], "output_bias": tensors["classifier.bias"]}
    for name, tensor in tensors.items():
        module, _, last = name.removeprefix("albert.").rpartition(".")
        if match := re.fullmatch(r"encoder.albert_layer_groups.(\d+).albert_layers.(\d+).(.+)", module):
            layer = f"bert/encoder/transformer/group_{match[1]}/inner_group_{match[2]}/{GOOGLE_LAYER[match[3]]}"
        elif module == "classifier":
            continue
        else:
            layer = "bert/" + module.replace(".", "/")
        if layer.endswith("_embeddings"):
            result[layer] = tensor
        elif "LayerNorm" in layer:
            result[f"{layer}/{'gamma' if last == 'weight' else 'beta'}"] = tensor
        else:
            result[f"{layer}/{'kernel' if last == 'weight' else 'bias'}"] = tensor.T if last == "weight" else tensor
    return result


def write_tf1(prefix: Path, variables: Tensors) -> None:
    """Writes a checkpoint with TF1's Saver."""
    prefix.parent.mkdir(parents=True)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, value in variables.items():
            tf.compat.v1.get_variable(name, initializer=value)
        tf.compat.v1.train.create_global_step()
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver()
        saver.save(session, str(prefix), global_step=7, write_meta_graph=False, write_state=False)


def check_with_transformers(config: dict[str, Any], tensors: Tensors, prefix: Path) -> None:
    """Checks the names in the TF1 checkpoint: transformers' converter must read them."""
    model = AlbertForTokenClassification(AlbertConfig(**config))
    model.albert.pooler = torch.nn.Linear(config["hidden_size"], config["hidden_size"])  # as the converter expects
    load_tf_weights_in_albert(model, model.config, str(prefix))
    for name, tensor in model.state_dict().items():
        if "pooler" in name:
            continue
        assert torch.equal(tensor, torch.from_numpy(tensors[name])), name


def write_types(prefix: Path) -> None:
    """Writes three shards: a tensor of each type, strings, and a partitioned variable."""
    values = [tf.cast(tf.reshape(tf.range(6), (2, 3)), name) for name in TYPES]
    parts = [prefix.with_name(f"part{number}") for number in range(3)]
    tf.raw_ops.SaveV2(prefix=str(parts[0]), tensor_names=TYPES, shape_and_slices=[""] * len(TYPES), tensors=values)
    tf.raw_ops.SaveV2(
        prefix=str(parts[1]), tensor_names=["string", "complex128"], shape_and_slices=["", ""],
        tensors=[tf.constant(["a", "bc"]), tf.constant([1 + 2j])],
    )  # fmt: skip
    tf.raw_ops.SaveV2(
        prefix=str(parts[2]), tensor_names=["partitioned"], shape_and_slices=["4 3 0,2:0,3"],
        tensors=[tf.ones((2, 3))],
    )  # fmt: skip
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=[str(part) for part in parts], destination_prefix=str(prefix), delete_old_dirs=False
    )


def main() -> None:
    """Writes all fixtures."""
    shutil.rmtree(OUT, ignore_errors=True)
    config = toy.config(**SETTINGS)
    tensors = toy.tensors(config, seed=3)
    labels = "".join(f"{tag}\n" for tag in toy.TAGS)

    model = TFAlbertForTokenClassification(AlbertConfig(**config))
    model(tf.constant([[1, 2, 3]]))
    assign(model, tensors)
    model.save_pretrained(OUT / "h5")
    write_saved_model(model, OUT)
    (OUT / "saved_model" / "1" / "assets").mkdir()
    (OUT / "saved_model" / "1" / "assets" / "labels.txt").write_text(labels)
    (OUT / "tf2").mkdir()
    write_tf2(model, OUT / "tf2" / "ckpt-1", tensors)
    (OUT / "tf2" / "labels.txt").write_text(labels)

    google = google_variables(tensors)
    hidden = config["hidden_size"]
    pooler = {
        "bert/pooler/dense/kernel": np.ones((hidden, hidden), np.float32),
        "bert/pooler/dense/bias": np.ones(hidden, np.float32),
    }
    moments = {f"{name}/adam_{moment}": value for name, value in google.items() for moment in "mv"}
    write_tf1(OUT / "tf1" / "model.ckpt", google | pooler | moments)
    check_with_transformers(config, tensors, OUT / "tf1" / "model.ckpt-7")
    pretraining = {"cls/predictions/output_bias": np.zeros(config["vocab_size"], np.float32)}
    pretrained = {name: value for name, value in google.items() if not name.startswith("output_")}
    write_tf1(OUT / "tf1_pretrained" / "model.ckpt", pretrained | pooler | pretraining)
    sizes = {name: value for name, value in config.items() if name in AlbertConfig().to_dict()}
    for name in ("model_type", "architectures", "id2label", "label2id", "layer_norm_eps", "position_embedding_type"):
        sizes.pop(name, None)
    for folder in ("tf1", "tf1_pretrained"):
        (OUT / folder / "albert_config.json").write_text(json.dumps(GOOGLE_CONFIG | sizes, indent=1))

    (OUT / "types").mkdir()
    write_types(OUT / "types" / "types")


if __name__ == "__main__":
    main()
