"""CSV and TSV: one row an entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from albert_ner_onnx.errors import AlbertNerError
from albert_ner_onnx.files.chunks import Chunk
from albert_ner_onnx.files.writers.writer import Answer, Writer, Written, settle, valid

DELIMITERS = {"csv": ",", "tsv": "\t"}
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
