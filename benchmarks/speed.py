"""Speed against peers: calls of the model by shape, one text at a time, a corpus, and whole documents.

Peers run in processes of their own and take turns, so their ratios hold whatever else the machine does. Next to each
one's speed stands how far its answers agree with float32's. Texts are those of `--conll`, or the project's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from albert_ner_export.texts.corpus import own_corpus
from albert_ner_onnx.benchmark.startup import sample_sentences
from benchmarks.markdown import markdown, percent, times
from benchmarks.models import SHAPES as SIZES
from benchmarks.models import random_model
from benchmarks.peers import EXACT, OURS, PEERS, PRESIDIO, SPACY, Settings
from benchmarks.peers.process import PeerProcess, loaded_peers, settings_of
from benchmarks.run import Run
from benchmarks.turns import ratios, take_turns

ENGINES: Final = (OURS, "onnxruntime-int8-one-call", "openvino-int8-latency", EXACT)
CALLS: Final = {"1×16": (1, 16), "1×64": (1, 64), "1×128": (1, 128), "8×16": (8, 16), "8×64": (8, 64)}
_SENTENCES, _QUICK_SENTENCES = 600, 30
_DOCUMENTS, _QUICK_DOCUMENTS = 40, 2
_IN_DOCUMENT = 30  # of the project's own sentences
_ROUNDS, _ENGINE_ROUNDS, _QUICK_ROUNDS = 5, 9, 1
_SECONDS = 0.05  # of calls in a row: the clock's steps must not matter


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    default = settings_of(run.checkpoint, run.model, run.folder)
    found: dict[str, Any] = {"engines": {run.model.name: _engines(run, default)}}
    if not run.quick:
        run.say("base")
        folder = run.work / "base"
        base = settings_of(*random_model(run, SIZES["base"], folder), folder)
        found["engines"]["base"] = _engines(run, base)
    rounds = _QUICK_ROUNDS if run.quick else _ROUNDS
    with loaded_peers(run, [name for name in PEERS if name != PRESIDIO], default) as (processes, described):
        found["peers"] = described
        texts = sample_sentences()[: 5 if run.quick else None]
        agreement = _tag_agreement(processes, texts, dict.fromkeys(processes, 1))
        tasks = {name: partial(_median_seconds, process, texts) for name, process in processes.items()}
        found["one_text"] = {"texts": len(texts), "agreement": agreement, "peers": _compare(tasks, rounds)}
        for kind, texts in read_texts(run).items():
            run.say(f"{kind}: {len(texts)}")
            found[kind] = _measure_texts(processes, texts, rounds)
    return found


def _engines(run: Run, settings: Settings) -> dict[str, Any]:
    """The model alone: what `ratios` says about the seconds of a call, by shape."""
    with loaded_peers(run, ENGINES, settings) as (processes, described):
        shapes = {}
        for shape, (rows, pieces) in CALLS.items():
            if pieces <= settings.window:
                tasks = {name: _engine_task(process, rows, pieces) for name, process in processes.items()}
                shapes[shape] = _compare(tasks, _QUICK_ROUNDS if run.quick else _ENGINE_ROUNDS)
    return {"peers": described, "shapes": shapes}


def _engine_task(process: PeerProcess, rows: int, pieces: int) -> partial[float]:
    """Times enough calls in a row; finding out how many warms up."""
    ask = partial(process.call, "call_model", rows=rows, pieces=pieces)
    return partial(ask, calls=max(1, round(_SECONDS / ask(calls=1))))


def read_texts(run: Run) -> dict[str, list[str]]:
    """`sentences` and `documents`: of the CoNLL file, words joined by blanks, or of the project's own texts."""
    if run.conll:
        documents = [[" ".join(sentence.words) for sentence in document] for document in run.documents()]
    else:
        own = own_corpus().held_out
        documents = [list(own[start : start + _IN_DOCUMENT]) for start in range(0, len(own), _IN_DOCUMENT)]
    sentences = [sentence for document in documents for sentence in document]
    numbers = (_QUICK_SENTENCES, _QUICK_DOCUMENTS) if run.quick else (_SENTENCES, _DOCUMENTS)
    return {
        "sentences": _sample(sentences, numbers[0]),
        "documents": _sample([" ".join(document) for document in documents], numbers[1]),
    }


