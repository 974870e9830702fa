import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from albert_ner_onnx import ModelError, default_model, load
from albert_ner_onnx.model.manifest import Manifest
from toy_models import FP32, INT8, IO


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(shutil.copytree(INT8, tmp_path / "package"))


@pytest.mark.parametrize("folder", [default_model(), FP32, INT8, IO], ids=lambda folder: folder.name)
def test_what_is_read_is_what_was_written(folder: Path) -> None:
    assert Manifest.read(folder).to_json() == (folder / "manifest.json").read_text()


def test_the_default_states_its_licence_and_language() -> None:
    manifest = Manifest.read(default_model())
    assert (manifest.license, manifest.language, manifest.precision) == ("Apache-2.0", "en", "int8")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 2, "schema version 2, this version of albert-ner-onnx reads 1"),
        ("schema_version", None, "schema version None"),
        ("tags", "O", "tags must be tuple"),
        ("tags", [], "tags must be unique and hold 'O'"),
        ("tags", ["O", "O"], "tags must be unique"),
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
        ("verification", [], "verification. must be an object, found list"),
        ("verification", {}, "verification.reference is missing"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(package: Path, key: str, value: Any, message: str) -> None:
    data = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps(data | {key: value}))
    with pytest.raises(ModelError) as error:
        Manifest.read(package)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(package: Path, content: bytes) -> None:
    (package / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json: "):
        load(package)


def test_a_missing_key_is_named(package: Path) -> None:
    data = json.loads((package / "manifest.json").read_text())
    del data["cls_id"]
    (package / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="cls_id is missing"):
        load(package)


@pytest.mark.parametrize(
    ("change", "found"), [({}, True), ({"preserve_position": False}, False), ({"preserve_position": True}, True)]
)
def test_older_packages_do_not_say_what_chunks_are(package: Path, change: dict[str, bool], found: bool) -> None:
    data = json.loads((package / "manifest.json").read_text())
    kept = {"exact": False, "masked_piece": None, "white_list": None, "has_no_schema": False} | change
    (package / "manifest.json").write_text(json.dumps(data | {"spark_nlp": kept}))
    manifest = Manifest.read(package)
    assert manifest.spark_nlp is not None
    assert manifest.spark_nlp.preserve_position == found
    assert json.loads(manifest.to_json())["spark_nlp"] == kept | {"preserve_position": found}


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_flipped_bit_is_refused(package: Path, name: str) -> None:
    data = bytearray((package / name).read_bytes())
    data[len(data) // 2] ^= 1
    (package / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"{name}: damaged, sha256"):
        load(package)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.raises(ModelError, match=name):
        load(package)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere: no such folder"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tags": ["O", "B-PER"]}, "gives logits [1, 2, 5], the manifest's 2 tags need [1, 2, 2]"),
        ({"tags": ["O", *(f"B-{number}" for number in range(5))]}, "the manifest's 6 tags need [1, 2, 6]"),
        ({"cls_id": 99999}, "ONNX Runtime failed on input_ids [1, 2]"),
    ],
)
def test_a_manifest_that_does_not_fit_its_model_is_refused(package: Path, change: dict[str, Any], message: str) -> None:
    data = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps(data | change))
    with pytest.raises(ModelError) as error:
        load(package)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{package}: ")
    assert "\n" not in str(error.value)


def test_an_unknown_splitter_is_named(package: Path) -> None:
    data = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps(data | {"word_splitter": "mecab"}))
    with pytest.raises(ModelError, match="unknown word splitter 'mecab'; expected one of conll"):
        load(package)
