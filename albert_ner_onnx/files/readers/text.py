"""Text: a line, a paragraph or a file is a record."""

from __future__ import annotations

import io
from collections.abc import Iterator

from albert_ner_onnx.files.chunks import Record
from albert_ner_onnx.files.lines import read_start, read_texts
from albert_ner_onnx.files.readers.chunking import Sized


class TextFile:
    """A text; see `read_texts`."""

    def __init__(self, stream: io.BufferedReader, name: str, per: str) -> None:
        self._stream = stream
        self._name = name
        self._per = per

    def check(self) -> None:
        """Raises `InputError` if its encoding isn't one that can be read."""
        read_start(self._stream, self._name)

    def close(self) -> None:
        """Closes the stream."""
        self._stream.close()

    def records(self) -> Iterator[Sized]:
        """Reads the records."""
        for texts in read_texts(self._stream, self._name, self._per):
            for text in texts:
                length = len(text.content) if isinstance(text.content, str) else 0
                yield Record(self._name, text.line, text.content), length
