"""Models of the Hub are downloaded once, checked, and found again without a network."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from albert_ner_onnx import MissingExtraError, ModelError, default_model, load
from albert_ner_onnx.hub.fetch import find_model
from albert_ner_onnx.model.manifest import Manifest
from hub_stand_in import StandIn
from toy_models import INT8

huggingface_hub = pytest.importorskip("huggingface_hub")

OLD, NEW = "1" * 40, "2" * 40
TEXT = "John Smith lives in Berlin."
NOT_OURS = "if it is an ALBERT checkpoint, make a model of it: `albert-ner export anna/toy FOLDER`"


@pytest.fixture(autouse=True)
def _model(hub: StandIn, files: dict[str, bytes]) -> None:
    hub.commits = {OLD: files, NEW: in_hub_layout(files) | {"README.md": b"", "other.bin": b"\0", "onnx/q4.onnx": b""}}
    hub.refs = {"main": NEW, "v1": OLD}


def in_hub_layout(files: dict[str, bytes]) -> dict[str, bytes]:
    manifest = json.loads(files["manifest.json"])
    manifest["files"]["onnx/model.onnx"] = manifest["files"].pop("model.onnx")
    moved = {"onnx/model.onnx" if name == "model.onnx" else name: data for name, data in files.items()}
    return moved | {"manifest.json": json.dumps(manifest).encode()}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("revision", ["", "@main", f"@{NEW}", "@v1"])
def test_only_the_files_of_the_manifest_are_downloaded(revision: str) -> None:
    recognizer = load(f"anna/toy{revision}")
    commit, graph = (OLD, "model.onnx") if revision == "@v1" else (NEW, "onnx/model.onnx")
    assert recognizer.folder.path.name == commit
    assert names(recognizer.folder.path) == {"manifest.json", "tokenizer.json", graph}
    assert recognizer.analyze(TEXT) == load(INT8).analyze(TEXT)


def test_a_second_load_asks_only_for_the_commit(hub: StandIn) -> None:
    load("anna/toy")
    hub.asked.clear()
    load("anna/toy")
    assert hub.asked == ["/api/models/anna/toy"]
    hub.asked.clear()
    load(f"anna/toy@{NEW}")
    assert hub.asked == []


def test_a_new_commit_is_noticed(hub: StandIn) -> None:
    hub.refs["main"] = OLD
    assert load("anna/toy").folder.path.name == OLD
    hub.refs["main"] = NEW
    assert load("anna/toy").folder.path.name == NEW


def test_without_a_network_the_cache_serves(unplug: Callable[[], None]) -> None:
    first = load("anna/toy")
    unplug()
    for text in ("anna/toy", "anna/toy@main", f"anna/toy@{NEW}"):
        assert load(text).folder == first.folder
    with pytest.raises(ModelError) as error:
        load("anna/toy@v1")
    assert str(error.value) == (
        "anna/toy@v1: no such folder here, not in the cache, and the Hub can't be reached; connect once to download it"
    )


def child(code: str, hub: StandIn, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    base |= {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "NO_PROXY": "*"}
    return subprocess.run([sys.executable, "-c", code], env=base | environment, capture_output=True, text=True)


def test_offline_as_the_environment_says(hub: StandIn, tmp_path: Path) -> None:
    code = "import albert_ner_onnx; print(albert_ner_onnx.load('anna/toy').folder.path.name)"
    refused = child(code, hub, tmp_path, HF_HUB_OFFLINE="1")
    assert "anna/toy: no such folder here, not in the cache, and HF_HUB_OFFLINE is set" in refused.stderr
    assert hub.asked == []
    assert child(code, hub, tmp_path).stdout == f"{NEW}\n"
    hub.asked.clear()
    found = child(code, hub, tmp_path, HF_HUB_OFFLINE="1")
    assert (found.stdout, found.stderr) == (f"{NEW}\n", "")
    assert hub.asked == []


def test_a_pickle_loads_in_another_process_without_a_network(hub: StandIn, tmp_path: Path) -> None:
    recognizer = load("anna/toy", decoder="argmax")
    (tmp_path / "pickle").write_bytes(pickle.dumps(recognizer))
    code = f"import pickle; print(pickle.load(open({str(tmp_path / 'pickle')!r}, 'rb')).analyze({TEXT!r}).tags)"
    hub.asked.clear()
    found = child(code, hub, tmp_path / "another home", HF_HUB_OFFLINE="1")
    assert (found.stdout, found.stderr) == (f"{recognizer.analyze(TEXT).tags}\n", "")
    assert hub.asked == []


def test_a_folder_comes_first(hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "toy").symlink_to(INT8)
    monkeypatch.chdir(tmp_path)
    assert load("anna/toy").analyze(TEXT) == load(INT8).analyze(TEXT)
    assert hub.asked == []


@pytest.mark.parametrize("model", [Path("anna/toy"), "./anna/toy", "toy", "anna/toy/", "/anna/toy", "anna/toy.onnx"])
def test_what_is_no_id_is_a_missing_folder(hub: StandIn, model: str | Path) -> None:
    with pytest.raises(ModelError, match="no such folder; expected a model made by `albert-ner export`"):
        load(model)
    assert hub.asked == []


def test_the_default_model_and_folders_need_no_hub(hub: StandIn) -> None:
    assert find_model(None) == default_model()
    assert find_model(str(INT8)) == find_model(INT8) == INT8
    assert hub.asked == []


@pytest.mark.parametrize(
    ("text", "refused", "message"),
    [
        ("anna/other", {}, "no such folder here and no such model on the Hub (if it is private, log in with"),
        ("anna/toy@v9", {}, "anna/toy has no revision 'v9' on the Hub; expected a branch, a tag or a commit"),
        ("anna/toy", {"manifest.json": (403, "GatedRepo")}, "gated on the Hub; accept its terms on the page of"),
        ("anna/toy", {"onnx/model.onnx": (401, "GatedRepo")}, "gated on the Hub; accept its terms on the page of"),
        ("anna/toy", {"manifest.json": (404, "EntryNotFound")}, f"has no manifest.json on the Hub; {NOT_OURS}"),
        ("anna/toy", {"tokenizer.json": (404, "EntryNotFound")}, "anna/toy lacks a needed file on the Hub (404 "),
        ("anna/toy", {"": (500, "")}, "no such folder here, not in the cache, and the Hub can't be reached"),
        ("anna/toy", {"": (429, "")}, "can't be downloaded from the Hub (429 "),
        ("a..b/c--d", {}, "can't be downloaded from the Hub (Cannot have -- or .. in repo_id"),
    ],
)
def test_each_refusal_is_one_clear_line(
    hub: StandIn, text: str, refused: dict[str, tuple[int, str]], message: str
) -> None:
    hub.refused = refused
    with pytest.raises(ModelError) as error:
        load(text)
    assert str(error.value).startswith(f"{text}: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b'{"name": "web app"}', "schema_version must be from 1 to"),
        (b"<html>", "can't be read as JSON"),
        (b"[" * 10_000, "can't be read as JSON"),
    ],
)
def test_other_repositories_are_told_apart(hub: StandIn, manifest: bytes, message: str) -> None:
    hub.commits[NEW]["manifest.json"] = manifest
    with pytest.raises(ModelError) as error:
        load("anna/toy")
    assert str(error.value).startswith(f"anna/toy: manifest.json: {message}")
    assert NOT_OURS in str(error.value)


@pytest.mark.parametrize(
    "name", ["../model.onnx", "/etc/passwd", "a/../../b", "a\\b", "C:/x", ".git/config", "", "a//b"]
)
def test_a_manifest_names_only_files_of_its_folder(hub: StandIn, name: str) -> None:
    manifest = json.loads(hub.commits[NEW]["manifest.json"])
    manifest["files"][name] = "0" * 64
    hub.commits[NEW]["manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(ModelError, match="files must be paths inside the folder, found"):
        load("anna/toy")
    assert not any("model.onnx" in path or "passwd" in path for path in hub.asked)


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json"])
def test_checksums_are_checked(hub: StandIn, name: str) -> None:
    hub.commits[NEW][name] += b" "
    with pytest.raises(ModelError, match=rf"{name}: damaged, expected sha256 .*; remove .*/models--anna--toy to downl"):
        load("anna/toy")


def test_links_inside_the_cache_are_followed_and_others_are_not(tmp_path: Path) -> None:
    folder = load("anna/toy").folder.path
    graph = folder / "onnx" / "model.onnx"
    assert graph.is_symlink(), "the cache has links where the file system has them"
    data = graph.read_bytes()
    (tmp_path / "elsewhere.onnx").write_bytes(data)
    graph.unlink()
    graph.symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(ModelError, match=r"onnx/model\.onnx: a link out of the folder, to .*elsewhere\.onnx"):
        load("anna/toy")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", None)
    with pytest.raises(MissingExtraError) as error:
        load("anna/toy")
    assert str(error.value).startswith(
        "there is no folder anna/toy here, and loading it from the Hugging Face Hub needs huggingface_hub"
    )


@pytest.mark.parametrize("model", ["", repr(str(INT8))])
def test_the_library_is_imported_only_for_the_hub(model: str) -> None:
    code = f"import sys, albert_ner_onnx; albert_ner_onnx.load({model}); print('huggingface_hub' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_the_layout_of_the_hub_in_a_folder(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, data in in_hub_layout(files).items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    recognizer = load(tmp_path / "model")
    assert recognizer.analyze(TEXT) == load(INT8).analyze(TEXT)
    assert recognizer.manifest.model_file == "onnx/model.onnx"
    assert recognizer.folder.file_sizes().keys() == {"onnx/model.onnx", "tokenizer.json", "manifest.json"}
    again = Manifest.from_json(recognizer.manifest.to_json().encode())
    assert again == recognizer.manifest
