"""All questions of speed and memory in one run, and then their tables and pictures in README.md.

    python -m benchmarks.suite [FILE] [--quick | --long] [--work FOLDER] [--results FOLDER]

FILE is a CoNLL file such as eng.testa; without it, texts are our own. Needs the extra `benchmark`, and a machine that
does nothing else: half an hour, with `--quick` three minutes, with `--long` a good deal more. Models that are
compared are made before, once (a quarter of an hour or two, most of it for the xlarge shape). Quick figures go to
`build/quick` and into no README. A question that fails is named at the end, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.environment import describe
from benchmarks.peers import PEERS
from benchmarks.peers.models import DEFAULT, MODELS, prepare
from benchmarks.peers.stock import make_in_a_process
from benchmarks.targets import RESULTS, read_results, table

QUICK_RESULTS = Path("build/quick")


def questions(file: Path | None, work: Path, extent: str) -> dict[str, list[str]]:
    """The scripts to run, in order, and what each is given beside its output.

    Args:
        file: A CoNLL file, or none.
        work: Where made models are kept.
        extent: `quick`, `default` or `long`.
    """
    quick = ["--quick"] if extent == "quick" else []
    long = ["--long"] if extent == "long" else []
    made, texts = ["--work", str(work)], [str(file)] if file else []
    models = ["--only", DEFAULT] if quick else []
    return {
        "latency": ["--seconds", "0.2"] if quick else [],
        "startup": [*made, *quick],
        "memory": [*made, *quick, *long],
        "throughput": [*texts, *made, *quick],
        "latency_peers": [*made, *models, *quick],
        "stages": [*texts, *made, *models, *(["--seconds", "0.5"] if quick else [])],
        "physical_limit": [*made, *models, *quick],
        "scaling": [*quick, *long],
    }


def make_models(names: Sequence[str], work: Path) -> None:
    """Makes what is compared, so that no question's time has it."""
    for name in names:
        print(f"making {name}, or taking what is there", file=sys.stderr, flush=True)
        model = prepare(name, work)
        for kind in sorted({kind for peer in PEERS.values() for kind in peer.needs}):
            make_in_a_process(kind, model.checkpoint, model.files)


def run(asked: Mapping[str, Sequence[str]], results: Path) -> tuple[dict[str, float], list[str]]:
    """Asks one question after another; returns the seconds that each took, and those that failed."""
    seconds, failed = {}, []
    for name, arguments in asked.items():
        print(f"\n== {name}", file=sys.stderr, flush=True)
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *arguments]
        started = time.perf_counter()
        done = subprocess.run([*command, "--output", str(results / f"{name}.json")])
        seconds[name] = round(time.perf_counter() - started, 1)
        if done.returncode:
            failed.append(name)
    return seconds, failed


def main() -> None:
    """Asks, writes and reports; fails if a question did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    extents = parser.add_mutually_exclusive_group()
    extents.add_argument("--quick", action="store_true", help="the default model alone, few peers and rounds")
    extents.add_argument(
        "--long",
        action="store_true",
        help="scaling goes on to 10 MB and a million texts, memory to 10,000 calls of peers",
    )
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    parser.add_argument("--results", type=Path, help="where figures go")
    arguments = parser.parse_args()
    extent = "quick" if arguments.quick else "long" if arguments.long else "default"
    results = arguments.results or (QUICK_RESULTS if arguments.quick else RESULTS)
    if arguments.file and not arguments.file.is_file():
        raise SystemExit(f"{arguments.file}: no such file, expected one in CoNLL's format")
    results.mkdir(parents=True, exist_ok=True)
    make_models([DEFAULT] if arguments.quick else MODELS, arguments.work)
    seconds, failed = run(questions(arguments.file, arguments.work, extent), results)
    record = {"extent": extent, "seconds": seconds, "failed": failed, "environment": describe()}
    (results / "suite.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(f"\nall in {sum(seconds.values()) / 60:.1f} minutes", file=sys.stderr)
    print(table(read_results(results)))
    if results == RESULTS:
        report.main()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; why is said above")


if __name__ == "__main__":
    main()
