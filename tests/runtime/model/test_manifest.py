import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import ModelError, default_model, load
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import Manifest
from toy_models import FP32, INT8, IO


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(INT8, tmp_path / "model"))


@pytest.mark.parametrize("folder", [default_model(), FP32, INT8, IO], ids=lambda folder: folder.name)
def test_what_is_read_is_what_was_written(folder: Path) -> None:
    manifest = ModelFolder.open(folder).manifest
    assert Manifest.from_json(manifest.to_json().encode()) == manifest
    assert_holds(json.loads(manifest.to_json()), json.loads((folder / "manifest.json").read_text()))


def assert_holds(found: Any, written: Any) -> None:
    """A model that is older than a field has its default."""
    if not isinstance(written, dict):
        assert found == written
        return
    for name in written:
        assert_holds(found[name], written[name])


def test_the_default_states_its_licence_and_language() -> None:
    manifest = ModelFolder.open(default_model()).manifest
    assert (manifest.license, manifest.language, manifest.precision) == ("Apache-2.0", "en", "int8")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 3, "schema_version must be from 1 to 2, found 3: if the model is newer"),
        ("schema_version", 0, "schema_version must be from 1 to 2, found 0"),
        ("schema_version", True, "schema_version must be from 1 to 2, found True"),
        ("schema_version", None, "schema_version must be from 1 to 2, found None"),
        ("tags", "O", "tags must be tuple"),
        ("tags", [], "tags must hold 'O', and all others must be unique, found []"),
        ("tags", ["O", "I-X", "I-X"], "all others must be unique, found ['O', 'I-X', 'I-X']"),
        ("ignored_labels", ["X"], "ignored_labels must be some of the tags and not 'O', found ['X']"),
        ("ignored_labels", ["O"], "ignored_labels must be some of the tags and not 'O', found ['O']"),
        ("tags", ["O", 1], "tags must be tuple"),
        ("scheme", "IOB3", "scheme must be one of IOB2, IO, IOBES, BILOU, none, IOB1, found 'IOB3'"),
        ("tags", ["O", ""], "tags must not be empty"),
        ("cls_id", -5, "cls_id and sep_id must be 0 or more, found -5"),
        ("precision", "int4", "precision must be one of int8, fp32, found 'int4'"),
        ("max_pieces", "512", "max_pieces must be int, found '512'"),
        ("max_pieces", True, "max_pieces must be int"),
        ("max_pieces", 2, "max_pieces must be 3 or more, found 2"),
        ("license", 3, "license must be str | None"),
        ("files", {}, "no checksum of model.onnx"),
        ("files", {"model.onnx": 1}, "files must be Mapping"),
        ("verification", [], "verification must be an object, found list"),
        ("verification", {}, "verification.reference is missing"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(model: Path, key: str, value: Any, message: str) -> None:
    data = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps(data | {key: value}))
    with pytest.raises(ModelError) as error:
        ModelFolder.open(model)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(model: Path, content: bytes) -> None:
    (model / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json: "):
        load(model)


def test_a_missing_key_is_named(model: Path) -> None:
    data = json.loads((model / "manifest.json").read_text())
    del data["cls_id"]
    (model / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="cls_id is missing"):
        load(model)


@pytest.mark.parametrize(
    ("change", "found"), [({}, True), ({"preserve_position": False}, False), ({"preserve_position": True}, True)]
)
def test_older_models_do_not_say_what_chunks_are(model: Path, change: dict[str, bool], found: bool) -> None:
    data = json.loads((model / "manifest.json").read_text())
    kept = {"exact": False, "masked_piece": None, "white_list": None, "has_no_schema": False} | change
    (model / "manifest.json").write_text(json.dumps(data | {"spark_nlp": kept}))
    manifest = ModelFolder.open(model).manifest
    assert manifest.spark_nlp is not None
    assert manifest.spark_nlp.preserve_position == found
    assert json.loads(manifest.to_json())["spark_nlp"] == kept | {"preserve_position": found}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tags": ["O", "B-PER"]}, "gives logits [1, 2, 5], but the manifest's 2 tags need [1, 2, 2]"),
        ({"tags": ["O", *(f"B-{number}" for number in range(5))]}, "but the manifest's 6 tags need [1, 2, 6]"),
        ({"cls_id": 99999}, "ONNX Runtime failed on input_ids [1, 2]"),
    ],
)
def test_a_manifest_that_does_not_fit_its_model_is_refused(model: Path, change: dict[str, Any], message: str) -> None:
    data = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps(data | change))
    with pytest.raises(ModelError) as error:
        load(model)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{model}: ")
    assert "\n" not in str(error.value)


def test_schema_1_stated_some_shares_in_per_cent() -> None:
    new = json.loads((INT8 / "manifest.json").read_text())
    gold = {"file": "gold.conll", "words": 3, "float32_f1": 0.75, "int8_f1": 0.5}
    new["quantization"]["quality"] |= {"min_agreement": 0.995, "gold": gold}
    old = json.loads(json.dumps(new)) | {"schema_version": 1}
    old_gold = {"file": "gold.conll", "words": 3, "float32_fb1": 75, "int8_fb1": 50}
    old["quantization"]["quality"] |= {"min_agreement": 99.5, "gold": old_gold}
    assert Manifest.from_json(json.dumps(old).encode()) == Manifest.from_json(json.dumps(new).encode())
    for data in (old, new):
        data["quantization"]["quality"]["gold"] = None
    assert Manifest.from_json(json.dumps(old).encode()) == Manifest.from_json(json.dumps(new).encode())
    for damaged in (None, 1, {}, {"quality": None}, {"quality": {"min_agreement": None}}):
        with pytest.raises(ModelError) if damaged is not None else nullcontext():
            Manifest.from_json(json.dumps(old | {"quantization": damaged}).encode())
