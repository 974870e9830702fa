"""Words and tags in CoNLL format, and in the format that conlleval reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.lines import read_lines
from albert_ner_onnx.tags.schemes import is_tag

_COLUMN = re.compile("[^ \t\r\n\v\f]+")  # not \\S+, because a word may contain a no-break space


class ConllSentence(NamedTuple):
    """A sentence of a CoNLL file: its words, and the tag of each."""

    words: list[str]
    tags: list[str]


class TagColumns(NamedTuple):
    """The last two columns of a sentence in conlleval's input: the gold tags and a tagger's."""

    gold: list[str]
    predicted: list[str]


def read_conll(path: Path | str, tags_too: Collection[str] = ()) -> list[ConllSentence]:
    """Reads the sentences of a file in CoNLL format; see `read_conll_documents`."""
    return list(chain.from_iterable(read_conll_documents(path, tags_too)))


def read_conll_documents(path: Path | str, tags_too: Collection[str] = ()) -> list[list[ConllSentence]]:
    """Reads the documents of a file in CoNLL format, each as a list of sentences.

    Each line holds one word and its columns, separated by spaces or tabs; the first column is the word, the last its
    tag. Blank lines end sentences, lines of `-DOCSTART-` start documents. A file without such lines is one document.

    Args:
        path: The file.
        tags_too: Tags to accept besides those in IOB1, IOB2 and IO, such as those of a model in BILOU.

    Raises:
        InputError: The file can't be read or contains no sentence; or a line is not UTF-8, has only one column, or
            its last column isn't such a tag.
    """
    documents: list[list[ConllSentence]] = [[]]
    sentence = ConllSentence([], [])
    try:
        with open(path, "rb") as stream:
            for place, columns in _rows(stream, str(path)):
                starts_document = columns[:1] == ["-DOCSTART-"]
                if columns and not starts_document:
                    _check_row(place, columns, tags_too)
                    sentence.words.append(columns[0])
                    sentence.tags.append(columns[-1])
                elif sentence.words:
                    documents[-1].append(sentence)
                    sentence = ConllSentence([], [])
                if starts_document:
                    documents.append([])
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    if sentence.words:
        documents[-1].append(sentence)
    found = [sentences for sentences in documents if sentences]
    if not found:
        raise InputError(f"{path}: contains no sentence; expected CoNLL format, one word and its tag per line")
    return found


def _check_row(place: str, columns: list[str], tags_too: Collection[str]) -> None:
    if len(columns) == 1:
        raise InputError(f"{place}: expected a word and its tag, found one column, {columns[0]!r}")
    if not is_tag(columns[-1]) and columns[-1] not in tags_too:
        raise InputError(f"{place}: expected the tag O, B-X or I-X in the last column, found {columns[-1]!r}")


def read_conlleval(stream: BufferedIOBase, name: str) -> list[TagColumns]:
    """Reads the input of conlleval: one word per line; its last two columns are the gold and the predicted tag.

    Columns are separated by spaces or tabs. Blank lines, and lines whose first column is `-X-`, end sentences. Tags
    are taken as they are.

    Args:
        stream: UTF-8, with or without a byte order mark.
        name: What error messages call the stream.

    Returns:
        The sentences. If the last line is blank, an empty sentence follows: conlleval ends the last phrase only there.

    Raises:
        InputError: The stream contains no word; or a line is not UTF-8, has only one column, or another number of
            columns than the first line.
    """
    sentences = [TagColumns([], [])]
    expected = 0
    for place, columns in _rows(stream, name):
        if columns and columns[0] != "-X-":
            expected = expected or len(columns)
            if len(columns) == 1:
                raise InputError(f"{place}: expected a gold and a predicted tag, found one column, {columns[0]!r}")
            if len(columns) != expected:
                raise InputError(
                    f"{place}: expected {expected} columns, as in the first line, found {len(columns)}; "
                    "columns must not contain spaces"
                )
            sentences[-1].gold.append(columns[-2])
            sentences[-1].predicted.append(columns[-1])
        elif sentences[-1].gold:
            sentences.append(TagColumns([], []))
    if not expected:
        raise InputError(
            f"{name}: contains no word; expected one word per line, with the gold and the predicted tag as its last "
            "two columns"
        )
    return sentences


def _rows(stream: BufferedIOBase, name: str) -> Iterator[tuple[str, list[str]]]:
    """Yields the place, `name:line`, and the columns of each line."""
    for number, line in enumerate(chain.from_iterable(read_lines(stream, name)), 1):
        if isinstance(line, InputError):
            raise line
        yield f"{name}:{number}", _COLUMN.findall(line)
