"""Lines of text for calibration and for judging: our own, or the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from albert_ner_export.texts.held_out import held_out_lines
from albert_ner_onnx.errors import ExportError

_HELD_OUT_EVERY = 5


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts, one per line.

    Attributes:
        name: The name of the corpus in the manifest.
        calibration: Lines to calibrate int8 with.
        held_out: Lines that calibration doesn't see, to judge int8 by.
    """

    name: str
    calibration: Sequence[str]
    held_out: Sequence[str]


def own_corpus() -> Corpus:
    """Returns the corpus that comes with the exporter."""
    return Corpus("our own text", _own_lines("calibration.txt"), held_out_lines())


def read_corpus(path: Path) -> Corpus:
    """Reads a user's text file, one text per line. Every fifth line is held out.

    Raises:
        ExportError: It can't be read, isn't UTF-8 or has fewer than five lines that aren't blank.
    """
    try:
        lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise ExportError(f"{path}: byte {error.start} is not UTF-8; save the text as UTF-8") from None
    except OSError as error:
        raise ExportError(f"{path}: can't be read ({error.strerror})") from None
    if len(lines) < _HELD_OUT_EVERY:
        raise ExportError(
            f"{path}: expected at least {_HELD_OUT_EVERY} lines with text, better hundreds, found {len(lines)}; write "
            "one text per line, such as the model will read"
        )
    held_out = lines[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
    del lines[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
    return Corpus(path.name, lines, held_out)


def verification_lines() -> list[str]:
    """Returns the text that graphs are compared on."""
    return _own_lines("verification.txt")


def _own_lines(name: str) -> list[str]:
    return files(__package__).joinpath(name).read_text("utf-8").splitlines()
