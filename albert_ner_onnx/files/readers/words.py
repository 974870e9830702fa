"""CoNLL: a document, sentences of words, is a record."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
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
    trimmed,
)

_SAMPLE_ROWS = 1000  # enough to see what a column holds


class _Line(NamedTuple):
    """A line of a file: its row, and whether tabs separate the columns."""

    row: Row
    has_tab: bool

    @property
    def line(self) -> int:
        """Its number."""
        return self.row.line


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

    def __bool__(self) -> bool:
        return self._line > 0

    def add(self, line: int, words: list[str]) -> None:
        self._line = self._line or line
        self._sentences.append(words)
        self.characters += sum(map(len, words))

    def record(self, name: str) -> Record:
        return Record(name, self._line, self._sentences)


class WordsFile:
    """Words, one a line, with other columns or without. Blank lines end sentences.

    Lines of `-DOCSTART-` start documents; a file without such lines is one document. A document of more than
    `CHUNK_CHARACTERS` is read in parts, cut between sentences, so that a file of any size needs little memory. What the
    other columns hold, and how many there are, doesn't matter. A line that can't be read, or has no word, spoils only
    its sentence: that is a record with an error, between a record of what stands before it and one of what follows.
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
        self._lacking: InputError | None = None  # the first line without the words' column
        self._is_checked = False

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
        document = _Document()
        for sentence in chain(self._sentences(), [[]]):
            words = self._read(sentence)
            if isinstance(words, list) and words:
                document.add(sentence[0].line, words)
            if document and (not words or isinstance(words, InputError) or document.characters >= CHUNK_CHARACTERS):
                waiting.append((document.record(self._name), document.characters))
                document = _Document()
            if isinstance(words, InputError):
                waiting.append((Record(self._name, sentence[0].line, words), 0))
            if self._is_checked or max(self._sampled, len(waiting)) >= _SAMPLE_ROWS:
                self._check_words()
                yield from waiting
                waiting = []
        if not (self._is_checked or waiting):
            raise InputError(f"{self._name}: contains no sentence; expected CoNLL format, one word per line")
        self._check_words()
        yield from waiting

    def _check_words(self) -> None:
        """Looks at the words so far, once: at those in rows of the commonest width."""
        if self._is_checked:
            return
        self._is_checked = True
        sample = [[trimmed(row, self._width.columns) for row in rows] for rows in self._sample]
        self._sample = []
        if sample:
            width = Counter(len(row.columns) for row in chain.from_iterable(sample)).most_common(1)[0][0]
            alike = [[row for row in rows if len(row.columns) == width] for rows in sample]
            is_chosen = self._word_column is not None
            check_word_column(self._name, list(filter(None, alike)), self._word % width, is_chosen=is_chosen)
        elif self._lacking:
            raise self._lacking

    def _read(self, sentence: Sequence[_Line | _Bad]) -> list[str] | InputError:
        """Returns the words of a sentence, or the error of its first line that can't be read or has no word."""
        rows, words = [], []
        for line in sentence:
            if isinstance(line, _Bad):
                return line.error
            with suppress(InputError):  # other columns don't matter
                self._width.add(line.row)
            row = trimmed(line.row, self._width.columns)
            try:
                check_width(self._name, row, self._word_column, "--word-column")
            except InputError as error:
                self._lacking = self._lacking or error
                return error
            if not row.columns[self._word]:
                return InputError(f"{self._name}:{row.line}: expected a word in its column, found nothing")
            rows.append(line.row)
            words.append(row.columns[self._word])
        if rows and not self._is_checked:
            self._sample.append(rows[:_SAMPLE_ROWS])
            self._sampled += len(rows)
        return words

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
        rows = [line.row for line in sentence if isinstance(line, _Line) and not is_marked(line.row)]
        widths = {self._width.columns, *(len(row.columns) for row in rows[:1])} - {0}
        words: list[_Line | _Bad] = []
        for line in sentence:
            if isinstance(line, _Bad) or not is_marked(line.row) or _is_word(line, widths):
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


def _is_word(line: _Line, widths: Collection[int]) -> bool:
    """Whether a line that starts with `#` is a word with its columns, such as a hashtag, not a comment."""
    if widths and not any(fits(line.row, width) for width in widths):
        return False
    return len(line.row.columns) == 1 or line.has_tab or looks_like_tag(line.row.columns[-1])
