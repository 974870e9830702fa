import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import toy
from albert_ner_export.sources.hugging_face.hub import Snapshot, download
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_onnx import ExportError
from hub_stand_in import StandIn

OLD, NEW = "1" * 40, "2" * 40
NOWHERE = "http://127.0.0.1:1"  # nothing listens on this port


@pytest.fixture(autouse=True)
def _no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StandIn]:
    folder = toy.write_checkpoint(tmp_path / "toy")
    stand_in = StandIn()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    extra = {"README.md": b"---\nlicense: mit\n---\n", "training_args.bin": b"\0", "tokenizer_config.json": b"{}"}
    stand_in.commits = {OLD: files | {"vocab.txt": b""}, NEW: files | extra}
    stand_in.refs = {"main": NEW, "v1": OLD, "feature/x": OLD}
    with stand_in.running():
        yield stand_in


@pytest.fixture
def get(hub: StandIn, tmp_path: Path) -> Callable[..., Snapshot]:
    def get(text: str, *, endpoint: str = hub.endpoint, warn: Callable[[str], None] = pytest.fail) -> Snapshot:
        return download(text, warn, endpoint=endpoint, cache=tmp_path / "cache")

    return get


def names(snapshot: Snapshot) -> set[str]:
    return {path.name for path in snapshot.folder.iterdir()}


