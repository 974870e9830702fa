from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.columns import Columns
from albert_ner_onnx.files.conll import (
    ConllSentence,
    TagColumns,
    parse_conll_documents,
    read_conll,
    read_conll_documents,
    read_conlleval,
)
from growth import assert_linear

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
    path.write_text("10\u00a0000 O\n\u3000 B-X-Y\n", encoding="utf-8")
    assert read_conll(path) == [ConllSentence(["10\u00a0000", "\u3000"], ["O", "B-X-Y"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": contains no sentence; expected CoNLL format"),
        (b"\n-DOCSTART- O\n\n", ": contains no sentence; expected CoNLL format"),
        (b"a O\n\nb\n", ":3: expected 2 columns, as in line 1, found 1; separate all columns by tabs"),
        (b"a\n\nb\n", ":1: expected a word and its tag, found one column, 'a'"),
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
        (b"\xef\xbb\xbfJohn NNP B-PER PER\r\nlives\tVB\tO\t-DOCSTART-\r\n\r\nRome NNP x B-\r\n", [FIRST, SECOND]),
        (b"B-PER PER\nO -DOCSTART-\n \t\n\nx B-\n", [FIRST, SECOND]),  # no word at all
        (b"\n\nJohn B-PER PER\nlives O -DOCSTART-\n-X- O O\n\nRome x B-\n\n\n", [FIRST, SECOND, TagColumns([], [])]),
        ("10\u00a0000 O O\n-DOCSTART- O O".encode(), [TagColumns(["O", "O"], ["O", "O"])]),
        (b"-DOCSTART- O\n\nJohn NNP B-PER PER\nlives VB O -DOCSTART-\n-DOCSTART-\nRome NNP x B-\n", [FIRST, SECOND]),
        (b"New York\tB-PER\tPER\nlives\tO\t-DOCSTART-\n\nNew Rome\tx\tB-\n", [FIRST, SECOND]),
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
            "x:3: expected 3 columns, as in line 1, found 4; separate all columns by tabs, or by spaces if",
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


@pytest.mark.parametrize(
    ("content", "gold_column", "predicted_column"),
    [
        (b"B-PER\tJohn\tI-PER\nO\tis\tO\n", 1, None),
        (b"John\tI-PER\tB-PER\nis\tO\tO\n", -1, 2),
        (b"# text = John is\nB-PER\t#John\tI-PER\nO\tis\tO\n", 1, 3),
    ],
)
def test_read_conlleval_reads_the_columns_that_are_chosen(
    content: bytes, gold_column: int, predicted_column: int | None
) -> None:
    found = read_conlleval(
        io.BytesIO(content), "x", gold_column=gold_column, predicted_column=predicted_column, comments=True
    )
    assert found == [TagColumns(["B-PER", "O"], ["I-PER", "O"])]


def test_read_conlleval_tells_hashtags_from_comments() -> None:
    content = b"# one\n#MH17 ORG ORG\n# O O\nRome LOC ORG\n# a b c d\n"
    assert read_conlleval(io.BytesIO(content), "x", comments=True) == [
        TagColumns(["ORG", "O", "LOC"], ["ORG", "O", "ORG"])
    ]
    with pytest.raises(InputError, match=r"x:1: .* found what looks like a comment, '# one'; leave out .* --comments"):
        read_conlleval(io.BytesIO(content), "x")


@pytest.mark.parametrize("gold", ["I-NP O", "NNP VB", "John saw", "B-NP I-VP"])
def test_read_conlleval_refuses_a_file_with_one_column_of_entities(gold: str) -> None:
    first, second = gold.split()
    content = f"John {first} B-PER\nsaw {second} O\n".encode()
    with pytest.raises(InputError, match=f"x: expected gold tags .*, found '{first}' and .* with --gold-column"):
        read_conlleval(io.BytesIO(content), "x")
    chosen = [TagColumns([first, second], ["B-PER", "O"])]
    assert read_conlleval(io.BytesIO(content), "x", gold_column=-2) == chosen


@pytest.mark.parametrize(("gold", "predicted"), [(3, None), (2, -2), (None, 2)])
def test_read_conlleval_needs_two_columns(gold: int | None, predicted: int | None) -> None:
    with pytest.raises(InputError, match="x: --gold-column and --predicted-column name the same column"):
        read_conlleval(io.BytesIO(b"a O O\n"), "x", gold_column=gold, predicted_column=predicted)


def test_read_conlleval_refuses_a_header() -> None:
    content = b"word gold guess\nJohn B-PER O\nsaw O O\n"
    with pytest.raises(
        InputError, match=r"x:1: expected .*, found 'gold' and 'guess'; if this is a header, .*`sed 1d`"
    ):
        read_conlleval(io.BytesIO(content), "x")


@pytest.mark.parametrize("content", [b"a O B-PER\n", b"a B-NP I-NP\nb O O\n", b"a O PER\nb O O\nc PER B-PER\n"])
def test_read_conlleval_scores_all_tags(content: bytes) -> None:
    assert len(read_conlleval(io.BytesIO(content), "x")[0].gold) == content.count(b"\n")


def test_conlleval_input_needs_the_columns_that_are_chosen() -> None:
    for gold, predicted in ((4, None), (None, -4)):
        with pytest.raises(InputError, match=r"x:1: expected a column -?4, as --\w+-column says, found 3 columns"):
            read_conlleval(io.BytesIO(b"a O O\n"), "x", gold_column=gold, predicted_column=predicted)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(word=3), "x:1: expected a column 3, as --word-column says, found 2 columns"),
        (Columns(tag=-3), "x:1: expected a column -3, as --tag-column says, found 2 columns"),
        (Columns(word=2), "x: column 2 holds tags; choose the words with --word-column 1"),
        (Columns(tag=1), "x:1: expected the tag O, B-X or I-X in column 1, found 'a'"),
        (Columns(word=0), "--word-column: expected 1 for the first column, -1 for the last one, or such; found 0"),
        (Columns(tag=0), "--tag-column: expected 1 for the first column"),
    ],
)
def test_columns_must_be_there(columns: Columns, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parse_conll_documents(io.BytesIO(b"a O\nb B-X\n"), "x", columns=columns)


@pytest.mark.parametrize("columns", [Columns(1, 2), Columns(-2, -1), Columns(tag=2), Columns()])
def test_columns_count_from_both_ends(columns: Columns) -> None:
    assert parse_conll_documents(io.BytesIO(b"a O\n"), "x", columns=columns) == [[ConllSentence(["a"], ["O"])]]


def test_comments_may_start_documents() -> None:
    content = b"# newdoc id = 1\n# sent_id = 1\na O\n\nb O\n#begin document (x)\nc O\n#end document\n"
    documents = parse_conll_documents(io.BytesIO(content), "x", columns=Columns(comments=True))
    assert [[sentence.words for sentence in document] for document in documents] == [[["a"], ["b"]], [["c"]]]


@pytest.mark.parametrize(
    "line",
    [
        "# {n}\n",
        "#a\tb\tO\n",
        "{n}\ta\tO\n",
        '""\t""""\tO\n',
        "a-a-" * 30 + "\tb c\tB-X\n",
        "\t" * 50 + "O\n",
        "a\tO{n}" + "\t" * 50 + "\n",
    ],
)
def test_conll_takes_linear_time(line: str) -> None:
    def read(content: bytes) -> None:
        with contextlib.suppress(InputError):
            parse_conll_documents(io.BytesIO(content), "x", columns=Columns(comments=True))

    assert_linear(read, lambda size: "".join(line.format(n=n) for n in range(size)).encode(), 8_000)
