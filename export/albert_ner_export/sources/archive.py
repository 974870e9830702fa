"""Files in a folder or a zip, read alike. A zip is judged by its directory before anything of it is decompressed.

Nothing is ever extracted: members are read into memory, by name.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path, PurePath, PurePosixPath

from albert_ner_onnx.errors import ExportError

MAX_RATIO = 100
"""How many times larger than the zip its content may be, of each member and in all; weights reach 2, text 20."""
MAX_TOTAL = 16 << 30
"""Bytes of content; an ALBERT-xxlarge has less than 1 GB."""
MAX_MEMBERS = 10_000

_REGULAR_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: the writer's system has no types
_ENCRYPTED = 0x1
_DEFLATED_NOTHING = 2  # bytes


class Archive(ABC):
    """Files by their path within a folder or a zip, with `/` between its parts.

    Attributes:
        path: Where it lies, for messages.
        sha256: Checksum of each file that was read, by its path.
    """

    def __init__(self, path: PurePath, limit: int) -> None:
        """Names an archive, and limits how many bytes the zips within it may hold."""
        self.path = path
        self.sha256: dict[str, str] = {}
        self._limit = limit

    @abstractmethod
    def names(self) -> list[str]:
        """The files, sorted."""

    @abstractmethod
    def _read(self, name: str) -> bytes: ...

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            ExportError: There is none of that name, or it is damaged.
        """
        data = self._read(name)
        self.sha256[name] = hashlib.sha256(data).hexdigest()
        return data

    def open_zip(self, name: str) -> Zip:
        """A file that is itself a zip. What limits this archive limits what is in that one, as ratios would multiply.

        Raises:
            ExportError: It is none, or one that isn't read.
        """
        return Zip(self.read(name), self.path / name, self._limit)


class _Folder(Archive):
    """A folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, MAX_TOTAL)
        self._root = path

    def names(self) -> list[str]:
        return sorted(file.relative_to(self._root).as_posix() for file in self._root.rglob("*") if file.is_file())

    def _read(self, name: str) -> bytes:
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise ExportError(f"{self.path / name}: can't be read ({error.strerror}); copy the archive again") from None


class Zip(Archive):
    """A zip."""

    def __init__(self, source: Path | bytes, path: PurePath, limit: int = MAX_TOTAL) -> None:
        """Reads the directory of a zip and refuses what no honest writer makes.

        Args:
            source: The file, or its bytes.
            path: Where it lies, for messages.
            limit: Bytes that its content may have.

        Raises:
            ExportError: It is damaged, or holds traversal, links, duplicates, encrypted members or a bomb.
        """
        self._source = source
        try:
            size = source.stat().st_size if isinstance(source, Path) else len(source)
            with self._open() as file:
                members = file.infolist()
        except OSError as error:
            raise ExportError(f"{path}: can't be read ({error.strerror}); copy the archive again") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ExportError(f"{path}: no zip, or a damaged one ({error}); copy the archive again") from None
        if problem := _problem(members, size, limit):
            raise ExportError(f"{path}: {problem}; such a zip isn't read: make one of the saved folder's files alone")
        super().__init__(path, min(limit, MAX_RATIO * size))
        self._members = {member.filename: member for member in members if not member.is_dir()}

    def names(self) -> list[str]:  # noqa: D102 (as in the base)
        return sorted(self._members)

    def _open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._source if isinstance(self._source, Path) else io.BytesIO(self._source))

    def _read(self, name: str) -> bytes:
        if name not in self._members:
            raise ExportError(f"{self.path / name}: missing; copy the archive again")
        try:
            with self._open() as file:
                return file.read(self._members[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise ExportError(f"{self.path / name}: damaged ({error}); copy the archive again") from None


def _problem(members: list[zipfile.ZipInfo], size: int, limit: int) -> str | None:
    """What is wrong with a zip's directory."""
    if len(members) > MAX_MEMBERS:
        return f"{len(members)} members, at most {MAX_MEMBERS} are expected"
    for member in members:
        if problem := _member_problem(member):
            return f"member {member.orig_filename[:100]!r} {problem}"
    names = Counter(member.filename.removesuffix("/") for member in members)
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    for member in members:
        name = member.filename.removesuffix("/")
        if names[name] > 1 or (name in folders and not member.is_dir()):
            return f"two members are named {name[:100]!r}"
    if sum(member.compress_size for member in members) > size:
        return f"members overlap: they have more than the zip's {size} bytes"
    total = sum(member.file_size for member in members)
    if total > min(limit, MAX_RATIO * size):
        return f"{total} bytes of content, at most {min(limit, MAX_RATIO * size)} are expected"
    return None


def _member_problem(member: zipfile.ZipInfo) -> str | None:
    """What is wrong with a member, from its entry in the directory."""
    name = member.orig_filename  # as stored: `filename` ends at a NUL
    parts = name.removesuffix("/").split("/")
    kind, compression = stat.S_IFMT(member.external_attr >> 16), member.compress_type
    stored = compression == zipfile.ZIP_STORED
    checks = {
        "has a name that leads out of the zip": ".." in parts,
        "has an absolute path": name.startswith("/") or re.match("[A-Za-z]:", name),
        "has a name that isn't a plain path": "" in parts or "." in parts or re.search(r"[\0-\x1f\\]", name),
        "is a link or a device": kind not in _REGULAR_TYPES,
        "is encrypted": member.flag_bits & _ENCRYPTED,
        "is compressed otherwise than by deflate": not stored and compression != zipfile.ZIP_DEFLATED,
        "doesn't declare its size": not member.file_size and member.compress_size > _DEFLATED_NOTHING,
        "is stored with two sizes": stored and member.file_size != member.compress_size,
        f"declares over {MAX_RATIO} times its compressed size": member.file_size > MAX_RATIO * member.compress_size,
    }
    return next((problem for problem, found in checks.items() if found), None)


def open_archive(path: Path) -> Archive:
    """A folder or a zip as an archive.

    Raises:
        ExportError: It is neither, or a zip that isn't read.
    """
    return _Folder(path) if path.is_dir() else Zip(path, path)
