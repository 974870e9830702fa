"""Sentences a second, text to entities, of ours beside its peers: CoNLL sentences, our own, and long documents.

    python -m benchmarks.throughput [FILE] [--work FOLDER] [--quick] [--output FILE]

FILE is a CoNLL file such as eng.testa, whose sentences are joined by blanks; without it the others are measured. All
peers get 300 sentences, each size of batch once and the best one again; then int8, and spaCy, get all of FILE's.
Needs the extra `benchmark`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx.benchmark.startup import own_texts
from albert_ner_onnx.files.conll import read_conll
from albert_ner_onnx.model.session import available_cores
from benchmarks.environment import describe
from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown
from benchmarks.peers import OURS, OURS_LATENCY, PEERS, QUICK_PEERS
from benchmarks.peers.agreement import share_of_tags, tag_agreement
from benchmarks.peers.models import DEFAULT, prepare
from benchmarks.peers.process import PeerProcess, loaded_peers

RESULT = Path(__file__).parent / "results" / "throughput.json"
SENTENCES, QUICK_SENTENCES = 300, 50
DOCUMENT_WORDS = 3000
_ROUNDS, _QUICK_ROUNDS = 3, 1
_NO_CHECKPOINT = ("spacy-small",)


def sample(texts: Sequence[str], number: int) -> list[str]:
    """So many texts, or all if there are fewer, at random but always the same."""
    chosen = np.random.default_rng(0).permutation(len(texts))[:number]
    return [texts[index] for index in chosen]


def as_documents(sentences: Sequence[str], words: int) -> list[str]:
    """Sentences joined by blanks to documents of about so many words, all of them."""
    numbers = [before // words for before in accumulate(len(sentence.split()) for sentence in sentences)]
    documents: dict[int, list[str]] = {}
    for number, sentence in zip(numbers, sentences, strict=True):
        documents.setdefault(number, []).append(sentence)
    return [" ".join(part) for part in documents.values()]


def read_sets(file: Path | None, quick: bool) -> dict[str, list[str]]:
    """The lists of texts that all peers get."""
    number = QUICK_SENTENCES if quick else SENTENCES
    own = own_corpus().held_out
    sets = {"our own sentences": sample(own, number)}
    sets["long documents"] = as_documents(own[:number], DOCUMENT_WORDS)
    if file:
        sets = {"CoNLL sentences": sample(_conll(file), number)} | sets
    return sets


def _conll(file: Path) -> list[str]:
    return [" ".join(sentence.words) for sentence in read_conll(file)]


def check(processes: Mapping[str, PeerProcess], sets: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Share of tags as in float32. Ours must pass on CoNLL sentences and on the short ones that come with it.

    On the others, which the exporter holds out to judge by, its own gate counts: the manifest has that figure.

    Raises:
        DisagreementError: It doesn't.
    """
    batches = {name: max(PEERS[name].batches) for name in processes if name not in _NO_CHECKPOINT}
    _keep(processes, "short", own_texts())
    found = {"short sentences": tag_agreement(processes, "short", batches)}
    for name in sets:
        judged = name.startswith("CoNLL")
        found[name] = (tag_agreement if judged else share_of_tags)(processes, name, batches)
    return found


def _keep(processes: Mapping[str, PeerProcess], name: str, texts: Sequence[str]) -> None:
    for process in processes.values():
        process.call("keep", name=name, texts=list(texts))


