"""What a terminal shows besides the results: errors, colour and progress."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from albert_ner_onnx.render import printable

_BAR_WIDTH = 30  # in characters


def print_error(message: str) -> None:
    """Prints an error as one line on standard error, with everything escaped that could control the terminal."""
    if sys.stderr is None:  # it is closed, and print would write to standard output
        return
    print(f"albert-ner: error: {printable(' '.join(message.split()))}", file=sys.stderr)


def print_note(message: str) -> None:
    """Prints a line on standard error that isn't an error."""
    if sys.stderr is not None:
        print(printable(message), file=sys.stderr)


def wants_colour() -> bool:
    """Whether standard output is a terminal, and its user has not turned colour off (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class ProgressBar:
    """Shows progress on standard error while a block runs: `[####      ] 500/3250 sentences, 210/s`.

    It shows nothing if standard error isn't a terminal.
    """

    def __init__(self, total: int, unit: str) -> None:
        """Makes a bar that is full when `total` of `unit`, such as `sentences`, are done."""
        self._total, self._unit = total, unit
        self._visible = sys.stderr is not None and sys.stderr.isatty()
        self._width = 0  # of the line on the screen
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        self.show(0)
        return self

    def show(self, done: int) -> None:
        """Redraws the bar with `done` of its total."""
        full = _BAR_WIDTH * done // self._total
        speed = done / max(time.perf_counter() - self._started, 1e-9)
        rate = f", {speed:.0f}/s" if speed >= 1 else ""
        self._write(f"[{'#' * full}{' ' * (_BAR_WIDTH - full)}] {done}/{self._total} {self._unit}{rate}")

    def _write(self, line: str) -> None:
        if self._visible:
            print(f"\r{line:<{self._width}}", end="", file=sys.stderr, flush=True)
            self._width = len(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")  # overwrites the bar with spaces
        self._write("")  # returns to the start of the line
