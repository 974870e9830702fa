"""Texts, tags and entities in files and on a terminal: CoNLL and lines in, JSON Lines and a table out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.errors import InputError
from albert_ner_onnx.tags.schemes import is_tag

_BOM = b"\xef\xbb\xbf"
_READ_BYTES = 1 << 20
_COLUMN = re.compile("[^ \t\r\n\v\f]+")  # not \\S+: a word may well hold a no-break space
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
_COLOURS = {"PER": "\x1b[36m", "ORG": "\x1b[33m", "LOC": "\x1b[32m", "MISC": "\x1b[35m"}
_OTHER_COLOUR = "\x1b[34m"
_WIDEST_COLUMN = 40  # an entity longer than this pushes its own label aside, not everybody's
# Control characters, separators that some terminals break lines at, overrides of the writing direction, and what
# UTF-8 can't write.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class ConllSentence(NamedTuple):
    """A sentence of a CoNLL file: its words, and a tag for each."""

    words: list[str]
    tags: list[str]


class TagColumns(NamedTuple):
    """The last two columns of a sentence in conlleval's input: the right tags, and a tagger's."""

    gold: list[str]
    guess: list[str]


def read_conll(path: Path | str, tags_too: Collection[str] = ()) -> list[ConllSentence]:
    """Reads the sentences of a file in CoNLL format; see `read_conll_documents`."""
    return list(chain.from_iterable(read_conll_documents(path, tags_too)))


def read_conll_documents(path: Path | str, tags_too: Collection[str] = ()) -> list[list[ConllSentence]]:
    """Reads a file in CoNLL format: a word a line with its columns, the tag last; blank lines end sentences.

    Columns are parted by spaces or tabs. Lines of `-DOCSTART-` end documents; a file without is one.

    Args:
        path: The file.
        tags_too: Tags to accept beside those in IOB1, IOB2 and IO, such as a model's in BILOU.

    Raises:
        InputError: No such file, no sentence in it, or a line that is not UTF-8, has one column only or ends in
            what is no such tag.
    """
    documents: list[list[ConllSentence]] = [[]]
    words: list[str] = []
    tags: list[str] = []
    for place, line in _placed_lines(path):
        columns = _COLUMN.findall(line)
        starts_document = columns[:1] == ["-DOCSTART-"]
        if columns and not starts_document:
            if len(columns) == 1:
                raise InputError(f"{place}: expected a word and its tag, found one column, {columns[0]!r}")
            if not is_tag(columns[-1]) and columns[-1] not in tags_too:
                raise InputError(f"{place}: expected the tag O, B-X or I-X in the last column, found {columns[-1]!r}")
            words.append(columns[0])
            tags.append(columns[-1])
        elif words:
            documents[-1].append(ConllSentence(words, tags))
            words, tags = [], []
        if starts_document:
            documents.append([])
    if words:
        documents[-1].append(ConllSentence(words, tags))
    found = [sentences for sentences in documents if sentences]
    if not found:
        raise InputError(f"{path}: no sentence in it; expected CoNLL format, a word and its tag a line")
    return found


def read_conlleval(stream: BufferedIOBase, name: str) -> list[TagColumns]:
    """Reads conlleval's input: a word a line, its last two columns the gold tag and the guess, as they are.

    Columns are parted by spaces or tabs; blank lines, and those whose first column is `-X-`, end sentences.

    Args:
        stream: UTF-8, with or without byte order mark.
        name: What errors call it.

    Returns:
        The sentences; after a last blank line an empty one, as conlleval ends it there and not else.

    Raises:
        InputError: No word in it, or a line that is not UTF-8, has one column only or not as many as the first.
    """
    sentences = [TagColumns([], [])]
    expected = 0
    for number, line in enumerate(chain.from_iterable(read_lines(stream, name)), 1):
        if isinstance(line, InputError):
            raise line
        columns = _COLUMN.findall(line)
        if columns and columns[0] != "-X-":
            expected = expected or len(columns)
            if len(columns) == 1:
                raise InputError(f"{name}:{number}: expected a gold tag and a guess, found one column, {columns[0]!r}")
            if len(columns) != expected:
                raise InputError(
                    f"{name}:{number}: expected {expected} columns, as in the first line, found {len(columns)}; "
                    "write no blank within a column"
                )
            sentences[-1].gold.append(columns[-2])
            sentences[-1].guess.append(columns[-1])
        elif sentences[-1].gold:
            sentences.append(TagColumns([], []))
    if not expected:
        raise InputError(f"{name}: no word in it; expected a word a line, its last two columns gold tag and guess")
    return sentences


def _placed_lines(path: Path | str) -> Iterator[tuple[str, str]]:
    """Yields the place, `path:line`, and the text of each line."""
    offset = 0
    try:
        with open(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                place = f"{path}:{number}"
                text = _decode(line, place, offset)
                if isinstance(text, InputError):
                    raise text
                yield place, text
                offset += len(line)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None


def read_lines(stream: BufferedIOBase, name: str) -> Iterator[list[str | InputError]]:
    """Reads one text a line, in lists of as many lines as arrive at once.

    So a line that comes alone through a pipe can be answered before the next one comes, and a file's are many.

    Args:
        stream: UTF-8, with or without byte order mark, lines ending in LF or CRLF.
        name: What errors call it.

    Yields:
        Lines without their ends; in the place of one that is not UTF-8 an error that gives its number and the
        offset of the byte, for the caller to report: the others are fine.
    """
    number = offset = 0
    for lines in _arriving_lines(stream):
        texts = []
        for line in lines:
            number += 1
            texts.append(_decode(line, f"{name}:{number}", offset))
            offset += len(line) + 1
        yield texts


def _arriving_lines(stream: BufferedIOBase) -> Iterator[list[bytes]]:
    """Yields the lines that each read completes, without their LF."""
    unfinished: list[bytes] = []  # parts of one line: joined once, so a line of 100 MB takes linear time
    while data := stream.read1(_READ_BYTES):
        first, *others = data.split(b"\n")
        unfinished.append(first)
        if others:
            yield [b"".join(unfinished), *others[:-1]]
            unfinished = [others[-1]]
    if last := b"".join(unfinished):
        yield [last]


def _decode(line: bytes, place: str, offset: int) -> str | InputError:
    """Decodes a line and takes off its end.

    Args:
        line: Its bytes.
        place: Where it stands, for the error.
        offset: Number of bytes in the file before it.
    """
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    mark = len(_BOM) if offset == 0 and text.startswith(_BOM) else 0
    try:
        return text[mark:].decode()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return InputError(
            f"{place}: not UTF-8, byte 0x{byte:02x} at offset {offset + mark + error.start} of the file; "
            "convert it to UTF-8"
        )


def to_json_line(text: str, entities: Sequence[Entity]) -> str:
    """A text and its entities as one line of JSON, without the line's end; any text gives valid UTF-8."""
    return json_line({"text": text, "entities": [entity.as_dict() for entity in entities]})


