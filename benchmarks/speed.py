"""Speed against peers: calls of the model by shape, one text at a time, a corpus, and whole documents.

Peers run in processes of their own and take turns, so their ratios hold whatever else the machine does. Next to each
one's speed stands how far its answers agree with float32's. Texts are those of `--conll`, or the project's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, Final

import numpy as np

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx.benchmark.startup import sample_sentences
from benchmarks.models import SHAPES as SIZES
from benchmarks.models import random_model
from benchmarks.pages import markdown, percent, times
from benchmarks.peers import EXACT, OURS, PEERS, Settings
from benchmarks.peers.process import PeerProcess, loaded_peers, settings_of
from benchmarks.run import Run
from benchmarks.turns import ratios, take_turns

ENGINES: Final = (OURS, "onnxruntime-int8-one-call", "openvino-int8-latency", EXACT)
CALLS: Final = {"1×16": (1, 16), "1×64": (1, 64), "1×128": (1, 128), "8×16": (8, 16), "8×64": (8, 64)}
_SENTENCES, _QUICK_SENTENCES = 600, 30
_DOCUMENTS, _QUICK_DOCUMENTS = 40, 2
_DOCUMENT_WORDS = 500
_ROUNDS, _ENGINE_ROUNDS, _QUICK_ROUNDS = 5, 9, 1
_SECONDS = 0.05  # of calls in a row: the clock's steps must not matter
_LOGIT_LENGTHS = range(8, 24)


def measure(run: Run) -> dict[str, Any]:
    """See `pages.open_suite`."""
    default = settings_of(run.checkpoint, run.model, run.folder)
    found: dict[str, Any] = {"engines": {run.model.name: _engines(run, default)}}
    if not run.quick:
        run.say("base")
        folder = run.work / "base"
        base = settings_of(*random_model(run, SIZES["base"], folder), folder)
        found["engines"]["base"] = _engines(run, base, trained=False)
    rounds = _QUICK_ROUNDS if run.quick else _ROUNDS
    with loaded_peers(run, PEERS, default) as (processes, described):
        found["peers"] = described
        texts = sample_sentences()[: 5 if run.quick else None]
        agreement = _tag_agreement(processes, texts, dict.fromkeys(processes, 1))
        tasks = {name: partial(_median_seconds, process, texts) for name, process in processes.items()}
        found["one_text"] = {"texts": len(texts), "agreement": agreement, "peers": _compare(tasks, rounds)}
        for kind, texts in read_texts(run).items():
            run.say(f"{kind}: {len(texts)}")
            found[kind] = _measure_texts(processes, texts, rounds)
    return found


def _engines(run: Run, settings: Settings, trained: bool = True) -> dict[str, Any]:
    """The model alone: what `ratios` says about the seconds of a call by shape, and the agreement with float32.

    Agreement is the share of equal tags, or for random weights the correlation of the logits.
    """
    with loaded_peers(run, ENGINES, settings) as (processes, described):
        agreement = (
            _tag_agreement(processes, sample_sentences(), dict.fromkeys(processes, 1))
            if trained
            else _logit_correlation(processes)
        )
        shapes = {}
        for shape, (rows, pieces) in CALLS.items():
            if pieces <= settings.window:
                tasks = {name: _engine_task(process, rows, pieces) for name, process in processes.items()}
                shapes[shape] = _compare(tasks, _QUICK_ROUNDS if run.quick else _ENGINE_ROUNDS)
    return {"peers": described, "agreement": agreement, "shapes": shapes}


def _engine_task(process: PeerProcess, rows: int, pieces: int) -> partial[float]:
    """Times enough calls in a row; finding out how many warms up."""
    ask = partial(process.call, "call_model", rows=rows, pieces=pieces)
    return partial(ask, calls=max(1, round(_SECONDS / ask(calls=1))))


def read_texts(run: Run) -> dict[str, list[str]]:
    """`sentences` and `documents`: of the CoNLL file, words joined by blanks, or of the project's own texts."""
    if run.conll:
        documents = [[" ".join(sentence.words) for sentence in document] for document in run.documents()]
    else:
        documents = _as_documents(own_corpus().held_out)
    sentences = [sentence for document in documents for sentence in document]
    numbers = (_QUICK_SENTENCES, _QUICK_DOCUMENTS) if run.quick else (_SENTENCES, _DOCUMENTS)
    return {
        "sentences": _sample(sentences, numbers[0]),
        "documents": _sample([" ".join(document) for document in documents], numbers[1]),
    }


