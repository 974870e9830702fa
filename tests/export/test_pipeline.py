"""The whole export, the reference in its child process included."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import transformers
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

import toy
from albert_ner_export import pipeline
from albert_ner_export.checkpoint import Checkpoint
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError, default_model, load
from albert_ner_onnx.cli import main
from albert_ner_onnx.model.folder import ModelFolder
from oracles import ORACLES

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings: dict[str, Any] = {"num_hidden_layers": 7, "num_hidden_groups": 3, "inner_group_num": 2}
    return toy.write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "toy", seed=2, **settings)


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    options = ExportOptions(min_agreement=0, license="MIT", language="xx")
    manifest = export_model(checkpoint, tmp_path / "one", options)
    steps: list[str] = []
    export_model(checkpoint, tmp_path / "two", options, report=steps.append)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    warnings = [step for step in steps if "pieces unverified" in step]  # transformers 5 can't open this tokenizer
    assert len(steps) - len(warnings) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]

    assert manifest == ModelFolder.open(tmp_path / "one").manifest
    assert (manifest.name, manifest.precision, manifest.license, manifest.language) == ("toy", "int8", "MIT", "xx")
    # The random weights open spans with I-
    assert (manifest.tags, manifest.scheme, manifest.max_pieces) == (toy.TAGS, "IOB1", 24)
    weights = (checkpoint / "model.safetensors").read_bytes()
    assert manifest.source["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    measured = manifest.verification
    assert measured.sequences >= 200
    assert measured.pieces >= 6000
    assert measured.float_max_logit_difference <= 1e-4 * max(1, measured.max_abs_logit)
    assert manifest.quantization is not None
    assert manifest.quantization.quality.tag_agreement > 0.9


def test_fp32_and_a_shorter_window(checkpoint: Path, tmp_path: Path) -> None:
    options = ExportOptions(precision="fp32", max_sentence_length=9)
    manifest = export_model(checkpoint, tmp_path / "out", options)
    assert (manifest.precision, manifest.max_pieces, manifest.license) == ("fp32", 9, None)
    assert manifest.quantization is None
    (tags,) = load(tmp_path / "out").tag([["John", "Smith"] * 20])
    assert len(tags) == 40


def test_a_model_that_opens_spans_with_i_has_the_scheme_iob1(tmp_path: Path) -> None:
    """Its tags look like those of IOB2, in which Viterbi would forbid I-X after O."""
    source = toy.write_checkpoint(tmp_path / "toy", seed=2)
    tensors = load_file(source / "model.safetensors")
    tensors["classifier.bias"][[tag.startswith("B-") for tag in toy.TAGS]] = -100
    save_file(tensors, source / "model.safetensors")
    manifest = export_model(source, tmp_path / "out", ExportOptions(precision="fp32"))
    assert manifest.scheme == "IOB1"
    recognizers = [load(tmp_path / "out", decoder=decoder) for decoder in ("argmax", "viterbi")]
    words = [["John", "lives", "in", "Berlin", "or", "Paris"] * 3]
    assert recognizers[0].tag(words) == recognizers[1].tag(words)
    assert any(tag.startswith("I-") for tag in recognizers[0].tag(words)[0])


def test_a_graph_with_other_answers_is_not_written(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(config: Any, tensors: Any) -> Any:
        name = "albert.encoder.albert_layer_groups.1.albert_layers.1.attention.key.bias"
        return fold(config, tensors | {"classifier.bias": tensors["classifier.bias"] + 1e-2, name: tensors[name] * 2})

    fold = fold_weights
    monkeypatch.setattr(pipeline, "fold_weights", wrong)
    with pytest.raises(ExportError, match="verification failed"):
        export_model(checkpoint, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_inference_ignores_is_no_obstacle(tmp_path: Path) -> None:
    source = toy.write_checkpoint(tmp_path / "toy", pad_token_id=10**6)  # transformers asserts that this piece exists
    assert export_model(source, tmp_path / "out", ExportOptions(precision="fp32")).name == "toy"


@pytest.mark.parametrize("oracle", ORACLES)
def test_the_manifest_says_what_was_compared(checkpoint: Path, tmp_path: Path, oracle: str) -> None:
    found = export_model(checkpoint, tmp_path / "out", ExportOptions(precision="fp32", oracle=oracle)).verification
    assert found.reference.startswith(oracle)
    assert found.float_max_logit_difference <= 1e-4 * max(1, found.max_abs_logit)


def bert(folder: Path) -> Path:
    """Writes a checkpoint whose tokenizer every version of transformers opens."""
    source = toy.write_checkpoint(folder / "toy")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (source / "tokenizer_config.json").write_text(json.dumps(settings))
    return source


def test_the_pieces_are_those_of_transformers(tmp_path: Path) -> None:
    found = export_model(bert(tmp_path), tmp_path / "out", ExportOptions(precision="fp32"))
    assert re.fullmatch(
        rf"BertTokenizer(Fast)? of transformers {transformers.__version__}: \d{{3}} words, 50 sentences",
        found.verification.tokenizer,
    )


def test_a_tokenizer_that_is_read_differently_is_refused_unless_ours_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_wrongly(*arguments: Any) -> Checkpoint:
        return replace(read_checkpoint(*arguments), tokenizer=toy.tokenizer(lower_case=False).encode())

    source = bert(tmp_path)
    monkeypatch.setattr(pipeline, "read_checkpoint", read_wrongly)
    with pytest.raises(
        ExportError, match=r"toy: BertTokenizer.* reads '.*' as \[.*\], ours as \[.*trust-tokenizer ours$"
    ):
        export_model(source, tmp_path / "out", ExportOptions(precision="fp32"))
    assert not (tmp_path / "out").exists()
    manifest = export_model(source, tmp_path / "out", ExportOptions(precision="fp32", trust_tokenizer="ours"))
    assert re.fullmatch(r"trusted: ours, although BertTokenizer.* reads '.*' as .*", manifest.verification.tokenizer)
    assert ModelFolder.open(tmp_path / "out").manifest == manifest


def test_where_the_user_replaces_a_setting_the_pieces_are_unverified(tmp_path: Path) -> None:
    steps: list[str] = []
    options = ExportOptions(precision="fp32", case_sensitive=True)
    found = export_model(bert(tmp_path), tmp_path / "out", options, report=steps.append).verification.tokenizer
    assert found.startswith("pieces unverified: with --case-sensitive, BertTokenizer")
    assert f"toy: {found}" in steps


def test_what_transformers_cannot_open_is_unverified(tmp_path: Path) -> None:
    """A bare vocab.txt: transformers 4 raises an error, and 5 knows special pieces only."""
    source = toy.write_checkpoint(tmp_path / "toy")
    (source / "tokenizer.json").unlink()
    (source / "vocab.txt").write_text("\n".join(toy.vocabulary()))
    found = export_model(source, tmp_path / "out", ExportOptions(precision="fp32"))
    assert found.verification.tokenizer.startswith("pieces unverified: transformers ")


@pytest.mark.parametrize("value", [1e30, 3e38])
def test_weights_that_are_too_large_are_an_error_of_the_export(tmp_path: Path, value: float) -> None:
    source = toy.write_checkpoint(tmp_path / "toy")
    tensors = load_file(source / "model.safetensors")
    tensors = {name: np.full_like(tensor, value) for name, tensor in tensors.items()}
    save_file(tensors, source / "model.safetensors")
    with pytest.raises(ExportError, match="too large"):
        export_model(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_tags_file_that_an_error_advises_reaches_the_reference(tmp_path: Path) -> None:
    source = toy.write_checkpoint(tmp_path / "toy")
    settings = json.loads((source / "config.json").read_text())
    del settings["id2label"], settings["label2id"]
    (source / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ExportError, match=r"no id2label; give the tag of each logit with --tags-file FILE"):
        export_model(source, tmp_path / "out")
    (tmp_path / "tags.txt").write_text("\n".join(toy.TAGS))
    for option in ("--tags-file", "--labels"):
        out = str(tmp_path / option)
        assert main(["export", str(source), out, "--precision", "fp32", option, str(tmp_path / "tags.txt")]) == 0
        assert ModelFolder.open(Path(out)).manifest.tags == toy.TAGS


@pytest.mark.parametrize("length", [0, 2, 25])
def test_a_maximum_length_that_the_model_cannot_have_is_refused(checkpoint: Path, tmp_path: Path, length: int) -> None:
    message = f"the longest sequence must have from 3 to 24 pieces, the model's positions, found {length}"
    with pytest.raises(ExportError, match=message):
        export_model(checkpoint, tmp_path / "out", ExportOptions(max_sentence_length=length))


def test_an_existing_target_is_refused_before_the_work(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="exists; choose another name"):
        export_model(checkpoint / "nowhere", tmp_path)


def test_the_embedded_default_is_the_checkpoint_exported(tmp_path: Path) -> None:
    """Nearly: the last bits of floats change the scales, and with them the rounding of a few weights in a thousand."""
    embedded = ModelFolder.open(default_model()).manifest
    source = CHECKPOINTS / embedded.name
    found = export_model(source, tmp_path / "out", ExportOptions(max_sentence_length=embedded.max_pieces))
    assert (found.license, found.language) == (embedded.license, embedded.language)
    assert found.source.items() >= embedded.source.items()  # tokenizer_config.json didn't count then
    assert found.files["tokenizer.json"] == embedded.files["tokenizer.json"]
    new, old = (onnx.load(folder / "model.onnx").graph for folder in (tmp_path / "out", default_model()))
    assert [node.op_type for node in new.node] == [node.op_type for node in old.node]
    for tensor, other in zip(new.initializer, old.initializer, strict=True):
        assert (tensor.name, tensor.data_type, tensor.dims) == (other.name, other.data_type, other.dims)
        made, kept = numpy_helper.to_array(tensor), numpy_helper.to_array(other)
        if tensor.data_type == onnx.TensorProto.FLOAT:
            np.testing.assert_allclose(made, kept, rtol=1e-4, atol=1e-6)
        elif tensor.data_type == onnx.TensorProto.INT8 and tensor.name.endswith(".weight"):
            off = np.abs(made.astype(int) - kept)
            assert off.max() <= 3, tensor.name
            assert (off != 0).mean() < 0.005, tensor.name  # 0.0022 on a CPU without AVX512
        else:
            np.testing.assert_array_equal(made, kept, tensor.name)
