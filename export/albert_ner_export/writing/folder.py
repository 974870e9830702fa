"""Writes a model folder so that a crash at any moment leaves either the old model or the new one, complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.manifest import MANIFEST


def check_target(out: Path, force: bool, source: Path | None = None) -> None:
    """Checks, before the work begins, that a model can be written to `out`.

    Only a model folder is ever replaced, and never one that contains `source` or the current folder.

    Args:
        out: The folder to write.
        force: Whether to replace a model that is already there.
        source: The checkpoint.

    Raises:
        ExportError: `out` can't be written or must not be replaced.
    """
    out = out.absolute()
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent}: no such folder, so {out.name} can't be written into it; create it first")
    if not os.access(out.parent, os.W_OK):
        raise ExportError(f"{out.parent}: can't be written to; choose another folder")
    if not os.path.lexists(out):
        return
    if not force:
        raise ExportError(f"{out}: exists; choose another name or replace it with --force")
    if not (out / MANIFEST).is_file() or out.is_symlink():
        raise ExportError(f"{out}: exists, but is not a model (it has no {MANIFEST}); choose another name")
    target = out.resolve()
    for kept in (Path.cwd(), *([] if source is None else [source.resolve()])):
        if target == kept or target in kept.parents:
            raise ExportError(f"{out}: replacing it would remove {kept}; choose another name")
    old = _old(out)
    if os.path.lexists(old):
        raise ExportError(f"{old}: exists, but the replaced model must be kept there for a moment; move it away")


def write_model_folder(out: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Writes the files into a temporary folder next to `out`, flushes them to disk and renames the folder to `out`.

    With `force`, an existing model is renamed to `OUT.old` first and removed last.

    Args:
        out: The folder to write.
        files: The content of each file, by name.
        force: Whether to replace a model that is already there.

    Raises:
        ExportError: The folder can't be written. An existing model is left as it was.
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
            check_target(out, force)  # again: an export takes minutes
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
