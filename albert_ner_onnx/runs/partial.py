"""A file that grows under another name until it is complete."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from albert_ner_onnx.errors import InputError

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

AGAIN = "start again with --overwrite"
_ALL, _OWNER = 0o666, 0o600


class PartialFile:
    """The growing file `NAME.partial`. While it is open, no other run may open it.

    Attributes:
        path: Where it is.
    """

    def __init__(self, complete: Path, *, private: bool = False) -> None:
        """Opens it, and makes it if it isn't there.

        Args:
            complete: The name that it gets when it is complete.
            private: Whether only its owner may read and write it.

        Raises:
            InputError: Another run has it open.
            OSError: It can't be opened.
        """
        self.path = partial_path(complete)
        # A link could lead a private text to where others can read it
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._file = FileIO(os.open(self.path, flags, _OWNER if private else _ALL), "r+b")
        try:
            self._lock()
            if private and hasattr(os, "fchmod"):  # it may be an older file
                os.fchmod(self._file.fileno(), _OWNER)
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        """Keeps other runs out. The lock ends with the process, however that ends."""
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
        except (BlockingIOError, FileNotFoundError):
            same = False
        if not same:  # the file that was opened has become another run's output
            raise InputError(f"{self.path}: another run is writing it; wait until it ends, or choose another name")

    def cut(self, size: int) -> None:
        """Keeps so many bytes, behind which the next ones are written.

        Raises:
            InputError: It has fewer.
        """
        found = os.fstat(self._file.fileno()).st_size
        if found < size:
            raise InputError(f"{self.path}: should have {size} bytes by its journal, found {found}; {AGAIN}")
        self._file.truncate(size)
        self._file.seek(size)

    def append(self, data: bytes) -> None:
        """Writes bytes behind those that are there, and returns when they are on the disk.

        Raises:
            OSError: It can't; the message names the file.
        """
        if not data:
            return
        with named_errors(self.path):
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file, and leaves it where it is."""
        self._file.close()


def partial_path(complete: Path) -> Path:
    """The name of a file while it grows."""
    return complete.with_name(f"{complete.name}.partial")


def check_place(path: Path, *, overwrite: bool) -> None:
    """Checks that a file can appear here.

    Raises:
        InputError: There is one already that may not be overwritten, or something else; or there is no such folder.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: expected the name of a file, found something else; - stands for standard output")
    if not overwrite:
        raise InputError(f"{path}: exists already; choose another name, or replace it with --overwrite")


def sync_folder(folder: Path) -> None:
    """Returns when the names of a folder's files are on the disk, where a system can tell."""
    if os.name == "nt":  # a folder can't be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Names the file in an error of the system, which is silent about it when bytes are written to an open file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
