"""Words and tags in CoNLL format, and in the format that conlleval reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.columns import Columns, check_gold, check_header, check_width, choose_columns, index_of
from albert_ner_onnx.files.rows import DOCUMENT, Row, read_rows, words_of

_ALL_BY_DEFAULT = Columns()
_SENTENCE = "-X-"  # the first column of a line that ends a sentence for conlleval


class ConllSentence(NamedTuple):
    """A sentence of a CoNLL file: its words, and the tag of each."""

    words: list[str]
    tags: list[str]


class TagColumns(NamedTuple):
    """The gold tags of a sentence in conlleval's input, and a tagger's."""

    gold: list[str]
    predicted: list[str]


def read_conll(
    path: Path | str, tags_too: Collection[str] = (), columns: Columns = _ALL_BY_DEFAULT
) -> list[ConllSentence]:
    """Reads the sentences of a file in CoNLL format; see `read_conll_documents`."""
    return list(chain.from_iterable(read_conll_documents(path, tags_too, columns)))


def read_conll_documents(
    path: Path | str, tags_too: Collection[str] = (), columns: Columns = _ALL_BY_DEFAULT
) -> list[list[ConllSentence]]:
    """Reads the documents of a file in CoNLL format; see `parse_conll_documents`.

    Raises:
        InputError: The file can't be read, or isn't in this format.
    """
    try:
        with open(path, "rb") as stream:
            return parse_conll_documents(stream, str(path), tags_too, columns)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None


def parse_conll_documents(
    stream: BufferedIOBase, name: str, tags_too: Collection[str] = (), columns: Columns = _ALL_BY_DEFAULT
) -> list[list[ConllSentence]]:
    """Reads the documents of a stream in CoNLL format, each as a list of sentences.

    Each line holds one word and its columns, separated by tabs if the line has one, otherwise by spaces. Unless
    `columns` says otherwise, the first column is the word, the last its tag. Blank lines end sentences, lines of
    `-DOCSTART-` start documents. A file without such lines is one document.

    Args:
        stream: UTF-8, or UTF-16 with a byte order mark.
        name: What error messages call the stream.
        tags_too: Tags to accept besides those in IOB1, IOB2 and IO, such as those of a model in BILOU.
        columns: Where the words and tags are.

    Raises:
        InputError: The stream contains no sentence; or a line can't be decoded, has only one column, or another number
            of columns than the first line; or the columns don't hold words and such tags, or can't be told apart.
    """
    tag = index_of(columns.tag, -1, "--tag-column")
    rows = read_rows(stream, name, (tag,), comments=columns.comments, borders=(DOCUMENT,))
    documents: list[list[list[Row]]] = [[[]]]
    for row in rows:
        if row.columns[:1] == [DOCUMENT]:
            documents.append([[]])
        elif row.columns:
            documents[-1][-1].append(row)
        elif documents[-1][-1]:
            documents[-1].append([])
    sentences = [sentence for document in documents for sentence in document if sentence]
    if not sentences:
        raise InputError(f"{name}: contains no sentence; expected CoNLL format, one word and its tag per line")
    _check_one_column(name, sentences[0][0], "a word and its tag")
    word, tag = choose_columns(name, sentences, columns, tags_too)
    read = [[_sentence(sentence, word, tag) for sentence in document if sentence] for document in documents]
    return [document for document in read if document]


def _sentence(rows: Sequence[Row], word: int, tag: int) -> ConllSentence:
    return ConllSentence([row.columns[word] for row in rows], [row.columns[tag] for row in rows])


def _check_one_column(name: str, row: Row, expected: str) -> None:
    if len(row.columns) == 1:
        (text,) = row.columns
        way_out = "; separate columns by tabs or spaces" if "," in text or ";" in text else ""
        raise InputError(f"{name}:{row.line}: expected {expected}, found one column, {text!r}{way_out}")


def read_conlleval(
    stream: BufferedIOBase,
    name: str,
    *,
    gold_column: int | None = None,
    predicted_column: int | None = None,
    comments: bool = False,
) -> list[TagColumns]:
    """Reads the input of conlleval: one word per line; its last two columns are the gold and the predicted tag.

    Columns are separated by tabs if the line has one, otherwise by spaces. Blank lines, and lines whose first column
    is `-X-`, end sentences. Tags are taken as they are.

    Args:
        stream: UTF-8, or UTF-16 with a byte order mark.
        name: What error messages call the stream.
        gold_column: The number of the gold tags' column, from 1, or backwards from -1. The default is -2.
        predicted_column: The same of the predicted tags' column. The default is -1.
        comments: Whether lines that start with `#` and aren't words with their columns are comments.

    Returns:
        The sentences. If the last line is blank, an empty sentence follows: conlleval ends the last phrase only there.

    Raises:
        InputError: The stream contains no word; or a line can't be decoded, has only one column, or another number of
            columns than the first line; or the gold column isn't chosen, and holds words or chunks.
    """
    gold = index_of(gold_column, -2, "--gold-column")
    predicted = index_of(predicted_column, -1, "--predicted-column")
    borders = (_SENTENCE, DOCUMENT)
    rows = read_rows(stream, name, (gold, predicted), comments=comments, borders=borders)
    words = list(words_of(rows, borders))
    if not words:
        raise InputError(
            f"{name}: contains no word; expected one word per line, with the gold and the predicted tag as its last "
            "two columns"
        )
    first = words[0]
    _check_one_column(name, first, "a gold and a predicted tag")
    check_width(name, first, gold_column, "--gold-column")
    check_width(name, first, predicted_column, "--predicted-column")
    if (gold - predicted) % len(first.columns) == 0:
        raise InputError(
            f"{name}: --gold-column and --predicted-column name the same column; choose the gold and the predicted tags"
        )
    check_header(name, words, gold, predicted)
    if gold_column is None:
        check_gold(name, words, gold, predicted)
    sentences = [TagColumns([], [])]
    for row in rows:
        if len(row.columns) == len(first.columns) and row.columns[0] != _SENTENCE:
            sentences[-1].gold.append(row.columns[gold])
            sentences[-1].predicted.append(row.columns[predicted])
        elif sentences[-1].gold:  # a blank line, or one that starts a sentence or document
            sentences.append(TagColumns([], []))
    return sentences
