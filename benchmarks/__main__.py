"""Runs the benchmarks, keeps their figures, and writes the tables of the pages.

    python -m benchmarks                           # all suites
    python -m benchmarks speed start --quick       # some suites, only to see that they work
    python -m benchmarks accuracy --conll eng.testa
    python -m benchmarks pages                     # only the tables, from the figures that are kept

Every suite writes RESULTS/NAME.json: its figures, the machine, the versions and the commit. A suite that lacks its data
or a package, and a peer that isn't installed, are named in one line, and the run goes on. Only full runs of
the default model write into benchmarks/results and into the pages; others write into the work folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pages import RESULTS, SUITES, open_suite, tables_of, write_pages
from benchmarks.peers import OURS, PEERS
from benchmarks.run import DEFAULT_MODEL, NotRunError, Run, describe_environment


def run_suite(name: str, run: Run, results: Path) -> None:
    """Measures one suite, writes its record and prints its tables.

    Raises:
        NotRunError: Something that the suite needs is missing.
    """
    environment = describe_environment()  # before, because the tree may change while a long suite runs
    started = time.perf_counter()
    try:
        figures = open_suite(name).measure(run)
    except ModuleNotFoundError as error:
        raise NotRunError(f"{error.name} isn't installed; pip install -e '.[benchmark]'") from None
    record = {
        "suite": name,
        "quick": run.quick,
        "model": run.model.name,
        "data": run.conll.name if run.conll else None,
        "seconds": round(time.perf_counter() - started, 1),
        "figures": figures,
        "environment": environment,
    }
    results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (results / f"{name}.json").write_text(text + "\n", "utf-8")
    print(*tables_of(json.loads(text)).values(), sep="\n\n", flush=True)


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line; ends the process if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = ", ".join(SUITES)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{known}, or `pages`; by default all")
    parser.add_argument("--quick", action="store_true", help="few texts and rounds: a check, no measurement")
    parser.add_argument("--conll", type=Path, metavar="FILE", help="gold tags, such as CoNLL-2003's eng.testa")
    parser.add_argument("--checkpoint", type=Path, metavar="FOLDER", default=Run().checkpoint, help="the source")
    parser.add_argument("--model", type=Path, metavar="FOLDER", default=Run().model, help="its export in int8")
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, metavar="PEER", help=f"compare ours with some of {', '.join(PEERS)}"
    )
    parser.add_argument("--work", type=Path, metavar="FOLDER", default=Run().work, help="for models that are made")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="for the figures")
    found = parser.parse_args(arguments)
    for suite in found.suites:
        if suite not in (*SUITES, "pages"):
            parser.error(f"no suite {suite!r}; there are {known}")
    for path in (found.conll, found.checkpoint, found.model):
        if path is not None and not path.exists():
            parser.error(f"{path}: no such file or folder")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the suites; returns 1 if one failed, and 0 if all are measured or lack something."""
    found = read_arguments(arguments)
    run = Run(
        quick=found.quick,
        conll=found.conll,
        checkpoint=found.checkpoint.resolve(),
        model=found.model.resolve(),
        work=found.work.resolve(),
        peers=(OURS, *found.peers) if found.peers else None,
    )
    kept = not run.quick and run.model == DEFAULT_MODEL.resolve()
    results = found.results or (RESULTS if kept else run.work / ("quick" if run.quick else run.model.name))
    failed = False
    for name in found.suites or SUITES:
        if name == "pages":
            continue
        run.say(f"== {name}")
        try:
            run_suite(name, run, results)
        except NotRunError as reason:
            run.say(f"{name}: not run: {reason}")
        except Exception:
            failed = True
            traceback.print_exc()
            run.say(f"{name}: failed; the reason is above")
    if results == RESULTS:
        write_pages()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
