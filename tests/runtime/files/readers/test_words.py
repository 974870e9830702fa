from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.files.conll import read_conll_documents
from albert_ner_onnx.files.readers import words
from read import chunks_from_pipe, contents, records, refusal


def read(tmp_path: Path, content: str | bytes, **options: Any) -> list[Any]:
    path = tmp_path / "a.conll"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return contents(path, **options)


def test_a_document_is_a_record(tmp_path: Path) -> None:
    content = (
        "-DOCSTART- -X- O\n\n\nAjax NNP O\nwon VBD O\n\nThey PRP O\n-DOCSTART- -X- O\n-DOCSTART- -X- O\n\nYes UH O\n"
    )
    assert read(tmp_path, content) == [[["Ajax", "won"], ["They"]], [["Yes"]]]
    assert [record.line for record in records(tmp_path / "a.conll")] == [4, 11]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("Ajax\nwon\n\nYes\n", {}, [[["Ajax", "won"], ["Yes"]]]),  # words alone
        ("New York\tO\nis\tO\n", {}, [[["New York", "is"]]]),
        ("\n\nAjax O\r\n\r\n \r\n", {}, [[["Ajax"]]]),
        ("1 Ajax O\n2 won O\n", {"word_column": 2}, [[["Ajax", "won"]]]),
        ("O Ajax\nO won\n", {"word_column": -1}, [[["Ajax", "won"]]]),
        ("#ajax O\nwon O\n", {}, [[["#ajax", "won"]]]),  # a hashtag
        ("#ajax\nwon\n", {}, [[["#ajax", "won"]]]),
        ("#\tNN\n5\tCD\n", {"comments": True}, [[["#", "5"]]]),  # pounds
        ("# sent 1\nAjax O\n", {"comments": True}, [[["Ajax"]]]),
        ("# newdoc id = 1\n# text\nAjax O\n\n# newdoc\nwon O\n", {"comments": True}, [[["Ajax"]], [["won"]]]),
        ("#begin document (a);\nAjax O\n#end document\n", {"comments": True}, [[["Ajax"]]]),
        ("Ajax O\nwon\tO\t\n", {}, [[["Ajax", "won"]]]),  # an empty column at the end
        ("a NN O\n\nb\n\nc NN X O\n", {}, [[["a"], ["b"], ["c"]]]),  # other columns don't matter
        ("b\n\na NN O\n#c NN O\n", {}, [[["b"], ["a", "#c"]]]),
        ("O a\nO\tb\t\nc\nX O d\n", {"word_column": -1}, [[["a", "b", "c", "d"]]]),
    ],
)
def test_words_are_in_one_column(tmp_path: Path, content: str, options: Any, expected: Any) -> None:
    assert read(tmp_path, content, **options) == expected


def test_a_line_that_cannot_be_read_spoils_its_sentence_only(tmp_path: Path) -> None:
    starts = b"-DOCSTART- O\n\n"
    parts = (b"Ajax O\n", b"won O\n\n\xff O\n", b"x\ry O\n", b"# note of mine\nx O\n", b"\tO\n", b"last O")
    content = starts + (b"\n" + starts).join(parts)
    bad = read(tmp_path, content)
    assert (bad[:2], bad[-1]) == ([[["Ajax"]], [["won"]]], [["last"]])
    assert bad[2:-1] == [
        "a.conll:9: not UTF-8, byte 0xff at offset 43 of the file; convert it to UTF-8",
        "a.conll:13: expected lines that end in LF or CRLF, found a lone CR inside a line; convert the line ends, for "
        "example with `tr '\\r' '\\n'`",
        "a.conll:17: expected the columns of a word, found what looks like a comment, '# note of mine'; leave out "
        "comments with --comments",
        "a.conll:22: expected a word in its column, found nothing",
    ]
    assert [record.line for record in records(tmp_path / "a.conll")] == [3, 7, 9, 13, 17, 22, 26]


