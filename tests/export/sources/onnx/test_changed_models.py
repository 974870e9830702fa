"""ONNX files whose weights were read rightly but that compute something else are found out: they are run."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import toy
from albert_ner_export.checkpoint import SourceModel, SourceOptions
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.run import run_model
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.verify.gates import check_source_model
from albert_ner_export.verify.source_model import run_source_model
from albert_ner_onnx import ExportError, load
from onnx_files import FIXTURES
from spark_nlp_archives import CLASSIFIER, PIPELINE, members, rezip, unzip, write_zip

Change = Callable[[onnx.ModelProto], None]

FIXTURE = FIXTURES / "dynamo-18.onnx"
POSITIONS = 24


def sequences() -> list[npt.NDArray[np.int64]]:
    random = np.random.default_rng(0)
    lengths = [*range(1, POSITIONS + 1), POSITIONS]
    return [np.array([2, *random.integers(4, 98, length), 3])[:length] for length in lengths]


def append(model: onnx.ModelProto, after: Sequence[str], op: str, constant: npt.NDArray[np.generic]) -> None:
    """Lets every reader of these values read op(value, constant) instead."""
    model.graph.initializer.append(numpy_helper.from_array(constant, "altering"))
    renamed = {value: f"{value}.altered" for value in after}
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    for value, new in renamed.items():
        nodes = list(model.graph.node)
        place = 1 + max((index for index, node in enumerate(nodes) if value in node.output), default=-1)
        model.graph.node.insert(place, helper.make_node(op, [value, "altering"], [new]))


def outputs(model: onnx.ModelProto, op: str) -> list[str]:
    return [node.output[0] for node in model.graph.node if node.op_type == op]


def scale_attention(factor: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        products = [node for node in model.graph.node if node.op_type == "Softmax"]
        append(model, [node.input[0] for node in products], "Mul", np.array(factor, np.float32))

    return change


def raise_activation(model: onnx.ModelProto) -> None:
    """Changes it by half a thousandth, too little for its values to show that it isn't gelu."""
    names = {tensor.name for tensor in model.graph.initializer if tensor.name.endswith("ffn_output.weight")}
    transposed = {node.output[0] for node in model.graph.node if node.input and node.input[0] in names}
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in transposed]
    append(model, [node.input[0] for node in products], "Mul", np.array(1.0005, np.float32))


def ignore_mask(model: onnx.ModelProto) -> None:
    append(model, ["attention_mask"], "Max", np.array(1, np.int64))


def count_positions_backwards(model: onnx.ModelProto) -> None:
    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == "albert.embeddings.position_ids")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[:, ::-1].copy(), tensor.name))


def set_epsilon(epsilon: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            for item in node.attribute:
                if node.op_type == "LayerNormalization" and item.name == "epsilon":
                    item.f = epsilon

    return change


def store_weights(dtype: int) -> Change:
    """Stores weights in another type, and lets the graph cast them to float32."""

    def change(model: onnx.ModelProto) -> None:
        matrices = [tensor for tensor in model.graph.initializer if len(tensor.dims) == 2 and tensor.data_type == 1]
        for tensor in matrices:
            rounded = numpy_helper.to_array(tensor).astype(helper.tensor_dtype_to_np_dtype(dtype))
            model.graph.node.insert(0, helper.make_node("Cast", [f"{tensor.name}.stored"], [tensor.name], to=1))
            tensor.CopyFrom(numpy_helper.from_array(rounded, f"{tensor.name}.stored"))

    return change


def take_int32(model: onnx.ModelProto) -> None:
    for value in model.graph.input:
        value.type.tensor_type.elem_type = TensorProto.INT32
    renamed = {value.name: f"{value.name}.long" for value in model.graph.input}
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    for name, long in renamed.items():
        model.graph.node.insert(0, helper.make_node("Cast", [name], [long], to=TensorProto.INT64))


def take_positions(model: onnx.ModelProto) -> None:
    (node,) = (node for node in model.graph.node if node.output[0] == "slice_1")
    model.graph.node.remove(node)
    for reader in model.graph.node:
        for index, name in enumerate(reader.input):
            reader.input[index] = "position_ids" if name == "slice_1" else name
    model.graph.input.append(helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["batch", "piece"]))


def write(folder: Path, *changes: Change) -> Path:
    """Writes a folder with the changed file and what describes it; without a config its sizes come from the file."""
    model = onnx.load(FIXTURE)
    for change in changes:
        change(model)
    folder.mkdir(exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "labels.txt").write_text("\n".join(toy.TAGS))
    (folder / "tokenizer.json").write_text(toy.tokenizer())
    return folder


def verify(source: Path) -> SourceModel:
    """Verifies a source that is an ONNX model as the exporter does."""
    checkpoint = read_checkpoint(source)
    model = build_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors)).SerializeToString()
    assert checkpoint.source_model is not None
    answers = run_source_model(checkpoint.source_model, sequences(), POSITIONS)
    assert list(answers) == list(range(len(sequences())))
    check_source_model(checkpoint.source_model, answers, run_model(model, sequences()))
    return checkpoint.source_model


