"""Writing a package so that a crash at any moment leaves the old one or the new one, whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from albert_ner_onnx.errors import ExportError


def check_target(out: Path, force: bool) -> None:
    """Refuses a target that exists, unless forced, or whose folder doesn't: before the work, not behind it.

    Raises:
        ExportError: As said.
    """
    if os.path.lexists(out) and not force:
        raise ExportError(f"{out}: exists; choose another name or replace it with --force")
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent}: no such folder to write {out.name} into; create it first")


def write_package(out: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Writes the files beside `out`, flushes them to the disk and renames the folder into place.

    With `force` an existing one is renamed to `OUT.old` first, and removed last.

    Raises:
        ExportError: It can't be written.
    """
    old = out.with_name(f"{out.name}.old")
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            for name, data in files.items():
                _write(temporary / name, data)
            temporary.chmod(0o755)
            _sync_folder(temporary)
            check_target(out, force)  # again, as an export takes minutes
            if os.path.lexists(out):
                _remove(old)
                out.rename(old)
            temporary.rename(out)
            _sync_folder(out.parent)
        except BaseException:
            _remove(temporary)
            raise
        _remove(old)
    except OSError as error:
        raise ExportError(f"{out}: can't be written ({error.strerror})") from None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
