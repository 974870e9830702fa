import shutil
from pathlib import Path
from typing import Any

import pytest

from albert_ner_export.writing import folder
from albert_ner_export.writing.folder import check_target, write_model_folder
from albert_ner_onnx import ExportError

NEW, OLD = {"manifest.json": b"new", "b": b"\0" * 1000}, {"manifest.json": b"old"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_the_given_files_are_written(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "out", NEW, force=False)
    assert content(tmp_path / "out") == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_a_model_is_replaced_only_with_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)
    with pytest.raises(ExportError, match="out: exists; choose another name or replace it with --force"):
        write_model_folder(out, NEW, force=False)
    assert content(out) == OLD
    write_model_folder(out, NEW, force=True)
    assert content(out) == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link", "link to a model"])
def test_only_a_model_is_ever_replaced(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
        (out / "thesis").write_text("years of work")
    elif kind == "file":
        out.write_bytes(b"old")
    else:
        write_model_folder(tmp_path / "model", OLD, force=False)
        out.symlink_to(tmp_path / ("nowhere" if "dangling" in kind else "model"))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ExportError, match="out: exists, but is not a model"):
        write_model_folder(out, NEW, force=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_the_checkpoint_and_the_current_folder_are_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)
    (out / "inner").mkdir()
    for source in (out, out / "inner", tmp_path / "other" / ".." / "out"):
        with pytest.raises(ExportError, match="out: replacing it would remove"):
            check_target(out, True, source)
    check_target(out, True, tmp_path / "elsewhere")
    monkeypatch.chdir(out / "inner")
    with pytest.raises(ExportError, match="replacing it would remove"):
        check_target(Path(".."), True)


def test_a_folder_in_the_way_of_the_replaced_model_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)
    (tmp_path / "out.old").mkdir()
    with pytest.raises(ExportError, match=r"out\.old: exists, but the replaced model must be kept there"):
        write_model_folder(out, NEW, force=True)
    write_model_folder(tmp_path / "new", NEW, force=True)
    assert (tmp_path / "out.old").exists()


def test_a_relative_name_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_model_folder(Path("out"), NEW, force=False)
    assert content(tmp_path / "out") == NEW


def test_the_parent_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nowhere: no such folder, so out can't be written into it"):
        check_target(tmp_path / "nowhere" / "out", force=False)


@pytest.mark.parametrize("step", ["_write", "_sync_folder", "rename", "second rename"])
def test_after_a_crash_at_any_step_a_complete_model_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A power cut can't be tested; an exception without any clean-up comes close."""
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)
    calls = 0

    class PowerCut(BaseException):
        pass

    def cut(*rest: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == (2 if step == "second rename" else 1):
            raise PowerCut
        rename(*rest)

    rename = Path.rename
    monkeypatch.setattr(shutil, "rmtree", lambda path, **options: None)
    if "rename" in step:
        monkeypatch.setattr(Path, "rename", cut)
    else:
        monkeypatch.setattr(folder, step, cut)
    with pytest.raises(PowerCut):
        write_model_folder(out, NEW, force=True)
    assert content(out if out.exists() else tmp_path / "out.old") == OLD


def test_a_full_disk_is_one_line_and_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "_write", full)
    with pytest.raises(ExportError, match=r"out: can't be written \(No space left on device\)"):
        write_model_folder(out, NEW, force=True)
    assert content(out) == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_model_that_cannot_be_moved_into_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_model_folder(out, OLD, force=False)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.startswith(".out."):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ExportError, match=r"out: can't be written \(Permission denied\)"):
        write_model_folder(out, NEW, force=True)
    assert content(out) == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