@pytest.mark.parametrize(
    "change",
    [
        scale_attention(2),
        scale_attention(1.01),
        raise_activation,
        ignore_mask,
        count_positions_backwards,
    ],
)
def test_a_file_that_computes_something_else_is_refused(tmp_path: Path, change: Change) -> None:
    source = write(tmp_path / "source", change)
    with pytest.raises(ExportError) as error:
        export_model(source, tmp_path / "out", ExportOptions(precision="fp32"))
    message = str(error.value)
    assert message.startswith(
        f"{source / 'model.onnx'}: it doesn't compute what an ALBERT with its weights and sizes computes: a logit diff"
    )
    assert "from the file's own" in message
    assert "\n" not in message
    assert not (tmp_path / "out").exists()


def test_an_unchanged_file_is_exported(tmp_path: Path) -> None:
    source = write(tmp_path / "source")
    manifest = export_model(source, tmp_path / "out", ExportOptions(precision="fp32"))
    assert manifest.verification.reference.endswith(", and the ONNX file itself")
    (tags,) = load(tmp_path / "out").tag([["John", "lives", "in", "Berlin"]])
    assert len(tags) == 4


@pytest.mark.parametrize("change", [set_epsilon(1e-3), take_int32, take_positions])
def test_changes_that_are_read_from_the_file_are_accepted(tmp_path: Path, change: Change) -> None:
    source = write(tmp_path / "source", change)
    assert verify(source).machine_epsilon == 2.0**-23


def test_norms_of_different_epsilons_are_refused(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        node = next(node for node in model.graph.node if node.op_type == "LayerNormalization")
        next(item for item in node.attribute if item.name == "epsilon").f = 1e-3

    with pytest.raises(
        ExportError,
        match=r"all layers must have the same activation, head size \(a divisor of 16\) and LayerNorm epsilon",
    ):
        verify(write(tmp_path / "source", change))


def test_an_epsilon_that_contradicts_the_config_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "source", set_epsilon(1e-3))
    (source / "config.json").write_text(json.dumps(toy.config(num_hidden_layers=2)))
    with pytest.raises(ExportError, match=r"config\.json: layer_norm_eps is 1e-12 here, but 0\.001 in"):
        verify(source)


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_weights_stored_in_16_bits_and_cast_allow_no_more_than_others(tmp_path: Path, dtype: int) -> None:
    assert verify(write(tmp_path / "source", store_weights(dtype))).machine_epsilon == 2.0**-23
    with pytest.raises(ExportError, match="it doesn't compute what an ALBERT"):
        verify(write(tmp_path / "source", scale_attention(1.01), store_weights(dtype)))


def test_external_data_is_found(tmp_path: Path) -> None:
    source = write(tmp_path / "source")
    model = onnx.load(source / "model.onnx")
    onnx.save(model, source / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    verify(source)


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    def add_input(model: onnx.ModelProto) -> None:
        model.graph.input.append(helper.make_tensor_value_info("inputs_embeds", TensorProto.FLOAT, ["batch", "piece"]))

    source = write(tmp_path / "source", add_input)
    with pytest.raises(
        ExportError, match=r"model\.onnx: ONNX Runtime can't run it \(unknown input inputs_embeds, a tensor"
    ):
        verify(source)
    checkpoint = read_checkpoint(source, SourceOptions())
    (source / "model.onnx").unlink()
    assert checkpoint.source_model is not None
    with pytest.raises(ExportError, match=r"model\.onnx: ONNX Runtime can't run it \(.*\), so its answers can't be"):
        run_source_model(checkpoint.source_model, sequences(), POSITIONS)


def test_only_an_onnx_file_is_run_itself(tmp_path: Path) -> None:
    assert read_checkpoint(toy.write_checkpoint(tmp_path / "toy")).source_model is None
    shutil.copy(FIXTURE, tmp_path / "toy" / "model.onnx")
    assert read_checkpoint(tmp_path / "toy").source_model is None


def test_the_model_in_a_spark_nlp_archive_is_run_too(tmp_path: Path) -> None:
    name = f"{CLASSIFIER}albert_classification_onnx"
    files = unzip(members(PIPELINE)[name])
    (inner,) = files
    model = onnx.load_model_from_string(files[inner])
    scale_attention(1.05)(model)
    changed = write_zip(tmp_path, {**members(PIPELINE), name: rezip({inner: model.SerializeToString()})})
    with pytest.raises(ExportError) as error:
        export_model(changed, tmp_path / "out", ExportOptions(precision="fp32"))
    assert str(error.value).startswith(
        f"{changed / name / inner}: it doesn't compute what an ALBERT with its weights and sizes computes"
    )
