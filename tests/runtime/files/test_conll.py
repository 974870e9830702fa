from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.conll import (
    ConllSentence,
    TagColumns,
    json_line,
    printable,
    read_conll,
    read_conll_documents,
    read_conlleval,
    read_lines,
    to_json_line,
    to_table,
)

JOHN = [ConllSentence(["John", "lives"], ["I-PER", "O"]), ConllSentence(["Rome"], ["B-LOC"])]


@pytest.mark.parametrize(
    "content",
    [
        b"John NNP I-NP I-PER\nlives VB I-VP O\n\nRome NNP I-NP B-LOC\n",
        b"John I-PER\nlives O\n\nRome B-LOC",  # no final newline
        b"\xef\xbb\xbfJohn\tI-PER\r\nlives\tO\r\n\r\nRome\tB-LOC\r\n",
        b"\n\n John  I-PER \nlives O\n \t\n\n\nRome B-LOC\n\n",
        b"-DOCSTART- -X- O O\n\nJohn I-PER\nlives O\n-DOCSTART-\nRome B-LOC\n",  # a document ends a sentence
    ],
)
def test_read_conll(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gold.conll"
    path.write_bytes(content)
    assert read_conll(path) == JOHN
    assert read_conll(str(path)) == JOHN


def test_read_conll_parts_columns_at_ascii_white_space_only(tmp_path: Path) -> None:
    path = tmp_path / "gold.conll"
    path.write_text("10\u00a0000 CD O\n\u3000 B-X-Y\n", encoding="utf-8")
    assert read_conll(path) == [ConllSentence(["10\u00a0000", "\u3000"], ["O", "B-X-Y"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": no sentence in it; expected CoNLL format"),
        (b"\n-DOCSTART- O\n\n", ": no sentence in it; expected CoNLL format"),
        (b"a O\n\nb\n", ":3: expected a word and its tag, found one column, 'b'"),
        (b"a O\nb S-PER\n", ":2: expected the tag O, B-X or I-X in the last column, found 'S-PER'"),
        (b"a O\nb B-\n", ":2: expected the tag O, B-X or I-X in the last column, found 'B-'"),
        (b"a O\r\nb\xe9 O\n", ":2: not UTF-8, byte 0xe9 at offset 6 of the file"),
        (b"\xef\xbb\xbf\xff O\n", ":1: not UTF-8, byte 0xff at offset 3 of the file"),
    ],
)
def test_read_conll_says_where_it_fails(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.conll"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{path}{message}")):
        read_conll(path)


@pytest.mark.parametrize("name", ["missing.conll", "."])
def test_read_conll_of_what_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / name}: can't be read (")):
        read_conll(tmp_path / name)


def test_read_conll_takes_a_models_tags_too(tmp_path: Path) -> None:
    path = tmp_path / "gold.conll"
    path.write_text("John U-PER\nlives O\nRome B-LOC\n")
    assert read_conll(path, {"U-PER"}) == [ConllSentence(["John", "lives", "Rome"], ["U-PER", "O", "B-LOC"])]
    with pytest.raises(InputError, match="found 'U-PER'"):
        read_conll(path, {"U-LOC"})