def _sample(texts: Sequence[str], number: int) -> list[str]:
    """At most this many texts, at random but always the same ones."""
    return [texts[index] for index in np.random.default_rng(0).permutation(len(texts))[:number]]


def _measure_texts(processes: Mapping[str, PeerProcess], texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Speed and agreement with float32 of every peer, each with its best size of batch."""
    tasks = {
        name: {size: partial(process.call, "recognize", texts=texts, batch=size) for size in PEERS[name].batches}
        for name, process in processes.items()
    }
    tried = {name: {size: float(task()) for size, task in sizes.items()} for name, sizes in tasks.items()}
    best = {name: min(sizes, key=sizes.__getitem__) for name, sizes in tried.items()}
    compared = _compare({name: sizes[best[name]] for name, sizes in tasks.items()}, rounds)
    return {
        "texts": len(texts),
        "words": sum(len(text.split()) for text in texts),
        "agreement": _tag_agreement(processes, texts, best),
        "peers": {
            name: {"batch": best[name], "texts_per_second": round(len(texts) / found["median"], 1), **found}
            for name, found in compared.items()
        },
    }


def _compare(tasks: Mapping[str, Any], rounds: int) -> dict[str, dict[str, Any]]:
    return ratios(take_turns(tasks, rounds), OURS)


def _median_seconds(process: PeerProcess, texts: Sequence[str]) -> float:
    return float(np.median(process.call("recognize_each", texts=texts, calls=len(texts))))


def _tag_agreement(
    processes: Mapping[str, PeerProcess], texts: Sequence[str], batches: Mapping[str, int]
) -> dict[str, float]:
    """By peer the share of words whose tag is float32's; nothing without the peer in float32."""
    if EXACT not in processes:
        return {}
    tags = {
        peer: np.concatenate(process.call("word_tags", texts=texts, batch=batches[peer]))
        for peer, process in processes.items()
        if peer != SPACY  # another model with other tags
    }
    return {peer: round(float((found == tags[EXACT]).mean()), 5) for peer, found in tags.items()}


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    engines = []
    for model, each in figures["engines"].items():
        for name in [name for name, described in each["peers"].items() if "missing" not in described]:
            taken = [shape[name] for shape in each["shapes"].values()]
            cells = (f"{1000 * found['median']:.2f} ({found['ratio']:.2f}×)" for found in taken)
            engines.append([model, PEERS[name].title, *cells])
    shapes = next(iter(figures["engines"].values()))["shapes"]
    one, sentences, documents = (figures[kind] for kind in ("one_text", "sentences", "documents"))
    header = [f"{sentences['texts']} sentences: texts/s", "times ours (quartiles)", "tags as float32, %"]
    header += [f"{documents['texts']} documents: words/s", "times ours (quartiles)", "tags as float32, %"]
    header += ["one text: ms", "times ours (quartiles)"]
    words = documents["words"] / documents["texts"]
    rows = []
    for name in sorted(one["peers"], key=lambda name: float(sentences["peers"][name]["ratio"])):
        of_sentences, of_documents, of_one = (part["peers"][name] for part in (sentences, documents, one))
        row = [PEERS[name].title, f"{of_sentences['texts_per_second']:,.0f}", times(of_sentences)]
        row += [_agreement(sentences, name), f"{words * of_documents['texts_per_second']:,.0f}", times(of_documents)]
        rows.append([*row, _agreement(documents, name), f"{1000 * of_one['median']:.2f}", times(of_one)])
    missing = [
        f"Not measured: {name} ({each['missing']})." for name, each in figures["peers"].items() if "missing" in each
    ]
    return {
        "texts": "\n\n".join([markdown(["", *header], rows), *missing]),
        "engines": markdown(["model", "engine: ms a call (times ours)", *shapes], engines),
    }


def _agreement(part: Mapping[str, Any], name: str) -> str:
    return percent(part["agreement"][name]) if name in part["agreement"] else ""
