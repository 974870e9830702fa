from pathlib import Path
from typing import Any

import pytest

from albert_ner_export import package
from albert_ner_export.package import check_target, write_package
from albert_ner_onnx import ExportError

NEW, OLD = {"a": b"new", "b": b"\0" * 1000}, {"a": b"old"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_written_is_all_there_is(tmp_path: Path) -> None:
    write_package(tmp_path / "out", NEW, force=False)
    assert content(tmp_path / "out") == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_exists_stays_unless_forced(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        write_package(out, OLD, force=False)
    elif kind == "file":
        out.write_bytes(b"old")
    else:
        out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ExportError, match="out: exists; choose another name or replace it with --force"):
        write_package(out, NEW, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    write_package(out, NEW, force=True)
    assert content(out) == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_needs_nothing_to_replace_and_clears_what_a_crash_left(tmp_path: Path) -> None:
    write_package(tmp_path / "out", OLD, force=True)
    write_package(tmp_path / "out.old", OLD, force=True)
    write_package(tmp_path / "out", NEW, force=True)
    assert content(tmp_path / "out") == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_parent_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nowhere: no such folder to write out into"):
        check_target(tmp_path / "nowhere" / "out", force=False)


@pytest.mark.parametrize("step", ["_write", "_sync_folder", "rename", "second rename"])
def test_after_a_crash_at_any_step_a_whole_package_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A power cut can't be tested; an exception that no clean-up survives comes close."""
    out = tmp_path / "out"
    write_package(out, OLD, force=False)
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
    monkeypatch.setattr(package, "_remove", lambda path: None)
    if "rename" in step:
        monkeypatch.setattr(Path, "rename", cut)
    else:
        monkeypatch.setattr(package, step, cut)
    with pytest.raises(PowerCut):
        write_package(out, NEW, force=True)
    assert content(out if out.exists() else tmp_path / "out.old") == OLD


def test_a_full_disk_is_one_line_and_leaves_the_old_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_package(out, OLD, force=False)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "_write", full)
    with pytest.raises(ExportError, match=r"out: can't be written \(No space left on device\)"):
        write_package(out, NEW, force=True)
    assert content(out) == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
