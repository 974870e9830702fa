from __future__ import annotations

import io
import itertools
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.lines import NumberedText, read_lines, read_texts
from growth import assert_linear


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


@given(
    st.lists(st.text("a\n\r\ufeff😀\u0a0d\u0d0a\u0a00", max_size=5)),
    st.lists(st.integers(0, 60)),
    st.sampled_from(["utf-16-le", "utf-16-be", "utf-8"]),
)
def test_a_byte_order_mark_names_the_encoding(lines: list[str], cuts: list[int], codec: str) -> None:
    text = "\n".join(lines)
    content = ("\ufeff" + text).encode(codec)
    borders = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    stream = _Arriving([content[start:end] for start, end in pairwise(borders)])
    expected = [line.removesuffix("\r") for line in text.split("\n")]
    if not text or text.endswith("\n"):
        # A last line that is empty isn't one; a file that holds nothing but its mark is one empty line.
        expected = expected[:-1] if text else [""]
    assert [line for some in read_lines(stream, "x") for line in some] == expected


def test_utf_16_is_given_as_it_arrives() -> None:
    content = "\ufeffa\nb😀\nc".encode("utf-16-le")
    stream = _Arriving([content[start:end] for start, end in pairwise([0, 1, 3, 5, 6, 7, 9, 13, 14, len(content)])])
    assert list(read_lines(stream, "x")) == [["a"], ["b😀"], ["c"]]
    with_reply = iter(read_lines(_Arriving([content[:6], content[6:]]), "x"))
    assert next(with_reply) == ["a"]


