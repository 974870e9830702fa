"""The tags of a model, from a file or from its source. Tags that can't be decoded are refused here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from albert_ner_onnx.errors import ExportError, InputError
from albert_ner_onnx.tags.schemes import scheme_of

_MAX_BYTES = 1 << 20
# Control characters, line ends, and lone surrogates, which UTF-8 can't encode
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WAY_OUT = "give the model's tags with --tags-file FILE, one tag per line, in id order"


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads a file with one tag per line, in the order of the logits.

    White space around a tag and empty lines at the end are ignored.

    Args:
        path: A file in UTF-8, with or without byte order mark. Lines end in LF or CRLF.

    Raises:
        ExportError: The file can't be read, or its tags can't be those of a model.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ExportError(
            f"{path}: can't be read ({error.strerror}); expected a file with one tag per line, in id order"
        ) from None
    if len(data) > _MAX_BYTES:
        raise ExportError(f"{path}: over {_MAX_BYTES} bytes; expected only the model's tags, one per line")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError(
            f"{path}: not UTF-8, byte 0x{error.object[error.start]:02x} at offset {error.start}; convert it to UTF-8"
        ) from None
    return check_tags([line.strip() for line in text.rstrip().split("\n")], str(path))


def check_tags(tags: Sequence[str], place: str) -> tuple[str, ...]:
    """Checks that tags can be those of a model: unique, with an `O`, and of one scheme.

    Args:
        tags: The tag of each logit.
        place: Where they were found, for the message.

    Returns:
        The same tags.

    Raises:
        ExportError: They can't be; the message names the first wrong one.
    """
    ids: dict[str, int] = {}
    for index, tag in enumerate(tags):
        if not tag or tag != tag.strip() or _UNWRITABLE.search(tag):
            raise ExportError(
                f"{place}: the tag with id {index} must be one line without space around it, found {tag!r}; {_WAY_OUT}"
            )
        if re.fullmatch(r"LABEL_\d+", tag):
            raise ExportError(f"{place}: generic names ({tag} …) don't say what the tags are; {_WAY_OUT}")
        if tag in ids:
            raise ExportError(f"{place}: tags must be unique, found {tag!r} for ids {ids[tag]} and {index}; {_WAY_OUT}")
        ids[tag] = index
    if "O" not in ids:
        raise ExportError(
            f"{place}: expected a tag 'O' for words outside of entities, found none among {len(tags)} tags; {_WAY_OUT}"
        )
    try:
        scheme_of(tags)
    except InputError as error:
        raise ExportError(f"{place}: {error}") from None
    return tuple(tags)