def measure_set(
    processes: Mapping[str, PeerProcess], texts: str, number: int, batches: Mapping[str, Sequence[int]], rounds: int
) -> dict[str, dict[str, Any]]:
    """Texts a second of each peer and size of batch.

    Args:
        processes: The peers.
        texts: Name of a list that they keep.
        number: Its texts.
        batches: Sizes to try, by peer.
        rounds: That count.

    Returns:
        By peer: the `tried_seconds` of each size, which warm up, too; the `batch` that is best, its
        `texts_per_second`, and what `compare` says of it.
    """
    tasks = {
        name: {size: partial(processes[name].call, "recognize", texts=texts, batch=size) for size in sizes}
        for name, sizes in batches.items()
    }
    tried = {name: {size: float(task()) for size, task in sizes.items()} for name, sizes in tasks.items()}
    best = {name: min(sizes, key=sizes.__getitem__) for name, sizes in tried.items()}
    chosen = {name: sizes[best[name]] for name, sizes in tasks.items()}
    compared = compare(interleave(chosen, rounds, warm_up=0), OURS)
    return {
        name: {
            "batch": best[name],
            "tried_seconds": tried[name],
            "texts_per_second": round(number / float(np.median(found["median"])), 1),
            **found,
        }
        for name, found in compared.items()
    }


def measure(file: Path | None, work: Path, quick: bool) -> dict[str, Any]:
    """All figures."""
    settings = prepare(DEFAULT, work).settings(available_cores())
    sets, rounds = read_sets(file, quick), _QUICK_ROUNDS if quick else _ROUNDS
    with loaded_peers(QUICK_PEERS if quick else PEERS, settings, _report) as (processes, described):
        for name, texts in sets.items():
            _keep(processes, name, texts)
        _report("tags as in float32")
        agreement = check(processes, sets)
        figures: dict[str, Any] = {}
        for name, texts in sets.items():
            _report(name)
            batches = {peer: PEERS[peer].batches for peer in processes}
            found = measure_set(processes, name, len(texts), batches, rounds)
            figures[name] = {"texts": len(texts), "words": _words(texts), "peers": found}
        if file and not quick:
            texts = _conll(file)
            _report(f"all {len(texts)} CoNLL sentences")
            fast = {name: each for name, each in processes.items() if _gets_all(name)}
            _keep(fast, "all", texts)
            best = {name: [figures["CoNLL sentences"]["peers"][name]["batch"]] for name in fast}
            found = measure_set(fast, "all", len(texts), best, _ROUNDS)
            figures["all CoNLL sentences"] = {"texts": len(texts), "words": _words(texts), "peers": found}
    return {"peers": described, "agreement": agreement, "sets": figures}


def _gets_all(peer: str) -> bool:
    return not PEERS[peer].slow and ("int8" in peer or peer in (OURS, OURS_LATENCY, *_NO_CHECKPOINT))


def _words(texts: Sequence[str]) -> int:
    return sum(len(text.split()) for text in texts)


def table(record: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    blocks = []
    for name, figures in record["sets"].items():
        header = [f"{name}: {figures['texts']}, {figures['words']} words", "batch", "texts a second", "words a second"]
        header += ["ours is faster by", "quartiles", "tags as float32, %"]
        agreement = record["agreement"].get(name.removeprefix("all "), {})
        rows = []
        for peer, found in sorted(figures["peers"].items(), key=lambda item: item[1]["ratio"]):
            low, high = found["ratio_quartiles"]
            share = f"{100 * agreement[peer]:.2f}" if peer in agreement else "another model"
            batch = "its own" if peer in (OURS, OURS_LATENCY) else str(found["batch"])
            rate = found["texts_per_second"]
            rates = f"{rate:.1f}", f"{rate * figures['words'] / figures['texts']:.0f}"
            rows.append([peer, batch, *rates, f"{found['ratio']:.2f}×", f"{low:.2f}–{high:.2f}", share])
        blocks.append(markdown(header, rows))
    missing = {name: each["missing"] for name, each in record["peers"].items() if "missing" in each}
    blocks += [f"{name}: not measured, {reason}" for name, reason in missing.items()]
    return "\n\n".join(blocks)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    parser.add_argument("--quick", action="store_true", help="few peers, and 50 sentences")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    record = measure(arguments.file, arguments.work, arguments.quick)
    record |= {
        "file": arguments.file.name if arguments.file else None,
        "quick": arguments.quick,
        "environment": describe(),
    }
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(json.loads(arguments.output.read_text("utf-8"))))


if __name__ == "__main__":
    main()