def json_line(record: object) -> str:
    """A record as one line of JSON in which lone surrogates, which UTF-8 can't write, are escaped."""
    line = json.dumps(record, ensure_ascii=False)
    return line.encode("utf-8", "backslashreplace").decode()  # \udc80 is how JSON escapes it as well


def to_table(text: str, entities: Sequence[Entity], *, colour: bool = False) -> str:
    """A text and under it its entities, one a row, for people to read on a terminal.

    Args:
        text: The text.
        entities: Its entities.
        colour: Whether to colour labels by ANSI escape sequences.
    """
    lines = [printable(text)]
    rows = [(printable(entity.text), printable(entity.label), entity.score) for entity in entities]
    text_width = min(_WIDEST_COLUMN, max((len(row[0]) for row in rows), default=0))
    label_width = max((len(row[1]) for row in rows), default=0)
    for found, label, score in rows:
        start, end = (_COLOURS.get(label, _OTHER_COLOUR), _RESET) if colour else ("", "")
        lines.append(f"  {start}{found:<{text_width}}  {label:<{label_width}}{end}  {score:.3f}")
    if not rows:
        lines.append(f"  {_DIM}no entities{_RESET}" if colour else "  no entities")
    return "\n".join(lines)


def printable(text: str) -> str:
    """A text with control characters and the like escaped, as they could drive a terminal."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
