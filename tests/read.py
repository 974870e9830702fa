"""What a run reads, for tests of its readers."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import Chunk, Record
from albert_ner_onnx.files.readers import InputOptions, open_inputs


def chunks(*patterns: object, **options: Any) -> list[Chunk]:
    """The chunks of files."""
    return list(open_inputs([str(pattern) for pattern in patterns], InputOptions(**options)).chunks())


def records(*patterns: object, **options: Any) -> list[Record]:
    """The records of files."""
    return [record for chunk in chunks(*patterns, **options) for record in chunk.records]


def contents(*patterns: object, **options: Any) -> list[Any]:
    """What the records of files hold; of an error, its message."""
    return [shown(record) for record in records(*patterns, **options)]


def shown(record: Record) -> Any:
    """What a record holds; of an error, its message, without the folder of the file."""
    if not isinstance(record.content, InputError):
        return record.content
    message = str(record.content)
    assert "\n" not in message
    return message.replace(os.path.dirname(record.source) + os.sep, "") if os.sep in record.source else message


def refusal(*patterns: object, **options: Any) -> str:
    """The message of the error that comes before anything is read."""
    try:
        open_inputs([str(pattern) for pattern in patterns], InputOptions(**options))
    except InputError as error:
        return str(error)
    raise AssertionError("nothing was refused")


def chunks_from_pipe(content: bytes, cuts: Sequence[int], **options: Any) -> list[Chunk]:
    """The chunks of a pipe through which some bytes come in pieces."""
    borders = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    read, write = os.pipe()

    def send() -> None:
        with open(write, "wb", buffering=0) as pipe:
            for start, stop in pairwise(borders):
                pipe.write(content[start:stop])

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return chunks(f"/dev/fd/{read}", **options)
    finally:
        sender.join()
        os.close(read)
