from __future__ import annotations

import sys

import pytest

from albert_ner_onnx.cli import console
from fakes import Terminal


def test_progress_bar_is_drawn_and_cleared_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with console.ProgressBar(200, "sentences") as bar:
        bar.show(100)
    blank, start, half, cleared, end = screen.getvalue().split("\r")
    assert (blank, end) == ("", "")
    assert start == f"[{' ' * 30}] 0/200 sentences"
    assert half.startswith(f"[{'#' * 15}{' ' * 15}] 100/200 sentences, ")
    assert cleared == " " * len(half)
