"""A run that dies at any operation on its files, and is resumed, gives the same bytes."""

from __future__ import annotations

import builtins
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import albert_ner_onnx
from albert_ner_onnx.runs import Summary, partial
from toy_models import INT8

Start = Callable[..., Summary]


class Death(BaseException):
    """The process ends here."""


class Reaper:
    """Lets a process die at its n-th operation on files: nothing that it tries afterwards has an effect.

    A write that it dies at gets half of its bytes into the file. If the power fails, too, a partial file loses all that
    wasn't synchronized, while the journal, the worst of all disks, has kept its last state.

    Attributes:
        left: Operations until it dies.
        power_fails: Whether the power fails then.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 1_000_000
        self.power_fails = False
        self._on_disk: dict[int, int] = {}  # bytes by inode
        fsync = os.fsync

        def synchronize(descriptor: int) -> None:
            fsync(descriptor)
            status = os.fstat(descriptor)
            self._on_disk[status.st_ino] = status.st_size

        monkeypatch.setattr(os, "fsync", synchronize)
        for name in ("open", "fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, self._mortal(getattr(os, name)))
        monkeypatch.setattr(builtins, "open", self._mortal(builtins.open, writes_only=True))
        reaper = self

        class MortalFile(io.FileIO):
            def write(self, data: Any, /) -> int:
                dies = reaper.left == 0
                if not dies:
                    reaper.step()
                    return super().write(data)
                super().write(bytes(data)[: len(data) // 2])
                reaper.step()
                raise AssertionError

            def truncate(self, size: int | None = None, /) -> int:
                reaper.step()
                return super().truncate(size)

        monkeypatch.setattr(partial, "FileIO", MortalFile)

    def step(self) -> None:
        if self.left <= 0:
            if self.left == 0 and self.power_fails:
                for path in Path().glob("*.partial"):
                    status = path.stat()
                    os.truncate(path, min(status.st_size, self._on_disk.get(status.st_ino, 0)))
            self.left = -1
            raise Death
        self.left -= 1

    def _mortal(self, function: Callable[..., Any], *, writes_only: bool = False) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if not writes_only or (len(arguments) > 1 and "w" in arguments[1]):
                self.step()
            return function(*arguments, **named)

        return call


@pytest.fixture
def reaper(monkeypatch: pytest.MonkeyPatch) -> Reaper:
    recognizer = albert_ner_onnx.load(INT8)
    monkeypatch.setattr(albert_ner_onnx, "load", lambda model: recognizer)
    return Reaper(monkeypatch)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("out.jsonl.gz", {}),
    ("out.html", {}),
    ("out.parquet", {}),
    ("out.txt", {"to_format": "redact", "numbered": True, "mapping": "mapping"}),
]


def clear() -> None:
    for path in Path().iterdir():
        if path.name != "texts.txt":
            path.unlink()


def outputs(out: str, chosen: dict[str, Any]) -> list[bytes]:
    return [Path(name).read_bytes() for name in (out, *filter(None, [chosen.get("mapping")]))]


def die_and_resume(start: Start, reaper: Reaper, out: str, chosen: dict[str, Any], *moments: int) -> bool:
    """Lets a run die at each of these moments. Returns whether it died at the last one."""
    died = False
    for moment in moments:
        reaper.left = moment
        try:
            start("texts.txt", out, resume=True, **chosen)
        except Death:
            died = True
        else:
            died = False
            break
    reaper.left = 1_000_000
    if died and not (Path(out).exists() and not Path(f"{out}.partial.json").exists()):
        start("texts.txt", out, resume=True, **chosen)
    return died


def check_libraries(out: str) -> None:
    if out.endswith(".parquet"):
        pytest.importorskip("pyarrow")


@pytest.mark.parametrize(("out", "chosen"), CASES)
def test_at_every_operation(
    start: Start, reaper: Reaper, source: Path, monkeypatch: pytest.MonkeyPatch, out: str, chosen: dict[str, Any]
) -> None:
    check_libraries(out)
    monkeypatch.chdir(source.parent)
    start("texts.txt", out, **chosen)
    expected = outputs(out, chosen)
    moment = 0
    died = True
    while died:
        clear()
        reaper.power_fails = moment % 2 == 1
        died = die_and_resume(start, reaper, out, chosen, moment)
        assert outputs(out, chosen) == expected, moment
        assert {path.name for path in Path().iterdir()} == {"texts.txt", out, *filter(None, [chosen.get("mapping")])}
        moment += 1
    assert moment > 20


@pytest.mark.parametrize(("out", "chosen"), CASES)
def test_at_several_operations(
    start: Start, reaper: Reaper, source: Path, monkeypatch: pytest.MonkeyPatch, out: str, chosen: dict[str, Any]
) -> None:
    check_libraries(out)
    monkeypatch.chdir(source.parent)
    start("texts.txt", out, **chosen)
    expected = outputs(out, chosen)
    draw = random.Random(0)
    for _ in range(10):
        clear()
        reaper.power_fails = draw.random() < 0.5
        die_and_resume(start, reaper, out, chosen, *[draw.randrange(25) for _ in range(4)])
        assert outputs(out, chosen) == expected
