"""Writing a package so that a crash at any moment leaves the old one or the new one, whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import MANIFEST


def check_target(out: Path, force: bool, source: Path | None = None) -> None:
    """Refuses a target that can't be written or must not be replaced: before the work, not behind it.

    Only a package is ever replaced, and nothing that `source` is part of.

    Raises:
        ExportError: As said.
    """
    out = out.absolute()
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent}: no such folder to write {out.name} into; create it first")
    if not os.access(out.parent, os.W_OK):
        raise ExportError(f"{out.parent}: can't be written to; choose another folder")
    if not os.path.lexists(out):
        return
    if not force:
        raise ExportError(f"{out}: exists; choose another name or replace it with --force")
    if not (out / MANIFEST).is_file() or out.is_symlink():
        raise ExportError(f"{out}: exists and is no model package (no {MANIFEST} in it); choose another name")
    target = out.resolve()
    for kept in (Path.cwd(), *([] if source is None else [source.resolve()])):
        if target == kept or target in kept.parents:
            raise ExportError(f"{out}: replacing it would remove {kept}; choose another name")
    old = _old(out)
    if os.path.lexists(old):
        raise ExportError(f"{old}: exists, and is where the replaced package would be kept meanwhile; move it away")


def write_model_folder(out: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Writes the files beside `out`, flushes them to the disk and renames the folder into place.

    With `force` an existing package is renamed to `OUT.old` first, and removed last.

    Raises:
        ExportError: It can't be written; an existing package is where it was.
    """
    out = out.absolute()
    old = _old(out)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            for name, data in files.items():
                _write(temporary / name, data)
            temporary.chmod(0o777 & ~_umask())
            _sync_folder(temporary)
            check_target(out, force)  # again, as an export takes minutes
            replaced = os.path.lexists(out)
            if replaced:
                out.rename(old)
            try:
                temporary.rename(out)
            except OSError:
                if replaced:
                    old.rename(out)
                raise
            _sync_folder(out.parent)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if replaced:
            shutil.rmtree(old)
    except OSError as error:
        raise ExportError(f"{out}: can't be written ({error.strerror})") from None


def _old(out: Path) -> Path:
    return out.with_name(f"{out.name}.old")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
