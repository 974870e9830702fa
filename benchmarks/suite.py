"""All questions of speed and memory in one run, and then their tables and pictures in README.md.

    python -m benchmarks.suite [FILE] [--quick | --long] [--work FOLDER] [--results FOLDER]

FILE is a CoNLL file such as eng.testa; without it, texts are our own. Needs the extra `benchmark`, and a machine that
does nothing else: about 25 minutes, with `--quick` three, and most of an hour more with `--long`. Models that are
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
from benchmarks.targets import RESULTS

QUICK_RESULTS = Path("build/quick")


def questions(file: Path | None, work: Path, extent: str) -> dict[str, list[str]]:
    """The scripts to run, in order, and what each is given beside its output.

    Args:
        file: A CoNLL file, or none.
        work: Where made models are kept.
        extent: `quick`, `default` or `long`.
    """
    quick = ["--quick"] if extent == "quick" else []
    made, texts = ["--work", str(work)], [str(file)] if file else []
    models = ["--only", DEFAULT] if quick else []
    return {
        "latency": ["--seconds", "0.2"] if quick else [],
        "startup": [*made, *quick],
        "memory": [*made, *quick],
        "throughput": [*texts, *made, *quick],
        "latency_peers": [*made, *models, *quick],
        "stages": [*texts, *made, *models, *(["--seconds", "0.5"] if quick else [])],
        "physical_limit": [*made, *models, *quick],
        "scaling": quick or (["--long"] if extent == "long" else []),
    }


def make_models(names: Sequence[str], work: Path) -> None:
    """Makes what is compared, so that no question's time has it."""
    for name in names:
        print(f"making {name}, or taking what is there", file=sys.stderr, flush=True)
        model = prepare(name, work)
        for kind in sorted({kind for peer in PEERS.values() for kind in peer.needs}):
            make_in_a_process(kind, model.checkpoint, model.files)


def run(asked: Mapping[str, Sequence[str]], results: Path) -> dict[str, float]:
    """Asks one question after another; returns the seconds that each took, of those that failed less than 0."""
    seconds = {}
    for name, arguments in asked.items():
        print(f"\n== {name}", file=sys.stderr, flush=True)
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *arguments]
        started = time.perf_counter()
        done = subprocess.run([*command, "--output", str(results / f"{name}.json")])
        seconds[name] = round(time.perf_counter() - started, 1) * (-1 if done.returncode else 1)
    return seconds


def main() -> None:
    """Asks, writes and reports; fails if a question did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_const", const="quick", dest="extent")
    extent.add_argument("--long", action="store_const", const="long", dest="extent")
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="where made models are kept")
    parser.add_argument("--results", type=Path, help="where figures go")
    arguments = parser.parse_args()
    quick = arguments.extent == "quick"
    results = arguments.results or (QUICK_RESULTS if quick else RESULTS)
    if arguments.file and not arguments.file.is_file():
        raise SystemExit(f"{arguments.file}: no such file, expected one in CoNLL's format")
    results.mkdir(parents=True, exist_ok=True)
    make_models([DEFAULT] if quick else MODELS, arguments.work)
    seconds = run(questions(arguments.file, arguments.work, arguments.extent or "default"), results)
    record = {"extent": arguments.extent or "default", "seconds": seconds, "environment": describe()}
    (results / "suite.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(f"\nall in {sum(map(abs, seconds.values())) / 60:.1f} minutes", file=sys.stderr)
    if failed := [name for name, taken in seconds.items() if taken < 0]:
        raise SystemExit(f"failed: {', '.join(failed)}; the first lines of each are above")
    if results == RESULTS:
        report.main()


if __name__ == "__main__":
    main()
