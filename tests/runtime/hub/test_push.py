"""What is published, and that it is the same model when it is loaded again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from albert_ner_onnx import InputError, MissingExtraError, ModelError, load
from albert_ner_onnx.cli import main
from albert_ner_onnx.hub.push import hub_files, push, write_folder
from albert_ner_onnx.model.folder import ModelFolder
from hub_stand_in import StandIn
from toy_models import INT8

pytest.importorskip("huggingface_hub")
# How huggingface_hub 2 calls its own library for HTTP when Xet is turned off
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TEXT = "John Smith lives in Berlin."
OURS = {"README.md", "manifest.json", "tokenizer.json", "onnx/model.onnx"}


@pytest.fixture
def published() -> dict[str, bytes]:
    return hub_files(ModelFolder.open(INT8), "anna/toy")


@pytest.fixture
def _logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_test")


def test_the_layout_of_the_hub(published: dict[str, bytes]) -> None:
    assert published.keys() == OURS
    assert published["onnx/model.onnx"] == (INT8 / "model.onnx").read_bytes()
    manifest = json.loads(published["manifest.json"])
    own = json.loads((INT8 / "manifest.json").read_bytes())
    assert manifest["files"] == {
        "onnx/model.onnx": own["files"]["model.onnx"],
        "tokenizer.json": own["files"]["tokenizer.json"],
    }
    assert manifest | {"files": {}} == own | {"files": {}}


def test_fields_of_a_newer_manifest_are_kept(tmp_path: Path) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    manifest = json.loads((model / "manifest.json").read_bytes()) | {"of_tomorrow": [1]}
    (model / "manifest.json").write_text(json.dumps(manifest))
    assert json.loads(hub_files(ModelFolder.open(model), "anna/toy")["manifest.json"])["of_tomorrow"] == [1]


@pytest.mark.usefixtures("_logged_in")
def test_what_was_pushed_is_loaded_again(hub: StandIn, published: dict[str, bytes]) -> None:
    address = push(published, "anna/toy")
    assert address == f"{hub.endpoint}/anna/toy/commit/{hub.refs['main']}"
    assert len(hub.messages) == 1
    assert hub.commits[hub.refs["main"]] == published | {".gitattributes": b""}
    assert not hub.private
    again = load("anna/toy")
    assert again.analyze(TEXT) == load(INT8).analyze(TEXT)
    # A pushed model can be pushed again, from the cache
    assert hub_files(again.folder, "anna/toy") == published


@pytest.mark.usefixtures("_logged_in")
def test_the_command(hub: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    push({"a": b""}, "anna/toy", private=True)
    options = ["--private", "--revision", "v1", "--message", "first model"]
    assert main(["push", str(INT8), "anna/toy", *options]) == 0
    assert capsys.readouterr().out == f"{hub.endpoint}/anna/toy/commit/{hub.refs['v1']}\n"
    assert hub.private
    assert hub.messages[-1] == "first model"
    assert hub.commits[hub.refs["v1"]].keys() > OURS
    assert not hub.commits[hub.refs["main"]].keys() & OURS
    for argv in (["--model", "anna/toy@v1", TEXT], ["info", "--model", "anna/toy@v1"]):
        assert main(argv) == 0
        assert capsys.readouterr().out


@pytest.mark.usefixtures("_logged_in")
def test_a_private_model_is_never_published(hub: StandIn, published: dict[str, bytes]) -> None:
    push({"a": b""}, "anna/toy")
    with pytest.raises(ModelError, match="anna/toy: is public on the Hub; make it private in its settings there, or"):
        push(published, "anna/toy", private=True)
    assert len(hub.messages) == 1
    assert not hub.large


def test_dry_run_writes_what_would_be_published(
    hub: StandIn, published: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["push", str(INT8), "anna/toy", "--dry-run", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
    } == published
    assert hub.asked == []
    assert load(out).analyze(TEXT) == load(INT8).analyze(TEXT)
    # An edited card is kept
    (out / "README.md").write_text("---\nlicense: mit\n---\nMine.\n")
    assert hub_files(ModelFolder.open(out), "anna/toy") == published | {"README.md": (out / "README.md").read_bytes()}
    with pytest.raises(InputError, match="out: exists; choose another name"):
        write_folder(published, out)
    with pytest.raises(InputError, match=r"nowhere/out: can't be written \(No such file or directory\)"):
        write_folder(published, tmp_path / "nowhere" / "out")


@pytest.mark.parametrize("repository", ["toy", "anna/toy@v1", "", "a/b/c", "anna/to y", "../toy"])
def test_a_repository_is_owner_and_name(published: dict[str, bytes], repository: str) -> None:
    for call in (lambda: hub_files(ModelFolder.open(INT8), repository), lambda: push(published, repository)):
        with pytest.raises(InputError, match="not a repository on the Hub; expected owner/name"):
            call()


def test_a_damaged_model_is_not_published(tmp_path: Path) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    (model / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json: damaged"):
        hub_files(ModelFolder.open(model), "anna/toy")


@pytest.mark.parametrize("name", ["README.md", "tokenizer.json"])
def test_a_link_is_never_a_way_to_publish_another_file(tmp_path: Path, name: str) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    secret = tmp_path / "secret"
    secret.write_bytes((INT8 / "tokenizer.json").read_bytes())
    (model / name).unlink(missing_ok=True)
    (model / name).symlink_to(secret)
    with pytest.raises(ModelError, match=f"{name}: a link out of the folder, to .*secret"):
        hub_files(ModelFolder.open(model), "anna/toy")


def test_a_model_without_a_licence_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Path(shutil.copytree(INT8, tmp_path / "model"))
    manifest = ModelFolder.open(model).manifest
    (model / "manifest.json").write_text(replace(manifest, license=None).to_json())
    assert main(["push", str(model), "anna/toy", "--dry-run", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err == (
        "albert-ner: warning: the model states no licence, so its card states none; export it with --license\n"
    )
    assert "license" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/repos/create", 401, "the Hub doesn't know who you are; log in with `hf auth login`, or set HF_TOKEN"),
        ("/api/repos/create", 403, "you may not write to anna/toy; use your name or an organization's, and a token"),
        ("/api/models/anna/toy/preupload/main", 403, "you may not write to anna/toy"),
        ("/api/models/anna/toy/commit/main", 500, "can't be uploaded to the Hub ("),
        ("/api/models/anna/toy/commit/main", 404, "no such repository or branch on the Hub that you may write to"),
        ("/anna/toy.git/info/lfs/objects/batch", 413, "can't be uploaded to the Hub ("),
    ],
)
@pytest.mark.usefixtures("_logged_in")
def test_each_refusal_is_one_clear_line(
    hub: StandIn, published: dict[str, bytes], path: str, status: int, message: str
) -> None:
    hub.refused = {path: (status, "")}
    with pytest.raises(ModelError) as error:
        push(published, "anna/toy")
    assert str(error.value).startswith(f"anna/toy: {message}")
    assert str(status) in str(error.value) or "uploaded" not in message
    assert "\n" not in str(error.value)
    assert hub.messages == []


def test_who_is_not_logged_in(
    hub: StandIn, published: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    with pytest.raises(ModelError, match="anna/toy: the Hub doesn't know who you are"):
        push(published, "anna/toy")


def test_offline_nothing_is_sent(hub: StandIn) -> None:
    environment = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "1", "HF_TOKEN": "hf_test"}
    command = [sys.executable, "-m", "albert_ner_onnx", "push", str(INT8), "anna/toy"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    expected = "albert-ner: error: anna/toy: can't be uploaded while HF_HUB_OFFLINE is set; unset it\n"
    assert (found.returncode, found.stdout, found.stderr) == (1, "", expected)
    assert hub.asked == []


def test_without_the_library_the_extra_is_named(published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"publishing a model on the Hugging Face Hub needs huggingface_hub"):
        push(published, "anna/toy")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"writing a model card needs yaml, .*\[hub\]"):
        hub_files(ModelFolder.open(INT8), "anna/toy")