FIRST, SECOND = TagColumns(["B-PER", "O"], ["PER", "-DOCSTART-"]), TagColumns(["x"], ["B-"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"John B-PER PER\nlives O -DOCSTART-\n\nRome x B-", [FIRST, SECOND]),
        (b"\xef\xbb\xbfJohn NNP B-PER PER\r\nlives\tVB O\t-DOCSTART-\r\n\r\nRome NNP x B-\r\n", [FIRST, SECOND]),
        (b"B-PER PER\nO -DOCSTART-\n \t\n\nx B-\n", [FIRST, SECOND]),  # no word at all
        (b"\n\nJohn B-PER PER\nlives O -DOCSTART-\n-X- O O\n\nRome x B-\n\n\n", [FIRST, SECOND, TagColumns([], [])]),
        ("10\u00a0000 O O\n-DOCSTART- O O".encode(), [TagColumns(["O", "O"], ["O", "O"])]),
    ],
)
def test_read_conlleval(content: bytes, expected: list[TagColumns]) -> None:
    assert read_conlleval(io.BytesIO(content), "x") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x: no word in it; expected a word a line"),
        (b"\n-X- O O\n", "x: no word in it; expected a word a line"),
        (b"a\n", "x:1: expected a gold tag and a guess, found one column, 'a'"),
        (
            b"a O O\n\nb c O O\n",
            "x:3: expected 3 columns, as in the first line, found 4; write no blank within a column",
        ),
        (b"a O O\nb\xe9 O O\n", "x:2: not UTF-8, byte 0xe9 at offset 7 of the file"),
    ],
)
def test_read_conlleval_says_where_it_fails(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_conlleval(io.BytesIO(content), "x")


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


@pytest.mark.parametrize("write", [lambda text: to_json_line(text, []), lambda text: json_line({"text": text})])
@given(text=st.text(st.characters()))
def test_json_is_one_line_of_utf_8_for_any_text(write: Callable[[str], str], text: str) -> None:
    line = write(text).encode("utf-8")
    assert b"\n" not in line
    assert json.loads(line)["text"] == text


def test_to_json_line_holds_the_text_and_its_entities() -> None:
    entity = Entity("Zürich", "LOC", 3, 9, 0.5)
    line = to_json_line("in Zürich\ud800", [entity])
    assert line == (
        '{"text": "in Zürich\\ud800", "entities": '
        '[{"text": "Zürich", "label": "LOC", "start": 3, "end": 9, "score": 0.5}]}'
    )


def test_to_table_aligns_a_row_an_entity() -> None:
    text = "John likes Berlin, says Xy."
    entities = [
        Entity("John", "PER", 0, 4, 0.99774),
        Entity("Berlin", "LOC", 11, 17, 1.0),
        Entity("Xy", "X", 24, 26, 0.5),
    ]
    assert to_table(text, entities) == (
        "John likes Berlin, says Xy.\n"
        "  John    PER  0.998\n"
        "  Berlin  LOC  1.000\n"
        "  Xy      X    0.500"
    )  # fmt: skip
    assert to_table("Nothing.", []) == "Nothing.\n  no entities"


def test_to_table_colours_labels_apart() -> None:
    labels = ["PER", "ORG", "LOC", "MISC", "GENE", "DRUG"]
    entities = [Entity("x", label, 0, 1, 1.0) for label in labels]
    rows = to_table("x", entities, colour=True).splitlines()[1:]
    colours = [re.search("\x1b\\[\\d+m", row) for row in rows]
    found = [colour[0] for colour in colours if colour]
    assert len(found) == len(labels)
    assert len(set(found)) == 5  # the others share one
    assert all(row.count("\x1b[0m") == 1 for row in rows)
    assert "\x1b[2mno entities\x1b[0m" in to_table("x", [], colour=True)
    plain = [re.sub("\x1b\\[\\d+m", "", row) for row in rows]
    assert plain == to_table("x", entities).splitlines()[1:]


@given(st.text(st.characters()), st.text(st.characters(), min_size=1))
def test_no_text_drives_the_terminal(text: str, label: str) -> None:
    table = to_table(text, [Entity(text, label, 0, len(text), 1.0)])
    assert len(table.split("\n")) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", table)
    table.encode("utf-8")


def test_printable_escapes_as_python_does() -> None:
    assert printable("a\x1b[31m\t\x9b\u202e\ud800é😀") == "a\\x1b[31m\\t\\x9b\\u202e\\ud800é😀"


def test_documents_end_at_docstart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a O\n\nb O\n-DOCSTART- -X- O\n-DOCSTART- -X- O\nc O\n-DOCSTART- O\n")
    documents = read_conll_documents(path)
    assert [[sentence.words[0] for sentence in document] for document in documents] == [["a", "b"], ["c"]]
    assert read_conll(path) == [sentence for document in documents for sentence in document]