def _sample(texts: Sequence[str], number: int) -> list[str]:
    """At most this many texts, at random but always the same ones."""
    return [texts[index] for index in np.random.default_rng(0).permutation(len(texts))[:number]]


def _as_documents(sentences: Sequence[str]) -> list[list[str]]:
    """Neighbouring sentences, in documents of about `_DOCUMENT_WORDS` words."""
    before = accumulate((len(sentence.split()) for sentence in sentences), initial=0)
    documents: dict[int, list[str]] = {}
    for words, sentence in zip(before, sentences, strict=False):
        documents.setdefault(words // _DOCUMENT_WORDS, []).append(sentence)
    return list(documents.values())


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
        if peer != "spacy"  # another model with other tags
    }
    return {peer: round(float((found == tags[EXACT]).mean()), 5) for peer, found in tags.items()}


def _logit_correlation(processes: Mapping[str, PeerProcess]) -> dict[str, float]:
    """By peer the correlation of its logits with float32's over random sequences."""
    if EXACT not in processes:
        return {}
    logits = {name: process.call("logits", lengths=list(_LOGIT_LENGTHS)) for name, process in processes.items()}
    return {name: round(float(np.corrcoef(logits[EXACT], found)[0, 1]), 5) for name, found in logits.items()}


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """See `pages.open_suite`."""
    found = {}
    for model, engines in figures["engines"].items():
        rows = []
        for name in [name for name, described in engines["peers"].items() if "missing" not in described]:
            taken = [shape[name] for shape in engines["shapes"].values()]
            cells = (f"{1000 * each['median']:.2f} ({each['ratio']:.2f}×)" for each in taken)
            agreement = engines["agreement"].get(name)
            rows.append([PEERS[name].title, *cells, f"{agreement:.4f}" if agreement is not None else ""])
        header = [f"{model}: ms a call (times ours)", *engines["shapes"], "agrees with float32"]
        found["engine_base" if model == "base" else "engine"] = markdown(header, rows)
    one = figures["one_text"]
    header = ["one text at a time", "ms, median", "times ours (quartiles)", "tags as float32, %"]
    rows = [
        [PEERS[name].title, f"{1000 * each['median']:.2f}", times(each), _agreement(one, name)]
        for name, each in _fastest_first(one)
    ]
    found["one_text"] = markdown(header, rows)
    for kind in ("sentences", "documents"):
        part = figures[kind]
        header = [f"{part['texts']} {kind}, {part['words']:,} words", "batch", "texts/s", "words/s"]
        header += ["times ours (quartiles)", "tags as float32, %"]
        rows = []
        for name, each in _fastest_first(part):
            rate = each["texts_per_second"]
            speed = f"{rate:,.1f}", f"{rate * part['words'] / part['texts']:,.0f}"
            rows.append([PEERS[name].title, str(each["batch"] or ""), *speed, times(each), _agreement(part, name)])
        found[kind] = markdown(header, rows)
    missing = [[PEERS[name].title, each["missing"]] for name, each in figures["peers"].items() if "missing" in each]
    found["missing"] = markdown(["not measured", "why"], missing) if missing else "All peers were measured."
    return found


def _fastest_first(part: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(part["peers"].items(), key=lambda item: float(item[1]["ratio"]))


def _agreement(part: Mapping[str, Any], name: str) -> str:
    if name == "spacy":
        return "another model"
    return percent(part["agreement"][name]) if name in part["agreement"] else ""
