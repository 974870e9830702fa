"""Memory of a whole process, ours beside its peers: after the imports, after loading, under load, after many calls.

    python -m benchmarks.memory [--work FOLDER] [--quick | --long] [--output FILE]

RSS is all that is resident, PSS counts what processes share in part. Load is 600 sentences of our own in the peer's
largest batches; then come calls with one sentence each, 10,000 of ours and 1,000 of peers, with `--long` 10,000 of
peers that aren't slow, too. Needs the extra `benchmark`, and Linux.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from albert_ner_export.texts.sequences import own_corpus
from albert_ner_onnx.model.manifest import MODEL
from albert_ner_onnx.model.session import available_cores
from benchmarks.environment import describe
from benchmarks.markdown import markdown
from benchmarks.peers import OURS, PEERS, QUICK_PEERS, PeerMissingError, Settings
from benchmarks.peers.models import DEFAULT, prepare
from benchmarks.peers.process import PeerProcess
from benchmarks.peers.stock import make_in_a_process

RESULT = Path(__file__).parent / "results" / "memory.json"
SENTENCES, CALLS, FEWER_CALLS = 600, 10_000, 1_000
_QUICK_SENTENCES, _QUICK_CALLS = 50, 100
MOMENTS = ("imported", "loaded", "after_sentences", "after_calls")
_CHOSEN = (
    *(OURS, "transformers-float32", "optimum-int8", "onnxruntime-int8-latency", "onnxruntime-int8-throughput"),
    *("openvino-int8-latency", "openvino-int8-throughput", "spacy-small"),
)


def measure_peer(name: str, settings: Settings, texts: list[str], calls: int) -> dict[str, Any]:
    """Memory of one peer's process at each of the `MOMENTS`, in bytes; or why it is `missing`."""
    for kind in PEERS[name].needs:
        make_in_a_process(kind, settings.checkpoint, settings.models)
    with PeerProcess(name, settings.threads) as process:
        try:
            described = process.call("load", settings=settings.as_json())
        except PeerMissingError as missing:
            return {"missing": str(missing)}
        moments = dict(described["memory"])
        process.call("keep", name="own", texts=texts)
        process.call("recognize", texts="own", batch=max(PEERS[name].batches))
        moments["after_sentences"] = process.call("memory")
        process.call("recognize_each", texts="own", calls=calls)
        moments["after_calls"] = process.call("memory")
    return {"setup": described["setup"], "calls": calls, "memory": moments}


def number_of_calls(peer: str, extent: str) -> int:
    """How many calls a peer gets: slow ones take minutes for what shows after a thousand."""
    if extent == "quick":
        return _QUICK_CALLS
    return CALLS if peer == OURS or (extent == "long" and not PEERS[peer].slow) else FEWER_CALLS


def measure(work: Path, extent: str) -> dict[str, Any]:
    """All figures: by peer, and ours `growth` from after the imports to after the sentences beside the model's file.

    Args:
        work: Where made models are kept.
        extent: `quick`, `default` or `long`.
    """
    quick = extent == "quick"
    model = prepare(DEFAULT, work)
    texts = list(own_corpus().held_out[: _QUICK_SENTENCES if quick else SENTENCES])
    peers: dict[str, Any] = {}
    for name in _CHOSEN:
        if quick and name not in QUICK_PEERS:
            continue
        print(name, file=sys.stderr, flush=True)
        calls = number_of_calls(name, extent)
        peers[name] = measure_peer(name, model.settings(available_cores()), texts, calls)
    ours = peers[OURS]["memory"]
    return {
        "peers": peers,
        "sentences": len(texts),
        "our_growth": ours["after_sentences"]["rss"] - ours["imported"]["rss"],
        "our_model_bytes": (model.package / MODEL).stat().st_size,
    }


def table(record: Mapping[str, Any]) -> str:
    """The figures in Markdown, in megabytes."""
    titles = ("imports", "loading", f"{record['sentences']} sentences", "so many calls")
    header = ["RSS (PSS), MB, after", *titles, "peak under load", "times ours after sentences"]
    ours = record["peers"][OURS]["memory"]["after_sentences"]["rss"]
    rows = []
    for name, found in record["peers"].items():
        if "missing" in found:
            rows.append([name, f"not measured: {found['missing']}", *[""] * 5])
            continue
        memory = found["memory"]
        cells = [f"{memory[moment]['rss'] / 1e6:.0f} ({memory[moment]['pss'] / 1e6:.0f})" for moment in MOMENTS]
        cells[-1] += f" after {found['calls']:,}"
        after = memory["after_sentences"]
        rows.append([name, *cells, f"{after['peak'] / 1e6:.0f}", f"{after['rss'] / ours:.2f}"])
    growth, model = record["our_growth"] / 1e6, record["our_model_bytes"] / 1e6
    last = (
        f"Ours grew by {growth:.0f} MB from after the imports to after the sentences; its model's file has {model:.0f}."
    )
    return f"{markdown(header, rows)}\n\n{last}"


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    extents = parser.add_mutually_exclusive_group()
    extents.add_argument("--quick", action="store_true", help="few peers and few calls")
    extents.add_argument("--long", action="store_true", help="10,000 calls of peers that aren't slow, too")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    extent = "quick" if arguments.quick else "long" if arguments.long else "default"
    record = measure(arguments.work, extent) | {"extent": extent, "environment": describe()}
    arguments.output.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(json.loads(arguments.output.read_text("utf-8"))))


if __name__ == "__main__":
    main()
