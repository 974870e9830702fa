"""The oracles in their child processes. Where optimum isn't installed, transformers is the only one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import AlbertForTokenClassification

import toy
from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.run import run_model
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.verify import reference
from albert_ner_export.verify.pieces import Sample
from albert_ner_export.verify.reference import choose_oracle, run_reference, time_limit, write_hugging_face
from albert_ner_onnx.errors import ExportError
from oracles import HAS_OPTIMUM, ORACLES

SEQUENCES = [np.arange(1, length) for length in (9, 4, 12, 25)]
SAMPLE = Sample(["john", "lives"], [["john", "lives"]])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return read_checkpoint(toy.write_checkpoint(tmp_path / "toy", num_hidden_layers=4, num_hidden_groups=2))


def graph_logits(checkpoint: Checkpoint) -> list[np.ndarray]:
    model = build_graph(checkpoint.config, fold_weights(checkpoint.config, checkpoint.tensors))
    return run_model(model.SerializeToString(), SEQUENCES)


def test_transformers_reads_what_is_written_for_the_reference(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = write_hugging_face(checkpoint.config, checkpoint.tensors, tmp_path / "written")
    model = AlbertForTokenClassification.from_pretrained(folder)
    state = {name: tensor for name, tensor in model.state_dict().items() if name in checkpoint.tensors}
    assert state.keys() == checkpoint.tensors.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(tensor.numpy(), checkpoint.tensors[name])
    written = json.loads((folder / "config.json").read_text())
    original = json.loads((tmp_path / "toy" / "config.json").read_text())
    assert {name: value for name, value in original.items() if name in written} == written


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_oracle_gives_the_answers_of_the_graph(checkpoint: Checkpoint, oracle: str) -> None:
    found = run_reference(checkpoint, SEQUENCES, SAMPLE, oracle)
    assert found.name.startswith(oracle)
    assert "transformers reads the same weights from the source" in found.name
    for theirs, ours in zip(found.logits, graph_logits(checkpoint), strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-4)


@pytest.mark.parametrize("oracle", ORACLES)
def test_the_name_of_the_folder_and_the_users_tags_are_no_matter(tmp_path: Path, oracle: str) -> None:
    """transformers takes a folder without model_type for a BERT if `bert` is in its name, and gives two labels."""
    source = toy.write_checkpoint(tmp_path / "bert-roberta-t5")
    settings = json.loads((source / "config.json").read_text())
    for name in ("model_type", "id2label", "label2id"):
        del settings[name]
    (source / "config.json").write_text(json.dumps(settings))
    checkpoint = read_checkpoint(source, SourceOptions(labels=toy.TAGS))
    found = run_reference(checkpoint, SEQUENCES, SAMPLE, oracle)
    assert "transformers reads the same weights from the source" in found.name
    for theirs, ours in zip(found.logits, graph_logits(checkpoint), strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-4)


def test_a_weight_or_size_that_was_read_wrongly_is_found(checkpoint: Checkpoint) -> None:
    changed = checkpoint.tensors["classifier.bias"].copy()
    changed[0] = np.nextafter(changed[0], np.float32(9))
    wrong = replace(checkpoint, tensors={**checkpoint.tensors, "classifier.bias": changed})
    message = "toy: transformers reads this checkpoint differently: the tensor classifier.bias has other values"
    with pytest.raises(ExportError, match=message):
        run_reference(wrong, SEQUENCES, SAMPLE, "transformers")
    wrong = replace(checkpoint, config=replace(checkpoint.config, layer_norm_eps=1e-11))
    with pytest.raises(ExportError, match="differently: layer_norm_eps is 1e-12, and 1e-11 for us"):
        run_reference(wrong, SEQUENCES, SAMPLE, "transformers")


def test_a_source_that_transformers_does_not_read_whole_proves_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    tensors = {f"module.{name}": tensor for name, tensor in checkpoint.tensors.items()}
    write_hugging_face(checkpoint.config, tensors, tmp_path / "prefixed")
    for folder in (tmp_path / "prefixed", tmp_path / "nothing", None):
        found = run_reference(replace(checkpoint, folder=folder), SEQUENCES, SAMPLE, "transformers")
        assert found.name == "transformers' forward pass in PyTorch, padded and masked"


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_oracle_that_hangs_is_stopped(checkpoint: Checkpoint, oracle: str) -> None:
    with pytest.raises(ExportError, match=f"toy: {oracle}, the reference .* and was stopped; compare with .* --oracle"):
        run_reference(checkpoint, SEQUENCES, SAMPLE, oracle, limit=0.01)


def test_the_time_limit_grows_with_the_work() -> None:
    sizes = {"hidden_size": 4096, "num_attention_heads": 64, "intermediate_size": 16384, "embedding_size": 128}
    small, large = (
        AlbertConfig.from_dict(toy.config()),
        AlbertConfig.from_dict(toy.config(**sizes, num_hidden_layers=12)),
    )
    assert 1800 < time_limit(small, 6000) < 1801
    assert 20_000 < time_limit(large, 6000) == 2 * time_limit(large, 3000) - 1800


def test_an_oracle_that_fails_is_one_line_that_names_the_other(checkpoint: Checkpoint) -> None:
    broken = replace(checkpoint, tensors={"classifier.bias": checkpoint.tensors["classifier.bias"][:2]})
    with pytest.raises(ExportError, match="toy: transformers, the reference to compare with, failed: ") as error:
        run_reference(broken, SEQUENCES, SAMPLE, "transformers")
    assert "\n" not in str(error.value)
    assert str(error.value).endswith("--oracle optimum (pip install 'albert-ner-onnx[optimum]')")


@pytest.mark.skipif(HAS_OPTIMUM, reason="optimum is installed")
def test_without_optimum_transformers_is_the_default_and_the_way_out(checkpoint: Checkpoint) -> None:
    assert choose_oracle(None) == "transformers"
    with pytest.raises(
        ExportError, match=r"No module named 'optimum'; compare with transformers .*--oracle transformers$"
    ):
        run_reference(checkpoint, SEQUENCES, SAMPLE, "optimum")


def test_where_optimum_is_installed_it_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "version", {"optimum-onnx": "0.1.0"}.__getitem__)
    assert choose_oracle(None) == "optimum"
    assert choose_oracle("transformers") == "transformers"


def test_weights_that_are_too_large_are_reported_as_such(checkpoint: Checkpoint) -> None:
    tensors = {**checkpoint.tensors, "classifier.weight": np.full_like(checkpoint.tensors["classifier.weight"], 3e38)}
    with pytest.raises(ExportError, match=r"toy: transformers' forward pass .* gives NaN or infinity, so its weights"):
        run_reference(replace(checkpoint, tensors=tensors, folder=None), SEQUENCES, SAMPLE, "transformers")