@pytest.mark.parametrize(("codec", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
def test_read_lines_goes_on_after_a_line_that_is_not_utf_16(codec: str, mark: bytes) -> None:
    texts = ["a\r\n", "b\ud800\n", "\udc00c\r\n", "d\n"]
    content = mark + "".join(texts).encode(codec, "surrogatepass") + b"e"
    lines = [line for some in read_lines(io.BytesIO(content), "in.txt") for line in some]
    assert (lines[0], lines[3]) == ("a", "d")
    found = [str(line).split(";")[0] for line in lines if isinstance(line, InputError)]
    bad = [10, 14, 26]
    assert found == [
        f"in.txt:{number}: not UTF-16, byte 0x{content[offset]:02x} at offset {offset} of the file"
        for number, offset in zip((2, 3, 5), bad, strict=True)
    ]
    assert [content[offset : offset + 2] for offset in bad[:2]] == [
        each.encode(codec, "surrogatepass") for each in ("\ud800", "\udc00")
    ]


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
def test_utf_32_is_refused(codec: str) -> None:
    content = "\ufeffJohn\n".encode(codec)
    for stream in (io.BytesIO(content), _Arriving([content[:1], content[1:3], content[3:]])):
        with pytest.raises(InputError, match="x: expected UTF-8, found UTF-32; convert it with `iconv -f UTF-32"):
            list(read_lines(stream, "x"))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["John lives in Berlin.\n", "John", "Jo\nMo\n", "Zürich\r\n", "Анна видела Рим. " * 20, "\n\nAnna\n"]
)
def test_utf_16_without_a_mark_is_refused(codec: str, text: str) -> None:
    name = codec.upper().replace("UTF-16-", "UTF-16")
    with pytest.raises(InputError, match=f"x: expected UTF-8, found .* UTF-16 .*`iconv -f {name} -t UTF-8`"):
        list(read_lines(io.BytesIO(text.encode(codec)), "x"))


@pytest.mark.parametrize(
    "text", ["\0", "\0\n", "a\0", "John\0Smith\0Berlin\n", "a\0b\0\0", "word\0" * 100, "\0\0\0\0\n", "a\0\n" * 50]
)
def test_nul_characters_in_utf_8_are_read(text: str) -> None:
    lines = [line for some in read_lines(io.BytesIO(text.encode()), "x") for line in some]
    assert lines == text.removesuffix("\n").split("\n")


@pytest.mark.parametrize("unit", ["\u0a00", "\n", "a", "\u000a\u0a00"])
def test_utf_16_takes_linear_time(unit: str) -> None:
    assert_linear(
        lambda content: list(read_lines(io.BytesIO(content), "x")), lambda size: (unit * size).encode("utf-16"), 200_000
    )


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


TEXTS = b"\xef\xbb\xbf\r\nA b\r\nc\n\n \t\r\n\nd\n\x0c\ne\n  f"


def texts(content: bytes, per: str) -> list[NumberedText]:
    return [text for some in read_texts(io.BytesIO(content), "x", per) for text in some]


def test_read_texts() -> None:
    lines = ["", "A b", "c", "", " \t", "", "d", "\x0c", "e", "  f"]
    assert texts(TEXTS, "line") == [NumberedText(line, number) for number, line in enumerate(lines, 1)]
    paragraphs = [NumberedText("A b\nc", 2), NumberedText("d", 7), NumberedText("e\n  f", 9)]
    assert texts(TEXTS, "paragraph") == paragraphs
    assert texts(TEXTS + b"\n\n", "paragraph") == paragraphs
    assert texts(TEXTS, "file") == [NumberedText("\n".join(lines), 1)]
    assert texts(TEXTS + b"\n", "file") == texts(TEXTS, "file")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\r\n"])
def test_read_texts_of_a_blank_file(content: bytes) -> None:
    assert texts(content, "paragraph") == []
    assert texts(content, "file") == [NumberedText("", 1)]


def test_read_texts_gives_a_paragraph_when_its_blank_line_comes() -> None:
    pieces = [b"a\n", b"b\n", b"\n", b"\n", b"c\n\nd\n\ne", b"\n"]
    found = [[text.content for text in some] for some in read_texts(_Arriving(pieces), "x", "paragraph")]
    assert found == [["a\nb"], ["c", "d"], ["e"]]
    left = _Arriving(pieces)
    next(iter(read_texts(left, "x", "paragraph")))
    assert left.read1() == b"\n"  # the second one: nothing has been read ahead


def test_a_line_that_cannot_be_read_spoils_only_its_text() -> None:
    content = b"a\n\nb\n\xe9\n\xff\nc\n\nd\n\n\xe8\n"
    found = [(str(text).split(" at ")[0], line) for text, line in texts(content, "paragraph")]
    assert found == [("a", 1), ("x:4: not UTF-8, byte 0xe9", 4), ("d", 8), ("x:10: not UTF-8, byte 0xe8", 10)]
    (error, line), *others = texts(content, "file")
    assert isinstance(error, InputError)
    assert (str(error).split(" at ")[0], line, others) == ("x:4: not UTF-8, byte 0xe9", 4, [])


@pytest.mark.parametrize("per", ["paragraph", "file"])
@pytest.mark.parametrize("unit", [b"a\n", b"\n", b"a\n\n", b" ", b"\xe9\n"])
def test_read_texts_takes_linear_time(per: str, unit: bytes) -> None:
    class Slowly(io.BufferedIOBase):
        def __init__(self, size: int) -> None:
            self._left = size

        def read1(self, size: int = -1, /) -> bytes:
            self._left -= 1
            return 16 * unit if self._left >= 0 else b""

    assert_linear(lambda size: list(read_texts(Slowly(size), "x", per)), lambda size: size, 8000)


@given(st.lists(st.sampled_from(["a", " b", "", " ", "\u2028", "é"])))
def test_paragraphs_are_the_lines_between_blank_ones(lines: list[str]) -> None:
    groups = itertools.groupby(enumerate(lines, 1), key=lambda line: not line[1].strip())
    runs = [list(run) for blank, run in groups if not blank]
    expected = [NumberedText("\n".join(line for _, line in run), run[0][0]) for run in runs]
    assert texts("\n".join(lines).encode(), "paragraph") == expected
