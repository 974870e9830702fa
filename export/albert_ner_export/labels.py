"""The tags of a model, from a file or from its source. Tags that can't be decoded are refused here.

Some models were also trained on tags that mark no entity: `X` for the later pieces of a word, `[CLS]`, `[PAD]`. These
are *ignored labels*: they keep their logits, but are read as `O`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from albert_ner_onnx.errors import ExportError, InputError
from albert_ner_onnx.tags.schemes import read_as_outside, scheme_of

IGNORED_LABELS = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "<pad>", "<PAD>", "<s>", "</s>", "<unk>", "X")
"""The labels that are ignored where a model has them, unless the user says which ones are."""

_MAX_BYTES = 1 << 20
# Control characters, line ends, and lone surrogates, which UTF-8 can't encode
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WAY_OUT = "give the model's tags with --tags-file FILE, one tag per line, in id order"


def read_labels(path: Path, ignored: Sequence[str] | None = None) -> tuple[str, ...]:
    """Reads a file with one tag per line, in the order of the logits.

    White space around a tag and empty lines at the end are ignored.

    Args:
        path: A file in UTF-8, with or without byte order mark. Lines end in LF or CRLF.
        ignored: The ignored labels that the user names; `None` for those of `IGNORED_LABELS`.

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
    return check_tags([line.strip() for line in text.rstrip().split("\n")], str(path), ignored)


def find_ignored(tags: Sequence[str], ignored: Sequence[str] | None) -> tuple[str, ...]:
    """Returns which labels of a model are ignored: those that the user names, or those of `IGNORED_LABELS`."""
    chosen = IGNORED_LABELS if ignored is None else ignored
    return tuple(tag for tag in dict.fromkeys(tags) if tag in chosen)


def check_tags(tags: Sequence[str], place: str, ignored: Sequence[str] | None = None) -> tuple[str, ...]:
    """Checks that tags can be those of a model: with an `O`, of one scheme, and unique but for `O`.

    Args:
        tags: The tag of each logit.
        place: Where they were found, for the message.
        ignored: The ignored labels that the user names; `None` for those of `IGNORED_LABELS`.

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
        if tag in ids and tag != "O":
            raise ExportError(f"{place}: tags must be unique, found {tag!r} for ids {ids[tag]} and {index}; {_WAY_OUT}")
        ids[tag] = index
    if "O" not in ids:
        raise ExportError(
            f"{place}: expected a tag 'O' for words outside of entities, found none among {len(tags)} tags; {_WAY_OUT}"
        )
    if unknown := [label for label in ignored or () if label not in ids or label == "O"]:
        named = ", ".join(tag for tag in ids if tag != "O")
        raise ExportError(f"{place}: --ignore-labels names {unknown[0]!r}; expected some of {named}")
    try:
        scheme_of(read_as_outside(tags, find_ignored(tags, ignored)))
    except InputError as error:
        raise ExportError(f"{place}: {error}, or name those that mark no entity with --ignore-labels") from None
    return tuple(tags)
