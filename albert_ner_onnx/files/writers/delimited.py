"""CSV and TSV: one row an entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, settle, valid

DELIMITERS = {"csv": ",", "tsv": "\t"}
_CLOSED_TOO_EARLY = re.compile(
    r'(?:(?:[^\t"][^\t]*)?\t|"[^"]*(?:""[^"]*)*"\t)*'  # columns, within quotation marks or without
    r'"[^"]*(?:""[^"]*)*"[^\t"]'  # one that goes on after the mark that closes it
)
_COLUMNS = ("file", "line", "text", "label", "start", "end", "score", "error")


@dataclass(frozen=True)
class EntityRowsWriter(Writer):
    """Writes a row for each entity. A record without entities has none, one that couldn't be answered has its error."""

    delimiter: str

    def head(self) -> bytes:
        """Returns the names of the columns."""
        return to_rows([_COLUMNS], self.delimiter)

    def chunk(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Returns the rows of a chunk."""
        rows: list[Sequence[object]] = []
        for record, answer in zip(chunk.records, settle(chunk, answers), strict=True):
            place = (record.source, record.line)
            if isinstance(answer, AlbertNerError):
                rows.append((*place, "", "", "", "", "", str(answer)))
            elif answer is not None:
                rows += [(*place, *entity.as_dict().values(), "") for entity in answer.entities]
        return Written(to_rows(rows, self.delimiter))


def to_rows(rows: Iterable[Sequence[object]], delimiter: str) -> bytes:
    """Writes rows as RFC 4180 has them, with line feeds as line ends. A cell is quoted only where it must be.

    The module `csv` doesn't quote a carriage return that isn't part of the line's end, so that it can't be read back.
    A lone surrogate, which UTF-8 can't encode, becomes U+FFFD, the replacement character.
    """
    special = re.compile(f'[{delimiter}"\r\n]')

    def quote(cell: str) -> str:
        return '"{}"'.format(cell.replace('"', '""')) if special.search(cell) else cell

    lines = (delimiter.join(quote(str(cell)) for cell in row) or '""' for row in rows)
    return valid("".join(f"{line}\n" for line in lines)).encode()


def to_tsv_row(cells: Sequence[str], *, as_it_stands: bool) -> bytes:
    """Writes a row of TSV that `readers.delimited` reads as these cells, with as few quotation marks as it needs.

    Args:
        cells: What the columns hold.
        as_it_stands: Whether the row was read without taking off quotation marks. It gets none, unless the next rows
            could close a mark that is open in it.
    """
    line = "\t".join(cells)
    if as_it_stands and not any(re.search("[\t\r\n]", cell) for cell in cells) and _CLOSED_TOO_EARLY.match(line):
        return valid(f"{line}\n").encode()
    quoted = ['"{}"'.format(cell.replace('"', '""')) if re.search('^"|[\t\r\n]', cell) else cell for cell in cells]
    return valid(("\t".join(quoted) or '""') + "\n").encode()
