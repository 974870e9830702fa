from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.lines import read_lines


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"\n\na\n\n", ["", "", "a", ""]),
        (b"\xef\xbb\xbfa\r\n\xef\xbb\xbfb\r\n", ["a", "\ufeffb"]),  # a mark only at the start of the file
        (b"a\rb\x0bc\xc2\x85d\xe2\x80\xa8e\n", ["a\rb\x0bc\x85d\u2028e"]),  # nothing but LF ends a line
        ("Zürich 😀\n".encode(), ["Zürich 😀"]),
    ],
)
def test_read_lines(content: bytes, expected: list[str]) -> None:
    assert [line for lines in read_lines(io.BytesIO(content), "x") for line in lines] == expected


class _Arriving(io.BufferedIOBase):
    """A stream whose bytes arrive in the given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def read1(self, size: int = -1, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@given(st.lists(st.text("a\n\r\ufeff😀", max_size=5)), st.lists(st.integers(0, 60)))
def test_read_lines_is_the_same_however_it_arrives(lines: list[str], cuts: list[int]) -> None:
    content = "\n".join(lines).encode()
    borders = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    pieces = [content[start:end] for start, end in pairwise(borders)]
    whole, arriving = ([line for some in read_lines(s, "x") for line in some] for s in _streams(content, pieces))
    assert whole == arriving
    assert len(whole) == content.count(b"\n") + (content[-1:] not in (b"", b"\n"))


def _streams(content: bytes, pieces: list[bytes]) -> tuple[io.BufferedIOBase, io.BufferedIOBase]:
    return io.BytesIO(content), _Arriving(pieces)


def test_read_lines_gives_lines_as_they_arrive() -> None:
    stream = _Arriving([b"a\nb", b"c", b"\nd\ne\n", b"f"])
    assert list(read_lines(stream, "x")) == [["a"], ["bc", "d", "e"], ["f"]]


def test_read_lines_goes_on_after_a_line_that_is_not_utf_8() -> None:
    content = b"\xef\xbb\xbfa\r\nb\xe9\n\xff\xfe\nc\xc3"
    lines = [line for some in read_lines(io.BytesIO(content), "in.txt") for line in some]
    assert lines[0] == "a"
    assert all(isinstance(line, InputError) for line in lines[1:])
    assert [str(line).split(";")[0] for line in lines[1:]] == [
        "in.txt:2: not UTF-8, byte 0xe9 at offset 7 of the file",
        "in.txt:3: not UTF-8, byte 0xff at offset 9 of the file",
        "in.txt:4: not UTF-8, byte 0xc3 at offset 13 of the file",
    ]
    assert content[7] == 0xE9
    assert content[9] == 0xFF
    assert content[13] == 0xC3