def test_only_the_needed_files_of_the_latest_commit(hub: StandIn, get: Callable[..., Snapshot]) -> None:
    snapshot = get("anna/toy")
    assert snapshot.name == f"anna/toy@{NEW}"
    assert names(snapshot) == {
        "config.json",
        "README.md",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    }
    assert not any("training_args" in path for path in hub.asked)
    checkpoint = read_checkpoint(snapshot.folder)
    assert checkpoint.license == "mit"
    expected = toy.tensors(toy.config())
    assert checkpoint.tensors.keys() == expected.keys()
    assert all(np.array_equal(checkpoint.tensors[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("revision", ["v1", OLD, "feature%2Fx"])
def test_a_revision_is_pinned_to_its_commit(hub: StandIn, get: Callable[..., Snapshot], revision: str) -> None:
    hub.refs["feature%2Fx"] = OLD  # as the library writes it into an address
    assert get(f"anna/toy@{revision.replace('%2F', '/')}").name == f"anna/toy@{OLD}"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("model.safetensors", "pytorch_model.bin", "tf_model.h5"), ("model.safetensors",)),
        (("pytorch_model.bin", "tf_model.h5"), ("pytorch_model.bin",)),
        (("tf_model.h5",), ("tf_model.h5",)),
        (("tokenizer.json", "spiece.model", "vocab.txt", "model.safetensors"), ("tokenizer.json", "model.safetensors")),
        (
            ("spiece.model", "tokenizer_config.json", "special_tokens_map.json", "model.safetensors"),
            ("spiece.model", "tokenizer_config.json", "special_tokens_map.json", "model.safetensors"),
        ),
        (
            ("vocab.txt", "added_tokens.json", "flax_model", "model.safetensors"),
            ("vocab.txt", "added_tokens.json", "model.safetensors"),
        ),
    ],
)
def test_of_several_forms_only_the_one_that_is_read(
    hub: StandIn, get: Callable[..., Snapshot], files: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    hub.commits[NEW] = {"config.json": b"{}"} | dict.fromkeys(files, b"x")
    assert names(get("anna/toy")) == {"config.json", *expected}


def test_shards_are_those_of_the_index(hub: StandIn, get: Callable[..., Snapshot], tmp_path: Path) -> None:
    files = hub.commits[NEW]
    path = tmp_path / "toy" / "model.safetensors"
    tensors = load_file(path)
    half = len(tensors) // 2
    del files["model.safetensors"]
    weight_map: dict[str, str] = {}
    for index, part in enumerate((list(tensors)[:half], list(tensors)[half:])):
        save_file({name: tensors[name] for name in part}, path)
        files[f"model-{index}.safetensors"] = path.read_bytes()
        weight_map |= dict.fromkeys(part, f"model-{index}.safetensors")
    files["model.safetensors.index.json"] = json.dumps({"weight_map": weight_map}).encode()
    files["model-2.safetensors"] = b"of another index"
    snapshot = get("anna/toy")
    assert {"model-0.safetensors", "model-1.safetensors"} < names(snapshot)
    assert "model-2.safetensors" not in names(snapshot)
    assert read_checkpoint(snapshot.folder).tensors.keys() == tensors.keys()


def test_what_is_in_the_cache_is_not_downloaded_again(hub: StandIn, get: Callable[..., Snapshot]) -> None:
    first = get("anna/toy")
    hub.asked.clear()
    assert get("anna/toy") == first
    assert hub.asked == ["/api/models/anna/toy", "/anna/toy/resolve/main/config.json"]


def test_without_a_network_the_cache_serves(hub: StandIn, get: Callable[..., Snapshot]) -> None:
    first = get("anna/toy")
    lines: list[str] = []
    for text in ("anna/toy", "anna/toy@main", f"anna/toy@{NEW}"):
        assert get(text, endpoint=NOWHERE, warn=lines.append) == first
    assert lines[0] == f"anna/toy: the Hub can't be reached; using commit {NEW} from the cache"
    assert len(lines) == 3
    (first.folder / "tokenizer_config.json").unlink()  # versions up to 0.2.0 didn't download it
    get("anna/toy", endpoint=NOWHERE, warn=lines.append)
    assert "if the model has a tokenizer_config.json, it isn't in the cache, and is missed; connect once" in lines[-1]
    with pytest.raises(ExportError, match="not in the cache, and the Hub can't be reached"):
        get("anna/toy@v1", endpoint=NOWHERE)


def test_offline_as_the_environment_says(hub: StandIn, tmp_path: Path) -> None:
    code = (
        """from albert_ner_export.sources.hugging_face.hub import download; print(download("anna/toy", print).name)"""
    )

    def child(**environment: str) -> subprocess.CompletedProcess[str]:
        base = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
        base |= {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.endpoint, "NO_PROXY": "*"}
        return subprocess.run([sys.executable, "-c", code], env=base | environment, capture_output=True, text=True)

    refused = child(HF_HUB_OFFLINE="1")
    assert "anna/toy: no such folder here, not in the cache, and HF_HUB_OFFLINE is set" in refused.stderr
    assert child().stdout == f"anna/toy@{NEW}\n"
    hub.asked.clear()
    found = child(HF_HUB_OFFLINE="1")
    assert found.stdout.splitlines()[-1] == f"anna/toy@{NEW}", found.stderr
    assert hub.asked == []


@pytest.mark.parametrize(
    ("text", "refused", "message"),
    [
        ("anna/other", {}, "anna/other: no such folder here and no such model on the Hub (if it is private, log in"),
        ("anna/toy@v9", {}, "anna/toy@v9: anna/toy has no revision 'v9' on the Hub; expected a branch, a tag"),
        ("anna/toy", {"config.json": (403, "GatedRepo")}, "anna/toy: gated on the Hub; accept its terms on"),
        ("anna/toy", {"model.safetensors": (401, "GatedRepo")}, "anna/toy: gated on the Hub"),
        ("anna/toy", {"config.json": (404, "EntryNotFound")}, "anna/toy lacks a needed file on the Hub"),
        ("anna/toy", {"model.safetensors": (404, "EntryNotFound")}, "lacks a needed file on the Hub"),
        (
            "anna/toy",
            {"": (500, "")},
            "anna/toy: no such folder here, not in the cache, and the Hub can't be reached",
        ),
        ("anna/toy", {"": (429, "")}, "anna/toy: can't be downloaded from the Hub (429 "),
        ("a..b/c--d", {}, "a..b/c--d: can't be downloaded from the Hub (Cannot have -- or .."),
        ("anna", {}, "anna: not a model on the Hub; expected owner/name or owner/name@revision"),
    ],
)
def test_each_refusal_is_one_clear_line(
    hub: StandIn, get: Callable[..., Snapshot], text: str, refused: dict[str, tuple[int, str]], message: str
) -> None:
    hub.refused = refused
    with pytest.raises(ExportError) as error:
        get(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_without_weights_is_refused(hub: StandIn, get: Callable[..., Snapshot]) -> None:
    del hub.commits[NEW]["model.safetensors"]
    with pytest.raises(ExportError, match=r"found none of model\.safetensors, .*, tf_model\.h5 in its commit 2222"):
        get("anna/toy")
    assert not any("model" in path.split("/")[-1] for path in hub.asked)


def test_an_index_cannot_lead_out_of_the_folder(hub: StandIn, get: Callable[..., Snapshot]) -> None:
    files = hub.commits[NEW]
    del files["model.safetensors"]
    files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": "../../x"}}).encode()
    with pytest.raises(ExportError, match="weight_map must name files in the checkpoint's folder"):
        get("anna/toy")
