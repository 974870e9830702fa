"""Models that come with a job: packed the same each time, unpacked once a machine, and checked."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import albert_ner_onnx
from albert_ner_onnx import ModelError
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import MANIFEST, MODEL
from toy_models import INT8

pytest.importorskip("pyspark")

from albert_ner_onnx.integrations.spark import shipping


class Session:
    """What `ship` needs of a session."""

    def __init__(self) -> None:
        self.added: list[tuple[str, dict[str, Any]]] = []

    def addArtifacts(self, path: str, **kind: Any) -> None:  # noqa: N802
        self.added.append((path, kind))


@pytest.fixture
def packed(tmp_path: Path) -> tuple[Path, str]:
    """The file that a job ships, and its checksum."""
    session = Session()
    place = shipping.ship(session, ModelFolder.open(INT8))
    assert place.archive is not None
    assert place.checksum == hashlib.sha256((INT8 / MANIFEST).read_bytes()).hexdigest()
    ((path, kind),) = session.added
    assert kind == {"file": True}
    return Path(shutil.copy(path, tmp_path)), place.checksum


def test_a_model_is_packed_the_same_each_time(packed: tuple[Path, str], tmp_path: Path) -> None:
    """Spark refuses a second file of the same name with other bytes."""
    first = packed[0].read_bytes()
    (tmp_path / "again").mkdir()
    code = (
        "import sys, pathlib, shutil\n"
        "from albert_ner_onnx.integrations.spark import shipping\n"
        "from albert_ner_onnx.model.folder import ModelFolder\n"
        "class Session:\n"
        "    def addArtifacts(self, path, file): shutil.copy(path, sys.argv[2])\n"
        "shipping.ship(Session(), ModelFolder.open(pathlib.Path(sys.argv[1])))\n"
    )
    subprocess.run([sys.executable, "-c", code, INT8, tmp_path / "again"], check=True)
    assert (tmp_path / "again" / packed[0].name).read_bytes() == first


def test_it_is_unpacked_once(packed: tuple[Path, str], tmp_path: Path) -> None:
    folder = shipping.unpack(*packed, tmp_path)
    assert albert_ner_onnx.load(folder).recognize("Kofi Annan") == albert_ner_onnx.load(INT8).recognize("Kofi Annan")
    before = (folder / MODEL).stat()
    packed[0].unlink()  # the second worker doesn't need it
    assert shipping.unpack(*packed, tmp_path) == folder
    assert (folder / MODEL).stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", ["remove", "change", "stop"])
def test_a_damaged_copy_is_unpacked_again(packed: tuple[Path, str], tmp_path: Path, damage: str) -> None:
    folder = shipping.unpack(*packed, tmp_path)
    if damage == "remove":
        (folder / MODEL).unlink()
    elif damage == "change":
        (folder / MANIFEST).write_text((folder / MANIFEST).read_text() + " ")
    else:
        for name in (MODEL, MANIFEST):
            (folder / name).unlink()
    assert albert_ner_onnx.load(shipping.unpack(*packed, tmp_path))


def test_a_damaged_or_missing_or_other_file_is_an_error(packed: tuple[Path, str], tmp_path: Path) -> None:
    archive, checksum = packed
    with pytest.raises(ModelError, match="isn't the model that the driver sent"):
        shipping.unpack(archive, "0" * 64, tmp_path)
    assert not (tmp_path / ("0" * 64)).exists()
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as changed, zipfile.ZipFile(archive) as source:
        for name in source.namelist():
            changed.writestr(name, source.read(name)[: -1 if name == MODEL else None])
    with pytest.raises(ModelError, match="isn't the model that the driver sent"):
        shipping.unpack(tmp_path / "changed.zip", checksum, tmp_path)
    archive.write_bytes(archive.read_bytes()[:1000])
    with pytest.raises(ModelError, match="can't be unpacked"):
        shipping.unpack(archive, checksum, tmp_path)
    with pytest.raises(ModelError, match="can't be unpacked"):
        shipping.unpack(tmp_path / "missing.zip", checksum, tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.name.startswith(checksum)) == [".lock"]


def test_workers_that_come_at_once_unpack_it_once(packed: tuple[Path, str], tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    code = (
        "import sys, pathlib, shutil, time\n"
        "from albert_ner_onnx.integrations.spark import shipping\n"
        "move = pathlib.Path.rename\n"
        "def rename(path, target):\n"
        "    print('unpacked', flush=True); time.sleep(0.1); return move(path, target)\n"
        "pathlib.Path.rename = rename\n"
        "archive, checksum, root = sys.argv[1:]\n"
        "shipping.unpack(pathlib.Path(archive), checksum, pathlib.Path(root))\n"
    )
    command = [sys.executable, "-c", code, *map(str, (*packed, tmp_path))]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sorted(worker.communicate()[0] for worker in workers) == ["", "", "", "unpacked\n"]
    assert [worker.returncode for worker in workers] == [0] * 4


def test_the_shared_folder_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = shipping.shared_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert shipping.shared_folder() == folder
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(ModelError, match="must be a folder of the user"):
        shipping.shared_folder()
    folder.unlink()
    folder.mkdir()
    if hasattr(os, "getuid"):
        user = os.getuid()
        monkeypatch.setattr("os.getuid", lambda: user + 1)
        folder.rename(tmp_path / f"albert-ner-onnx-{user + 1}")
        with pytest.raises(ModelError, match=f"must be a folder of the user {user + 1}"):
            shipping.shared_folder()
