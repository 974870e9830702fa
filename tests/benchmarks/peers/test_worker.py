"""The protocol with a fake peer, and a real process with ours."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.peers import OURS, PEERS, Engine, Factory, Peer, PeerMissingError, Settings, Span
from benchmarks.peers.process import PeerProcess, loaded_peers, worker_environment
from benchmarks.peers.worker import Worker, memory, serve
from toy import write_checkpoint
from toy_models import INT8

ROOT = Path(__file__).parents[3]
TEXTS = ["John lives in Berlin", "", "Mary works"]


class FakeEngine:
    """Finds each text whole; its logits are the pieces."""

    setup = "fake"

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def recognize(self, texts: Sequence[str], batch: int) -> list[list[Span]]:
        self.calls.append((list(texts), batch))
        return [[("TEXT", 0, len(text))] for text in texts]

    def logits(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        self.calls.append(ids)
        return ids[..., None].astype(np.float32)

    def word_tags(self, texts: Sequence[str], batch: int) -> list[list[int]]:
        return [[len(text), batch] for text in texts]


class FakeFactory(Factory):
    """Gives one peer, or none."""

    def __init__(self, peer: Peer | None) -> None:
        super().__init__("no module", "no class")
        object.__setattr__(self, "variant", {"peer": peer})  # a frozen one

    def load_module(self) -> None:
        if self.variant["peer"] is None:
            raise PeerMissingError("fake isn't installed")

    def create(self, settings: Settings) -> Peer:
        assert settings == SETTINGS
        return self.variant["peer"]  # type: ignore[return-value]


SETTINGS = Settings(Path("checkpoint"), Path("package"), Path("models"), 2)
LOAD = {"do": "load", "settings": SETTINGS.as_json()}


def ask(peer: Peer | None, *requests: dict[str, Any]) -> list[Any]:
    answers = io.StringIO()
    serve(Worker(FakeFactory(peer)), io.StringIO("".join(json.dumps(request) + "\n" for request in requests)), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_worker_answers_line_by_line() -> None:
    peer = FakeEngine()
    keep = {"do": "keep", "name": "texts", "texts": TEXTS}
    entities, tags = ({"do": do, "texts": "texts", "batch": 8} for do in ("entities", "word_tags"))
    loaded, kept, found, tagged = ask(peer, LOAD, keep, entities, tags)
    assert loaded["result"]["setup"] == "fake"
    assert set(loaded["result"]["memory"]) == {"imported", "loaded"}
    assert kept == {"result": None}
    assert found["result"] == [[["TEXT", 0, len(text)]] for text in TEXTS]
    assert tagged["result"] == [[len(text), 8] for text in TEXTS]


def test_what_is_timed() -> None:
    peer = FakeEngine()
    keep = {"do": "keep", "name": "texts", "texts": TEXTS}
    whole = {"do": "recognize", "texts": "texts", "batch": 8}
    each = {"do": "recognize_each", "texts": "texts"}
    *_, seconds, by_text, more = ask(peer, LOAD, keep, whole, each, each | {"calls": 5})
    assert seconds["result"] > 0
    assert (len(by_text["result"]), len(more["result"])) == (3, 5)
    alone = [([text], 1) for text in TEXTS]
    assert peer.calls == [(TEXTS, 8), *alone, *alone, *alone[:2]]


def test_a_model_is_given_real_pieces_and_all_peers_the_same() -> None:
    peers = FakeEngine(), FakeEngine()
    run = {"do": "run", "rows": 2, "pieces": 16, "calls": 3, "seed": 1}
    for peer in peers:
        assert ask(peer, LOAD, run)[1]["result"] > 0
        assert len(peer.calls) == 4  # one to warm up
    first = peers[0].calls[0]
    assert first.shape == (2, 16)
    assert first.min() >= 1000
    assert all((ids == first).all() for peer in peers for ids in peer.calls)
    logits = ask(peers[0], LOAD, {"do": "logits", "lengths": [3, 5]})[1]["result"]
    assert len(logits) == 8
    assert len(set(logits)) > 4


def test_errors_are_answers_too() -> None:
    first, missing_list, last = ask(
        FakeEngine(), LOAD, {"do": "entities", "texts": "unknown", "batch": 1}, {"do": "memory"}
    )
    assert "result" in first
    assert missing_list == {"error": "KeyError: 'unknown'", "missing": False}
    assert last["result"]["rss"] > 0
    assert ask(None, LOAD) == [{"error": "fake isn't installed", "missing": True}]
    assert "nothing is loaded" in ask(FakeEngine(), {"do": "logits", "lengths": [3]})[0]["error"]


def test_memory_grows_by_what_is_kept() -> None:
    before = memory()
    block = np.ones(30_000_000, np.uint8)
    after = memory()
    assert 25e6 < after["rss"] - before["rss"] < 60e6
    assert after["pss"] <= after["rss"] <= after["peak"]
    assert block.sum() == 30_000_000


def test_settings_survive_json() -> None:
    assert Settings.from_json(json.loads(json.dumps(SETTINGS.as_json()))) == SETTINGS


def test_registry() -> None:
    assert next(iter(PEERS)) == OURS
    for factory in PEERS.values():
        assert factory.batches
        assert factory.requirements
    with pytest.raises(PeerMissingError, match="isn't installed"):
        Factory("no_such_module", "Peer").create(SETTINGS)


def test_ours_in_a_process_of_its_own(tmp_path: Path) -> None:
    settings = Settings(write_checkpoint(tmp_path / "checkpoint"), INT8, tmp_path, threads=1, window=24)
    with loaded_peers([OURS], settings, lambda line: None) as (processes, described):
        assert described[OURS]["setup"].startswith("load(")
        process = processes[OURS]
        process.call("keep", name="texts", texts=TEXTS)
        for batch in (1, 8):
            assert [len(tags) for tags in process.call("word_tags", texts="texts", batch=batch)] == [4, 0, 2]
        assert process.call("recognize", texts="texts", batch=1) > 0
        with pytest.raises(RuntimeError, match=r"ours: `entities` failed: KeyError"):
            process.call("entities", texts="unknown", batch=1)


def test_a_process_that_ends_says_why() -> None:
    with PeerProcess("no such peer", 1) as process, pytest.raises(RuntimeError, match=r"ended in `load` \(KeyError"):
        process.call("load", settings=SETTINGS.as_json())


def test_a_sleeping_worker_ends_with_its_parent() -> None:
    code = (
        "import os; from benchmarks.peers.process import PeerProcess; process = PeerProcess('ours', 1); "
        "process.call('memory'); print(process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    status = Path(f"/proc/{int(done.stdout)}/status")
    for _ in range(100):
        if not status.exists() or "State:\tZ" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("it still sleeps")


def test_pools_have_so_many_threads() -> None:
    assert worker_environment(2)["OMP_NUM_THREADS"] == worker_environment(2)["RAYON_NUM_THREADS"] == "2"


def test_what_an_engine_is() -> None:
    assert isinstance(FakeEngine(), Engine)
    assert not isinstance(object(), Engine)