def test_a_document_is_read_in_parts_around_a_sentence_without_its_word(tmp_path: Path) -> None:
    content = "1 Ajax O\n\n2 won O\n\n3 so O\nin\n\nin\n\n4 it O\n\n5 was\n"
    message = "a.conll:{}: expected a column 2, as --word-column says, found 1 columns"
    assert read(tmp_path, content, word_column=2) == [
        [["Ajax"], ["won"]],
        message.format(6),
        message.format(8),
        [["it"], ["was"]],
    ]
    assert [record.line for record in records(tmp_path / "a.conll", word_column=2)] == [1, 5, 8, 10]
    assert read(tmp_path, "in\n\n" + content, word_column=2)[:2] == [message.format(1), [["Ajax"], ["won"]]]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "a.conll: contains no sentence; expected CoNLL format, one word per line"),
        ("\n\n-DOCSTART- O\n\n", {}, "a.conll: contains no sentence; expected CoNLL format, one word per line"),
        ("1 Ajax O\n2 won O\n\n1 Yes O\n", {}, "a.conll: column 1 counts the words; choose the words with --word-"),
        ("B-ORG Ajax\nO won\nO so\nO .\n", {}, "a.conll: column 1 holds tags; choose the words with --word-column 2"),
        ("bc/1 0 Yes O\nbc/1 1 No O\n" * 9, {}, "a.conll: column 1 repeats 'bc/1'; choose the words with --word-"),
        ("in\n\n1 Ajax O\n2 won O\n\n1 Yes O\n", {}, "a.conll: column 1 counts the words; choose the words with"),
        ("en:a O\nen:b O\nen:c O\nen:d O\n", {}, "a.conll: expected words, found 'en:' before each of them"),
        ('"a ""b""" O\n"c" O\n'.replace(" O", "\tO"), {}, "a.conll: expected words as they are, found them quoted"),
        ("Ajax O\n", {"word_column": 3}, "a.conll:1: expected a column 3, as --word-column says, found 2 columns"),
        ("Ajax O\n", {"word_column": 0}, "--word-column: expected 1 for the first column, -1 for the last one"),
    ],
)
def test_columns_that_hold_no_words_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, options: Any, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.conll").write_text(content)
    assert refusal("a.conll", **options).startswith(message)


def test_a_chosen_column_may_hold_anything(tmp_path: Path) -> None:
    assert read(tmp_path, "1 Ajax O\n2 won O\n", word_column=1) == [[["1", "2"]]]


def test_a_long_document_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "CHUNK_CHARACTERS", 6)
    content = "-DOCSTART-\n\nabc\nde\n\nf\n\ngh\n\nijklmnop\nq\n\n-DOCSTART-\n\nr\n"
    assert read(tmp_path, content) == [[["abc", "de"], ["f"]], [["gh"], ["ijklmnop", "q"]], [["r"]]]
    assert [record.line for record in records(tmp_path / "a.conll")] == [3, 8, 15]


LINES = st.lists(st.sampled_from(["", "Ajax\tO", "won\tO", "-DOCSTART-\tO", "#x\tB-PER", "new york\tO"]), max_size=30)


@given(LINES)
def test_documents_are_those_of_evaluate(lines: list[str]) -> None:
    content = "\n".join([*lines, "last\tO"]).encode()
    expected = [[sentence.words for sentence in document] for document in _documents(content)]
    found = [record.content for chunk in chunks_from_pipe(content, [], format="conll") for record in chunk.records]
    assert found == expected


def _documents(content: bytes) -> list[list[Any]]:
    import io

    from albert_ner_onnx.files.conll import parse_conll_documents

    return list(parse_conll_documents(io.BytesIO(content), "x"))


@given(LINES, st.lists(st.integers(0, 300)))
def test_chunks_depend_only_on_the_input(lines: list[str], cuts: list[int]) -> None:
    content = "\n".join([*lines, "last\tO"]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("albert_ner_onnx.files.readers.chunking.CHUNK_RECORDS", 2)
        patch.setattr(words, "CHUNK_CHARACTERS", 12)
        whole, pieces = (
            [
                [(record.line, str(record.content)) for record in chunk.records]
                for chunk in chunks_from_pipe(content, where, format="conll")
            ]
            for where in ([], cuts)
        )
    assert whole == pieces


def test_what_a_column_holds_is_seen_from_many_documents(tmp_path: Path) -> None:
    document = "-DOCSTART- O\n\n" + "New York\tO\n" * 4 + "\n"
    assert read(tmp_path, document + "is\tO\n") == [[["New York"] * 4, ["is"]]]
    (tmp_path / "a.conll").write_text(document * 300 + "is\tO\n")  # the first 1,000 words count
    assert "found spaces as well, in every word" in refusal(tmp_path / "a.conll")


def test_many_documents_that_cannot_be_read_do_not_spoil_the_others(tmp_path: Path) -> None:
    bad = b"-DOCSTART- O\n\n\xff O\n\n" * 1000
    good = b"-DOCSTART- O\n\n" + b"New York\tO\n" * 4  # alone, it would look like columns separated by spaces
    found = read(tmp_path, bad + good)
    assert found[1000:] == [[["New York"] * 4]]
    assert all("not UTF-8" in message for message in found[:1000])


def test_the_benchmark_format_reads_as_evaluate_does(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n")
    assert contents(path) == [[sentence.words for sentence in document] for document in read_conll_documents(path)]
