"""The files of a source: in a folder, in several folders, or in a zip. Each is read with its checksum.

Nothing in a zip is ever extracted: members are read into memory, by name. A zip's directory is checked before any
member is decompressed.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from albert_ner_onnx.errors import ExportError

MAX_RATIO = 100
"""How many times larger than the zip its content may be, per member and in all; weights reach 2, text reaches 20."""
MAX_TOTAL = 16 << 30
"""Upper bound on the bytes of content; an ALBERT-xxlarge has less than 1 GB."""
MAX_MEMBERS = 10_000

_REGULAR_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: the writer's system has no file types
_ENCRYPTED = 0x1
_DEFLATED_NOTHING = 2  # bytes


class Files(ABC):
    """Files by name: the path within a folder or zip, with `/` between its parts.

    Attributes:
        path: Where the files are, for messages.
        sha256: Checksum of each file that has been read, by name.
    """

    def __init__(self, path: PurePath, limit: int = MAX_TOTAL) -> None:
        """Sets the path, and how many bytes a zip among the files may hold."""
        self.path = path
        self.sha256: dict[str, str] = {}
        self._limit = limit

    @abstractmethod
    def names(self) -> list[str]:
        """Returns the names of all files, sorted."""

    @abstractmethod
    def locate(self, name: str) -> PurePath:
        """Returns the path of a file, for messages; of one that doesn't exist, the path where it is expected."""

    @abstractmethod
    def _read(self, name: str) -> bytes: ...

    def read(self, name: str) -> bytes:
        """Reads a file.

        Raises:
            ExportError: It doesn't exist or is damaged.
        """
        data = self._read(name)
        self.sha256[name] = hashlib.sha256(data).hexdigest()
        return data

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a file that holds a JSON object.

        Raises:
            ExportError: It can't be read, or holds something else.
        """
        try:
            data = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise ExportError(f"{self.locate(name)}: not JSON ({error}); copy or save the file again") from None
        if not isinstance(data, dict):
            raise ExportError(f"{self.locate(name)}: must be a JSON object, found {type(data).__name__}")
        return data

    def open_zip(self, name: str) -> Zip:
        """Opens a file that is itself a zip. It is limited by what limits these files, as ratios would multiply.

        Raises:
            ExportError: It isn't a zip, or one that is refused.
        """
        return Zip(self.read(name), self.locate(name), self._limit)


class Folder(Files):
    """A folder, or several that are searched as one: each file comes from the first folder that has it."""

    def __init__(self, path: Path, *further: Path) -> None:
        """Names the folders in the order of the search."""
        super().__init__(path)
        self._folders = (path, *further)

    def has(self, name: str) -> bool:
        """Whether one of the folders has a file."""
        return self.locate(name).is_file()

    def names(self) -> list[str]:  # noqa: D102 (as in the base)
        files = ((folder, file) for folder in self._folders for file in folder.rglob("*") if file.is_file())
        return sorted({file.relative_to(folder).as_posix() for folder, file in files})

    def locate(self, name: str) -> Path:
        """Returns the path of a file; of one that doesn't exist, the path in the first folder."""
        places = [folder / name for folder in self._folders]
        return next((place for place in places if place.is_file()), places[0])

    def _read(self, name: str) -> bytes:
        try:
            return self.locate(name).read_bytes()
        except OSError as error:
            raise ExportError(
                f"{self.locate(name)}: can't be read ({error.strerror}), but is part of the checkpoint; copy it again"
            ) from None


class Zip(Files):
    """A zip."""

    def __init__(self, source: Path | bytes, path: PurePath, limit: int = MAX_TOTAL) -> None:
        """Reads the directory of a zip, and refuses what no honest writer makes.

        Args:
            source: The file, or its bytes.
            path: Where it is, for messages.
            limit: Upper bound on the bytes of its content.

        Raises:
            ExportError: It is damaged, or has members that lead out of it, links, duplicates, encrypted members or a
                bomb.
        """
        self._source = source
        try:
            size = source.stat().st_size if isinstance(source, Path) else len(source)
            with self._open() as file:
                members = file.infolist()
        except OSError as error:
            raise ExportError(f"{path}: can't be read ({error.strerror}); copy the archive again") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ExportError(f"{path}: not a zip, or a damaged one ({error}); copy the archive again") from None
        if problem := _problem(members, size, limit):
            raise ExportError(f"{path}: refused, as {problem}; zip the files of the saved folder, and nothing else")
        super().__init__(path, min(limit, MAX_RATIO * size))
        self._members = {member.filename: member for member in members if not member.is_dir()}

    def names(self) -> list[str]:  # noqa: D102 (as in the base)
        return sorted(self._members)

    def locate(self, name: str) -> PurePath:  # noqa: D102 (as in the base)
        return self.path / name

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


def open_files(path: Path) -> Files:
    """Opens a folder or a zip.

    Raises:
        ExportError: It is neither, or a zip that is refused.
    """
    return Folder(path) if path.is_dir() else Zip(path, path)


def _problem(members: list[zipfile.ZipInfo], size: int, limit: int) -> str | None:
    """Returns what is wrong with a zip's directory."""
    if len(members) > MAX_MEMBERS:
        return f"it has {len(members)} members, over the limit of {MAX_MEMBERS}"
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
        return f"its members overlap: together they are larger than its {size} bytes"
    total = sum(member.file_size for member in members)
    if total > min(limit, MAX_RATIO * size):
        return f"its content has {total} bytes, over the limit of {min(limit, MAX_RATIO * size)}"
    return None


def _member_problem(member: zipfile.ZipInfo) -> str | None:
    """Returns what is wrong with a member's entry in the directory."""
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
        "isn't compressed by deflate": not stored and compression != zipfile.ZIP_DEFLATED,
        "doesn't declare its size": not member.file_size and member.compress_size > _DEFLATED_NOTHING,
        "is stored with two sizes": stored and member.file_size != member.compress_size,
        f"declares over {MAX_RATIO} times its compressed size": member.file_size > MAX_RATIO * member.compress_size,
    }
    return next((problem for problem, found in checks.items() if found), None)
