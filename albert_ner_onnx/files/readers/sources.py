"""Which files a run reads: what the user named, found, and in which format each of them is."""

from __future__ import annotations

import glob
import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.compression import compression_of, decompressed, without_suffix

STANDARD_INPUT = "-"
_FORMATS = {
    "text": (".txt", ".md", ".log"),
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
    "arrow": (".arrow", ".feather", ".ipc"),
    "conll": (".conll", ".iob", ".bio"),
}
FORMATS = tuple(_FORMATS)
"""The names of the formats."""
_READ_BYTES = 1 << 16  # so that progress is seen


@dataclass(frozen=True, slots=True)
class Source:
    """Something to read.

    Attributes:
        name: The file as the user named it, or `<stdin>`.
        path: Where it is; `None` for standard input.
        size: Its size in bytes; `None` if it can be read only once, as standard input and pipes.
        modified_ns: When it was changed, in nanoseconds since 1970; `None` if it can be read only once.
    """

    name: str
    path: str | None
    size: int | None = None
    modified_ns: int | None = None

    def open_raw(self) -> io.FileIO:
        """Opens it for reading bytes as they are stored.

        Raises:
            InputError: It can't be opened.
        """
        try:
            # File descriptor 0, because sys.stdin.buffer reads in small blocks
            return io.FileIO(0, "rb", closefd=False) if self.path is None else io.FileIO(self.path, "rb")
        except OSError as error:
            raise unreadable(self.name, error) from None

    def open(self, count: Callable[[int], None]) -> io.BufferedReader:
        """Opens it for reading what it holds, decompressed if its name says so.

        Args:
            count: Is called with the number of bytes, as they are stored, of each read.

        Raises:
            InputError: It can't be opened.
            MissingExtraError: zstandard is needed, and isn't installed.
        """
        raw = _Counted(self.open_raw(), count)
        compression = compression_of(self.name)
        try:
            return decompressed(raw, self.name, compression) if compression else io.BufferedReader(raw)
        except BaseException:
            raw.close()
            raise


class _Counted(io.RawIOBase):
    """A file that tells how much of it is read."""

    def __init__(self, file: io.FileIO, count: Callable[[int], None]) -> None:
        self._file = file
        self._count = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        size = self._file.readinto(memoryview(buffer)[:_READ_BYTES])
        self._count(size)
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def unreadable(name: str, error: OSError) -> InputError:
    """Returns the error for a file that the system can't open or read."""
    return InputError(f"{name}: can't be read ({error.strerror or error})")


def format_of(source: Source) -> str | None:
    """Says which format a source's name stands for. Standard input is text."""
    if source.path is None:
        return "text"
    name = without_suffix(source.name).lower()
    return next((known for known, suffixes in _FORMATS.items() if name.endswith(suffixes)), None)


def find_sources(patterns: Sequence[str], *, any_name: bool = False) -> list[Source]:
    """Finds what a user named: files, directories with all that is in them, globs, and `-` for standard input.

    Files of a directory, and those that a glob names, are in the order of their names. Inside directories, only files
    of a known format count; names that start with `.` or `_` are left out, because those are the system's or a
    program's own, and links to directories aren't followed. A file that is found twice is read once, where it is found
    first.

    Args:
        patterns: What the user named. A name that exists is never taken for a glob.
        any_name: Whether files of a directory also count if their names don't tell a format.

    Raises:
        InputError: One of the names leads to no file.
    """
    if not patterns:
        raise InputError("expected a file, a directory, a glob or - to read, found nothing")
    found: dict[str, Source] = {}
    for pattern in patterns:
        sources = list(_expand(pattern, any_name))
        if not sources:
            way_out = "" if any_name else f"; their names must end in {known_names()}, or choose one with --from"
            raise InputError(f"{pattern}: expected files of a known format, found none{way_out}")
        for source in sources:
            found.setdefault("" if source.path is None else os.path.realpath(source.path), source)
    return list(found.values())


def _expand(pattern: str, any_name: bool) -> Iterator[Source]:
    if pattern == STANDARD_INPUT:
        yield Source("<stdin>", None)
        return
    is_glob = glob.has_magic(pattern) and not os.path.lexists(pattern)
    names = sorted(glob.glob(pattern, recursive=True), key=_parts) if is_glob else [pattern]
    if not names:
        raise InputError(f"{pattern}: expected names of files, found none that fit the pattern")
    for name in names:
        source = _source(name)
        if source is None:
            yield from _search(name, any_name)
        else:
            yield source


def _search(directory: str, any_name: bool) -> Iterator[Source]:
    paths = []
    for folder, folders, names in os.walk(directory, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        paths += [os.path.join(folder, name) for name in names if not name.startswith((".", "_"))]
    for path in sorted(paths, key=_parts):
        if not os.path.isfile(path):
            continue  # a pipe, or a link that leads nowhere or to a directory
        source = _source(path)
        if source is not None and (any_name or format_of(source)):
            yield source


def _refuse(error: OSError) -> None:
    raise unreadable(str(error.filename), error)


def _parts(path: str) -> list[str]:
    return path.split(os.sep)


def _source(path: str) -> Source | None:
    """Looks at a path. `None` if it is a directory."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        return Source(path, path)
    return Source(path, path, status.st_size, status.st_mtime_ns)


def known_names() -> str:
    """Lists the ends of names that tell a format, for error messages."""
    suffixes = [suffix for suffixes in _FORMATS.values() for suffix in suffixes]
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}, with .gz or .zst after it if compressed"
