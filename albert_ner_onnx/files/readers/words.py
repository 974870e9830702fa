"""CoNLL: a document, sentences of words, is a record."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS, Record
from albert_ner_onnx.files.columns import check_width, check_word_column, index_of
from albert_ner_onnx.files.lines import read_lines
from albert_ner_onnx.files.readers.chunking import Sized
from albert_ner_onnx.files.rows import (
    DOCUMENT,
    Row,
    Width,
    fits,
    is_marked,
    looks_like_comment,
    looks_like_tag,
    split_line,
    starts_document,
)

_SAMPLE_ROWS = 1000  # enough to see what a column holds


class _Line(NamedTuple):
    """A line of a file: its row, and whether tabs separate the columns."""

    row: Row
    has_tab: bool


class _Bad(NamedTuple):
    """A line that can't be read."""

    line: int
    error: InputError


class _Document:
    """A document as it is read."""

    def __init__(self) -> None:
        self.characters = 0
        self._line = 0
        self._sentences: list[list[str]] = []
        self._error: InputError | None = None

    def __bool__(self) -> bool:
        return self._line > 0

    def add(self, line: int, words: list[str]) -> None:
        self._line = self._line or line
        self._sentences.append(words)
        self.characters += sum(map(len, words))

    def fail(self, line: int, error: InputError) -> None:
        self._line = self._line or line
        self._error = self._error or error

    def record(self, name: str) -> Record:
        return Record(name, self._line, self._error or self._sentences)


class WordsFile:
    """Words, one a line, with other columns or without. Blank lines end sentences.

    Lines of `-DOCSTART-` start documents; a file without such lines is one document. A document of more than
    `CHUNK_CHARACTERS` is read in parts, cut between sentences, so that a file of any size needs little memory. What the
    other columns hold doesn't matter. A line that can't be read spoils only the document that it belongs to.
    """

    def __init__(self, stream: io.BufferedReader, name: str, word_column: int | None, *, comments: bool) -> None:
        """Prepares to read.

        Args:
            stream: The lines.
            name: What records and error messages call the stream.
            word_column: The number of the words' column, from 1, or from -1, the last one, backwards. `None` means the
                first one; then the column mustn't look like something else.
            comments: Whether lines that start with `#` and aren't words with their columns are comments.

        Raises:
            InputError: The number is 0.
        """
        self._stream = stream
        self._name = name
        self._word_column = word_column
        self._word = index_of(word_column, 0, "--word-column")
        self._comments = comments
        self._width = Width(name)
        self._sample: list[list[Row]] = []  # the first sentences
        self._sampled = 0

    def check(self) -> None:
        """Raises `InputError` if the file has no words, or the first ones look like something else."""
        next(self.records(), None)

    def close(self) -> None:
        """Closes the stream."""
        self._stream.close()

    def records(self) -> Iterator[Sized]:
        """Reads the records.

        Raises:
            InputError: There is no word, or the first ones look like something else.
        """
        waiting: list[Sized] = []  # until enough has been seen to check it
        is_checked = False
        document = _Document()
        for sentence in chain(self._sentences(), [[]]):
            self._add(sentence, document)
            if document and (not sentence or document.characters >= CHUNK_CHARACTERS):
                waiting.append((document.record(self._name), document.characters))
                document = _Document()
            if is_checked or max(self._sampled, len(waiting)) >= _SAMPLE_ROWS:
                self._check_words()
                is_checked = True
                yield from waiting
                waiting = []
        self._check_words()
        yield from waiting
        if not (is_checked or waiting):
            raise InputError(f"{self._name}: contains no sentence; expected CoNLL format, one word per line")

    def _check_words(self) -> None:
        """Looks at the words so far, once."""
        if self._sample:
            word = self._word % self._width.columns
            check_word_column(self._name, self._sample, word, is_chosen=self._word_column is not None)
        self._sample = []
        self._sampled = _SAMPLE_ROWS  # enough

    def _add(self, sentence: Sequence[_Line | _Bad], document: _Document) -> None:
        """Adds a sentence to a document, or the error of its first line that can't be read."""
        rows = []
        for line in sentence:
            if isinstance(line, _Bad):
                document.fail(*line)
                continue
            try:
                self._width.add(line.row)
            except InputError as error:
                document.fail(line.row.line, error)
            else:
                rows.append(line.row)
        if not rows:
            return
        if not self._sampled:
            check_width(self._name, rows[0], self._word_column, "--word-column")
        words = [self._word_of(row) for row in rows]
        document.add(rows[0].line, words)
        if "" in words:
            number = rows[words.index("")].line
            document.fail(number, InputError(f"{self._name}:{number}: expected a word in its column, found nothing"))
        elif self._sampled < _SAMPLE_ROWS:
            self._sample.append(rows[:_SAMPLE_ROWS])
            self._sampled += len(rows)

    def _word_of(self, row: Row) -> str:
        columns = row.columns[: self._width.columns]
        return columns[self._word] if -len(columns) <= self._word < len(columns) else ""

    def _sentences(self) -> Iterator[Sequence[_Line | _Bad]]:
        """Reads the lines between blank lines; nothing stands where a document starts."""
        sentence: list[_Line | _Bad] = []
        for number, text in enumerate(chain.from_iterable(read_lines(self._stream, self._name)), 1):
            try:
                row = split_line(text, number, self._name)
            except InputError as error:
                sentence.append(_Bad(number, error))
                continue
            if row.columns[:1] not in ([], [DOCUMENT]):
                sentence.append(_Line(row, "\t" in str(text)))
                continue
            yield from self._without_comments(sentence)
            sentence = []
            if row.columns:
                yield []
        yield from self._without_comments(sentence)

    def _without_comments(self, sentence: list[_Line | _Bad]) -> Iterator[Sequence[_Line | _Bad]]:
        """Takes the comments out of a sentence. One that starts a document cuts it."""
        widths = [len(line.row.columns) for line in sentence if isinstance(line, _Line) and not is_marked(line.row)]
        width = self._width.columns or next(iter(widths), 0)
        words: list[_Line | _Bad] = []
        for line in sentence:
            if isinstance(line, _Bad) or not is_marked(line.row) or _is_word(line, width):
                words.append(line)
            elif not self._comments:
                words.append(_Bad(line.row.line, looks_like_comment(line.row, self._name)))
            elif starts_document(line.row):
                if words:
                    yield words
                yield []
                words = []
        if words:
            yield words


def _is_word(line: _Line, width: int) -> bool:
    """Whether a line that starts with `#` is a word with its columns, such as a hashtag, not a comment."""
    if width and not fits(line.row, width):
        return False
    return len(line.row.columns) == 1 or line.has_tab or looks_like_tag(line.row.columns[-1])
