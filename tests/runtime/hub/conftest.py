"""A Hub on this machine, and a cache of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub_stand_in import StandIn
from toy_models import INT8


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The Hub with which huggingface_hub speaks in this process; no other host can be reached."""
    constants = pytest.importorskip("huggingface_hub.constants")
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", address
        connect(self, address)

    stand_in = StandIn()
    with stand_in.running():
        monkeypatch.setattr(socket.socket, "connect", guarded)
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in knows only the older way
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        _set_endpoint(monkeypatch, stand_in.endpoint)
        yield stand_in


@pytest.fixture
def unplug(hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes the Hub away: nothing listens where huggingface_hub then asks."""
    return lambda: _set_endpoint(monkeypatch, "http://127.0.0.1:1")


def _set_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Makes huggingface_hub speak with another host: it reads HF_ENDPOINT only when it is imported."""
    constants = pytest.importorskip("huggingface_hub.constants")
    pytest.importorskip("huggingface_hub.file_download")  # first: it would keep a copy of the other host for ever
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    # Older versions keep a copy of it
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of a small model."""
    return {path.name: path.read_bytes() for path in INT8.iterdir()}
