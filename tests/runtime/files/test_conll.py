from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.conll import ConllSentence, TagColumns, read_conll, read_conll_documents, read_conlleval

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


def test_read_conll_separates_columns_at_ascii_white_space_only(tmp_path: Path) -> None:
    path = tmp_path / "gold.conll"
    path.write_text("10\u00a0000 CD O\n\u3000 B-X-Y\n", encoding="utf-8")
    assert read_conll(path) == [ConllSentence(["10\u00a0000", "\u3000"], ["O", "B-X-Y"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": contains no sentence; expected CoNLL format"),
        (b"\n-DOCSTART- O\n\n", ": contains no sentence; expected CoNLL format"),
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
def test_read_conll_refuses_what_is_not_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / name}: can't be read (")):
        read_conll(tmp_path / name)


def test_read_conll_accepts_the_tags_of_a_model(tmp_path: Path) -> None:
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
        (b"", "x: contains no word; expected one word per line"),
        (b"\n-X- O O\n", "x: contains no word; expected one word per line"),
        (b"a\n", "x:1: expected a gold and a predicted tag, found one column, 'a'"),
        (
            b"a O O\n\nb c O O\n",
            "x:3: expected 3 columns, as in the first line, found 4; columns must not contain spaces",
        ),
        (b"a O O\nb\xe9 O O\n", "x:2: not UTF-8, byte 0xe9 at offset 7 of the file"),
    ],
)
def test_read_conlleval_says_where_it_fails(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_conlleval(io.BytesIO(content), "x")


def test_documents_end_at_docstart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a O\n\nb O\n-DOCSTART- -X- O\n-DOCSTART- -X- O\nc O\n-DOCSTART- O\n")
    documents = read_conll_documents(path)
    assert [[sentence.words[0] for sentence in document] for document in documents] == [["a", "b"], ["c"]]
    assert read_conll(path) == [sentence for document in documents for sentence in document]
