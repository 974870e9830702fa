"""Peers: what they share, the protocol of their processes, and how they read texts."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import OURS, PEERS, Factory, PeerMissingError, Settings
from benchmarks.peers.bare import BarePeer, Ids, Logits, PieceTokenizer, find_entities, padded
from benchmarks.peers.process import PeerProcess, loaded_peers, settings_of, worker_environment
from benchmarks.peers.stock import STOCK, make_stock
from benchmarks.peers.worker import Worker, serve
from benchmarks.printed_text import print_words
from benchmarks.quantization import batch_dependence
from benchmarks.run import Run
from benchmarks.turns import ratios, take_turns
from toy import TAGS
from toy_models import INT8

TEXTS = ["John lives in Berlin", "", "Mary works"]


def settings(run: Run) -> Settings:
    return settings_of(run.checkpoint, INT8, run.folder)


def ask(factory: Any, *requests: dict[str, Any]) -> list[Any]:
    answers = io.StringIO()
    serve(Worker(factory), io.StringIO("".join(json.dumps(request) + "\n" for request in requests)), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_settings_survive_json(run: Run) -> None:
    given = settings(run)
    assert given.window == 24
    assert Settings.from_json(json.loads(json.dumps(given.as_json()))) == given


def test_a_framework_that_is_not_installed() -> None:
    with pytest.raises(PeerMissingError, match=r"no_such_module isn't installed; pip install -e '\.\[benchmark\]'"):
        Factory("title", "no_such_module").import_framework()


def test_a_worker_answers_line_by_line(run: Run) -> None:
    load = {"do": "load", "settings": settings(run).as_json()}
    tags = {"do": "word_tags", "texts": TEXTS, "batch": 8}
    each = {"do": "recognize_each", "texts": TEXTS, "calls": 5}
    call = {"do": "call_model", "rows": 2, "pieces": 8, "calls": 2}
    wrong = {"do": "call_model", "rows": 2}
    answers = ask(PEERS[OURS], load, tags, each, call, wrong)
    assert answers[0]["result"]["setup"].startswith("load(workers=")
    assert answers[0]["result"]["memory"].keys() == {"imported", "loaded"}
    assert [len(found) for found in answers[1]["result"]] == [4, 0, 2]
    assert len(answers[2]["result"]) == 5
    assert answers[3]["result"] > 0
    assert answers[4]["error"].startswith("TypeError")


def test_a_peer_that_is_missing_is_an_answer() -> None:
    def missing() -> None:
        raise PeerMissingError("it isn't installed")

    answer = ask(SimpleNamespace(import_framework=missing), {"do": "load", "settings": {}})
    assert answer == [{"error": "it isn't installed", "missing": True}]


def test_a_process_of_its_own(run: Run) -> None:
    with loaded_peers(run, [OURS], settings(run)) as (processes, described):
        assert described[OURS]["setup"]
        process = processes[OURS]
        assert process.call("recognize", texts=TEXTS, batch=0) > 0
        with pytest.raises(RuntimeError, match="ours: `recognize` failed: TypeError"):
            process.call("recognize", texts=TEXTS)


def test_a_process_that_ends_says_why() -> None:
    with PeerProcess("nobody", 1) as process, pytest.raises(RuntimeError, match=r"nobody: .* `load` \(KeyError"):
        process.call("load", settings={})


def test_only_the_peers_that_are_asked_for(run: Run) -> None:
    with loaded_peers(replace(run, peers=()), PEERS, settings(run)) as (processes, described):
        assert not processes
        assert not described


def test_all_pools_have_the_same_number_of_threads() -> None:
    assert worker_environment(2)["OMP_NUM_THREADS"] == worker_environment(2)["RAYON_NUM_THREADS"] == "2"


@pytest.mark.filterwarnings("ignore")
def test_stock_files_are_made_once(run: Run) -> None:
    file = make_stock("quantize_dynamic", run.checkpoint, run.folder)
    assert file == run.folder / "quantize_dynamic" / STOCK["quantize_dynamic"]
    written = file.stat().st_mtime_ns
    assert make_stock("quantize_dynamic", run.checkpoint, run.folder).stat().st_mtime_ns == written
    sequences = [([2, *range(10, 10 + length), 3], [1, length]) for length in (3, 9, 5)]
    dependence = batch_dependence((run.folder / "float32" / STOCK["float32"]).read_bytes(), sequences, pads=True)
    assert (dependence["words"], dependence["sequences_in_company"]) == (6, 3)
    assert dependence["max_probability_difference"] < 1e-5  # the mask hides what is padded
    factory = PEERS["onnxruntime-int8"]
    (run.folder / "stock").mkdir()
    (run.folder / "quantize_dynamic").rename(run.folder / "stock" / "quantize_dynamic")
    peer = factory.create(settings(run))
    assert len(peer.recognize(TEXTS, 2)) == 3
    assert [len(tags) for tags in peer.word_tags(TEXTS, 2)] == [4, 0, 2]


class Alternating(BarePeer):
    """Tags pieces B-PER, I-PER, B-PER and so on, by their places."""

    def run(self, batches: Sequence[tuple[Ids, Ids]]) -> Iterator[Logits]:
        for ids, mask in batches:
            assert (mask.sum(axis=1) >= 2).all()
            yield np.eye(len(TAGS), dtype=np.float32)[np.tile(1 + np.arange(ids.shape[1]) % 2, (len(ids), 1))]


def test_a_bare_peer_reads_every_text_whole(run: Run) -> None:
    peer = Alternating(settings(run))
    long = " ".join(["John"] * 30)  # more than a window of 24 pieces
    tags = peer.word_tags([*TEXTS, long], 2)
    assert [len(found) for found in tags] == [4, 0, 2, 30]
    entities = peer.recognize(["John Smith lives"], 1)[0]
    assert entities == [("PER", 0, 4), ("PER", 5, 16)]


def test_entities_of_pieces() -> None:
    offsets = [(0, 2), (2, 4), (5, 7), (8, 9)]
    assert find_entities(["B-PER", "I-PER", "O", "I-LOC"], offsets) == [("PER", 0, 4), ("LOC", 8, 9)]
    assert find_entities(["B-PER", "B-PER", "I-LOC", "I-LOC"], offsets) == [("PER", 0, 2), ("PER", 2, 4), ("LOC", 5, 9)]


def test_first_pieces_of_words(run: Run) -> None:
    text = "John xyz Mary"
    (window,) = PieceTokenizer(run.checkpoint, 24).windows([text])
    assert [text[slice(*window.offsets[index])] for index in window.first_of_words(text)] == ["John", "x", "Mary"]


def test_batches_are_padded_and_masked() -> None:
    ids, mask = padded([[2, 7, 3], [2, 3]])
    assert ids.tolist() == [[2, 7, 3], [2, 3, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]


def test_tasks_take_turns() -> None:
    order: list[str] = []

    def task(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    tasks = {"a": lambda: task("a", 1.0), "b": lambda: task("b", 3.0)}
    taken = take_turns(tasks, 8, warm_up=1)
    assert taken == {"a": [1.0] * 8, "b": [3.0] * 8}
    pairs = {tuple(order[start : start + 2]) for start in range(0, 18, 2)}
    assert pairs == {("a", "b"), ("b", "a")}
    assert ratios(taken, "a")["b"] == {"median": 3.0, "ratio": 3.0, "ratio_quartiles": [3.0, 3.0]}
    assert ratios({"a": [1, 2], "b": [2, 2]}, "a")["b"]["ratio"] == 1.5  # in the same round


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("John 's car , here .", "John's car, here."),
        ('" No , " he said ( twice ) .', '"No," he said (twice).'),
        ("the players ' win in ' 96", "the players' win in '96"),
        ("US$ 5 and 10 %", "US$5 and 10%"),
    ],
)
def test_words_are_printed_as_newspapers_do(words: str, text: str) -> None:
    printed = print_words(words.split())
    assert printed.text == text
    assert [printed.text[start:end] for start, end in printed.words] == words.split()


def test_phrases_of_a_printed_text() -> None:
    printed = print_words(["Mary", "Smith", "'s"])
    assert printed.phrases(["B-PER", "I-PER", "O"]) == {(0, 10, "PER")}
