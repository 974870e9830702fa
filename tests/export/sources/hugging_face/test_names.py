"""Names that checkpoints had before, or have within another model, are read as those of transformers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import toy
from albert_ner_export.checkpoint import Tensors
from albert_ner_export.sources.hugging_face.names import rename
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError

WEIGHTS = "model.safetensors"
PATH = Path("model.safetensors")
Name = Callable[[str], str]


def gamma_and_beta(name: str) -> str:
    if "LayerNorm" not in name and "layer_norm" not in name:
        return name
    return name.replace(".weight", ".gamma").replace(".bias", ".beta")


def encoder_as(prefix: str) -> Name:
    return lambda name: prefix + name.removeprefix("albert.") if name.startswith("albert.") else name


def within(prefix: str) -> Name:
    return lambda name: prefix + name


OLD_NAMES: dict[str, Name] = {
    "gamma and beta": gamma_and_beta,
    "DataParallel": within("module."),
    "Lightning": within("model."),
    "torch.compile": within("_orig_mod."),
    "several wrappers": within("module.model."),
    "bert.": encoder_as("bert."),
    "encoder.": encoder_as("encoder."),
    "without a prefix": encoder_as(""),
    "DataParallel, bert., gamma and beta": lambda name: "module." + encoder_as("bert.")(gamma_and_beta(name)),
    "only the encoder in DataParallel": encoder_as("albert.module."),
    "only the head within another": lambda name: f"head.{name}" if name.startswith("classifier") else name,
}


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return toy.tensors(toy.config(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2))


@pytest.mark.parametrize("old", OLD_NAMES.values(), ids=OLD_NAMES)
def test_old_names_are_read_as_those_of_today(tensors: Tensors, old: Name) -> None:
    found = rename({old(name): tensor for name, tensor in tensors.items()}, PATH)
    assert found.keys() == tensors.keys()
    assert all(found[name] is tensors[name] for name in tensors)


@pytest.mark.parametrize("layout", ["gamma and beta", "DataParallel, bert., gamma and beta"])
def test_a_folder_is_read_as_the_one_with_the_names_of_today(tmp_path: Path, layout: str) -> None:
    folder = toy.write_checkpoint(tmp_path / "toy")
    expected = read_checkpoint(folder).tensors
    state = {OLD_NAMES[layout](name): torch.from_numpy(tensor.copy()) for name, tensor in expected.items()}
    (folder / WEIGHTS).unlink()
    torch.save(state, folder / "pytorch_model.bin")
    found = read_checkpoint(folder).tensors
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)


def gamma_and_beta_of_layer_norm(name: str) -> str:
    return gamma_and_beta(name) if ".LayerNorm." in name else name


# The major versions of transformers that read these names; of all others they make new weights at random
READ_BY_TRANSFORMERS = {"gamma and beta of LayerNorm": (4, 5), "without a prefix": (5,)}


@pytest.mark.parametrize("layout", [*OLD_NAMES, "gamma and beta of LayerNorm"])
def test_where_transformers_reads_the_weights_they_are_the_same(tmp_path: Path, layout: str) -> None:
    import transformers

    old = OLD_NAMES.get(layout, gamma_and_beta_of_layer_norm)
    folder = toy.write_checkpoint(tmp_path / "toy")
    expected = load_file(folder / WEIGHTS)
    save_file({old(name): tensor for name, tensor in expected.items()}, folder / WEIGHTS, metadata={"format": "pt"})
    found = read_checkpoint(folder).tensors
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)
    try:
        state = transformers.AlbertForTokenClassification.from_pretrained(folder).state_dict()
    except ValueError:
        state = {}
    equal = [bool(state) and np.array_equal(state[name].numpy(), tensor) for name, tensor in expected.items()]
    version = int(transformers.__version__.partition(".")[0])
    assert all(equal) == (version in READ_BY_TRANSFORMERS.get(layout, ()))


def test_pretraining_heads_and_buffers_stay_and_are_skipped_later(tensors: Tensors) -> None:
    further = {
        "module.predictions.bias": np.zeros(3, np.float32),
        "module.sop_classifier.classifier.weight": np.zeros((2, 3), np.float32),
        "module.albert.pooler.weight": np.zeros((3, 3), np.float32),
    }
    found = rename({f"module.{name}": tensor for name, tensor in tensors.items()} | further, PATH)
    assert found.keys() - tensors.keys() == {name.removeprefix("module.") for name in further}


@pytest.mark.parametrize(
    "name", ["crf.transitions", "crf.start_transitions", "model.crf_layer.end_transitions", "transitions", "CRF.trans"]
)
def test_a_crf_is_refused_and_can_be_left_out(tensors: Tensors, name: str) -> None:
    with pytest.raises(ExportError, match=f"model.safetensors: {name} belongs to a CRF, .* fine-tune it as"):
        rename({**tensors, name: np.zeros((5, 5), np.float32)}, PATH)
    assert rename(tensors, PATH).keys() == tensors.keys()


def test_a_model_without_a_classifier_is_refused(tensors: Tensors) -> None:
    pretrained = {name: tensor for name, tensor in tensors.items() if not name.startswith("classifier")}
    with pytest.raises(ExportError, match=r"found no classifier\.weight, .* it is only pretrained: fine-tune it"):
        rename(pretrained, PATH)
    named = {**pretrained, "qa_outputs.weight": np.zeros((2, 16), np.float32)}
    with pytest.raises(ExportError, match=r"found no classifier\.weight.*qa_outputs\.weight"):
        rename(named, PATH)


def test_what_is_no_albert_is_refused(tensors: Tensors) -> None:
    other = {name.replace("word_embeddings", "tokens"): tensor for name, tensor in tensors.items()}
    with pytest.raises(ExportError, match=r"found no embeddings\.word_embeddings\.weight, the word embeddings of an"):
        rename(other, PATH)


def test_two_models_in_one_file_are_refused(tensors: Tensors) -> None:
    two = {**tensors, **{f"teacher.{name}": tensor for name, tensor in tensors.items()}}
    with pytest.raises(ExportError, match=r"must hold one model, found albert\.embeddings.* and teacher\.albert\."):
        rename(two, PATH)
    twice = {**tensors, "albert.embeddings.LayerNorm.gamma": tensors["albert.embeddings.LayerNorm.weight"]}
    with pytest.raises(ExportError, match=r"albert\.embeddings\.LayerNorm\.weight is there twice, as .* and as"):
        rename(twice, PATH)
