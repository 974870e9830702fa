import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_export.sources import files as module
from albert_ner_export.sources.files import Zip, open_files
from albert_ner_onnx import ExportError

PATH = PurePath("some.zip")
FILES = {"metadata/part-00000": b'{"class": 1}', "empty": b"", "fields/labels/part-00000": bytes(range(256)) * 9}


def write(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return stream.getvalue()


def member(name: str, data: bytes = b"x", **attributes: object) -> bytes:
    """A zip of one member, with attributes of its ZipInfo as given."""
    stream, info = io.BytesIO(), zipfile.ZipInfo("placeholder")
    with zipfile.ZipFile(stream, "w") as file:
        info.filename = name  # the constructor would clean it
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        file.writestr(info, data)
    return stream.getvalue()


def patched(data: bytes, offset: int, value: int, size: int) -> bytes:
    """A zip whose only entry in the central directory says something else at an offset."""
    start = data.index(b"PK\x01\x02") + offset
    return data[:start] + value.to_bytes(size, "little") + data[start + size :]


def refused(data: bytes) -> str:
    with pytest.raises(ExportError) as error:
        Zip(data, PATH)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(PATH))
    return str(error.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_and_a_folder_read_alike(tmp_path: Path, compression: int) -> None:
    (tmp_path / "zipped.zip").write_bytes(write(FILES, compression))
    for name, data in FILES.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    for path in (tmp_path / "zipped.zip", tmp_path / "folder"):
        found = open_files(path)
        assert found.names() == sorted(FILES)
        assert {name: found.read(name) for name in FILES} == FILES
        assert found.sha256 == {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
        with pytest.raises(ExportError, match="absent"):
            found.read("absent")


def test_a_zip_within_a_folder_and_within_a_zip(tmp_path: Path) -> None:
    inner = write(FILES)
    (tmp_path / "inner").write_bytes(inner)
    for outer in (open_files(tmp_path), Zip(write({"inner": inner}), PATH)):
        opened = outer.open_zip("inner")
        assert {name: opened.read(name) for name in opened.names()} == FILES
        assert opened.path == outer.path / "inner"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../up", "leads out of the zip"),
        ("a/../../up", "leads out of the zip"),
        ("..", "leads out of the zip"),
        ("/etc/passwd", "absolute path"),
        ("C:/windows", "absolute path"),
        ("c:relative", "absolute path"),
        ("a\\..\\b", "isn't a plain path"),
        ("a//b", "isn't a plain path"),
        ("./a", "isn't a plain path"),
        ("a\0.txt", "isn't a plain path"),
        ("a\nb", "isn't a plain path"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, problem: str) -> None:
    assert problem in refused(member(name))


@given(st.text(alphabet="a./\\:C\0", min_size=1, max_size=8))
def test_every_accepted_name_stays_below_the_folder(name: str) -> None:
    try:
        names = Zip(member(name), PATH).names()
    except ExportError:
        return
    for accepted in names:
        target = os.path.normpath(os.path.join("/root/folder", accepted.replace("\\", "/")))
        assert target == f"/root/folder/{accepted}"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    assert "is a link or a device" in refused(member("a", b"/etc/passwd", external_attr=(kind | 0o777) << 16))


@pytest.mark.parametrize("second", ["b", "a/", "a/b"])
def test_two_members_of_one_name_are_refused(second: str) -> None:
    data = write({"a": b"x", second: b""})
    data = data.replace(b"b", b"a") if second == "b" else data  # zipfile itself warns of duplicates
    assert "two members are named 'a'" in refused(data)


BOMB = write({"bomb": b"\0" * 1_000_000})


def test_a_bomb_is_refused_before_it_is_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    def decompress(*_: object) -> None:
        raise AssertionError("decompressed")

    monkeypatch.setattr(zlib, "decompressobj", decompress)
    assert "declares over 100 times its compressed size" in refused(BOMB)


def test_a_bomb_within_a_zip_has_the_limit_of_the_outer_one() -> None:
    """Each ratio is below the limit, but not their product."""
    inner = write({str(index): os.urandom(50) * 180 for index in range(50)})
    outer = Zip(write({"inner": inner}), PATH)
    assert Zip(inner, PATH).names() == outer.open_zip("inner").names()
    with pytest.raises(ExportError, match="its content has 450000 bytes, over the limit of 400000"):
        Zip(write({"inner": inner}), PATH, limit=400_000).open_zip("inner")


CHANGES: list[tuple[str, Callable[[], bytes]]] = [
    ("doesn't declare its size", lambda: patched(write({"a": b"x" * 99}), 24, 0, 4)),
    ("is stored with two sizes", lambda: patched(write({"a": b"x" * 99}, zipfile.ZIP_STORED), 24, 98, 4)),
    ("is encrypted", lambda: patched(write({"a": b"x"}), 8, 1, 2)),
    ("isn't compressed by deflate", lambda: write({"a": b"x" * 99}, zipfile.ZIP_LZMA)),
    ("not a zip, or a damaged one", lambda: b""),
    ("not a zip, or a damaged one", lambda: b"PK\x03\x04" * 20),
    ("not a zip, or a damaged one", lambda: write(FILES)[:-30]),
]


@pytest.mark.parametrize(("problem", "make"), CHANGES)
def test_dishonest_directories_are_refused(problem: str, make: Callable[[], bytes]) -> None:
    assert problem in refused(make())


def test_a_member_that_is_longer_than_declared_gives_no_more_than_declared() -> None:
    data = write({"a": bytes(range(256)) * 20})
    with pytest.raises(ExportError, match=r"some.zip/a: damaged"):
        Zip(patched(data, 24, 1000, 4), PATH).read("a")


def test_overlapping_members_are_refused() -> None:
    """Entries that share one compressed member multiply it without any ratio above the limit."""
    data = write({"a": os.urandom(10_000)})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = b"".join(data[start : end - 1] + bytes([letter]) for letter in b"abc")  # a name ends each
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3, 3, len(entries), start, 0)
    assert "overlap" in refused(data[:start] + entries + tail)


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    assert "it has 3 members, over the limit of 2" in refused(write(FILES))


@given(st.data())
def test_a_changed_byte_gives_the_same_content_or_one_clear_line(data: st.DataObject) -> None:
    content = bytearray(write(FILES))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    try:
        found = Zip(bytes(content), PATH)
        for name in found.names():
            assert found.read(name) in FILES.values()
    except ExportError as error:
        message = str(error)
        assert "\n" not in message
