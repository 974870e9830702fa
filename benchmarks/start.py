"""Start and memory against peers: the time from a new process to its first entities, and its resident memory.

Every start is a new process, in turns, with all files in the disk's cache. Memory is that of the whole process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from albert_ner_export.texts.corpus import own_corpus
from benchmarks.markdown import markdown, times
from benchmarks.peers import EXACT, OURS, PEERS, SPACY, Settings
from benchmarks.peers.process import PeerProcess, loaded_peers, settings_of, worker_environment
from benchmarks.run import ROOT, Run
from benchmarks.turns import ratios, take_turns

CHOSEN: Final = (OURS, EXACT, "optimum-int8", "onnxruntime-int8", "openvino-int8-latency", SPACY)
_FIRST = """import json, sys; from benchmarks.peers import PEERS, Settings
peer = PEERS[sys.argv[1]].create(Settings.from_json(json.loads(sys.argv[2])))
print("found:", peer.recognize([sys.argv[3]], 1)[0], flush=True)"""  # imports nothing but what the peer needs
_TEXT = "My name is John and I live in Berlin."
_ROUNDS, _QUICK_ROUNDS = 7, 1
_SENTENCES, _QUICK_SENTENCES = 600, 20
_CALLS, _CALLS_OF_PEERS, _QUICK_CALLS = 10_000, 1_000, 20


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    settings = settings_of(run.checkpoint, run.model, run.folder)
    texts = list(own_corpus().held_out[: _QUICK_SENTENCES if run.quick else _SENTENCES])
    found: dict[str, dict[str, Any]] = {}
    for name in CHOSEN:
        with loaded_peers(run, [name], settings) as (processes, described):
            found |= described
            for process in processes.values():
                run.say(name)
                found[name]["calls"] = _QUICK_CALLS if run.quick else _CALLS if name == OURS else _CALLS_OF_PEERS
                found[name]["memory"] |= _memory(process, texts, found[name]["calls"])
    tasks = {name: partial(_start, name, settings) for name, each in found.items() if "memory" in each}
    starts = take_turns(tasks, _QUICK_ROUNDS if run.quick else _ROUNDS, warm_up=1)
    for name, compared in ratios(starts, OURS).items():
        found[name]["start"] = compared
    return {"sentences": len(texts), "peers": found}


def _memory(process: PeerProcess, texts: list[str], calls: int) -> dict[str, Any]:
    """Resident memory after all texts at once, and after many calls with one text each."""
    process.call("recognize", texts=texts, batch=max(PEERS[process.peer].batches))
    after_sentences = process.call("memory")
    process.call("recognize_each", texts=texts, calls=calls)
    return {"after_sentences": after_sentences, "after_calls": process.call("memory")}


def _start(peer: str, settings: Settings) -> float:
    """Seconds from the start of a process to its first entities."""
    command = [sys.executable, "-W", "ignore", "-c", _FIRST, peer, json.dumps(settings.as_json()), _TEXT]
    environment = worker_environment(settings.threads)
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT, encoding="utf-8"
    ) as process:
        assert process.stdout
        if any(line.startswith("found:") for line in process.stdout):
            return time.perf_counter() - started
    raise RuntimeError(f"{peer}: a new process found no entities; exit status {process.returncode}")


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    rows = []
    for name, each in figures["peers"].items():
        if "missing" not in each:
            memory = each["memory"]
            moments = [memory[moment] for moment in ("imported", "loaded", "after_sentences", "after_calls")]
            sizes = [moment["resident"] for moment in moments] + [memory["after_calls"]["peak"]]
            cells = [f"{each['start']['median']:.2f}", times(each["start"]), *(f"{size / 1e6:.0f}" for size in sizes)]
            rows.append([PEERS[name].title, *cells[:-1], f"{each['calls']:,}", cells[-1]])
    header = ["", "start, s", "times ours (quartiles)", "MB after imports", "loading"]
    header += [f"{figures['sentences']} sentences", "calls", "how many", "peak"]
    return {"peers": markdown(header, rows)}
