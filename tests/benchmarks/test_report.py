import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import PAGE, README, SUMMARY, blocks, summary, write
from benchmarks.suite import questions
from benchmarks.targets import RESULTS


def test_the_page_has_what_the_results_say() -> None:
    page = PAGE.read_text("utf-8")
    assert write(page, blocks()) == page


def test_the_readme_has_the_summary() -> None:
    readme = README.read_text("utf-8")
    assert write(readme, {SUMMARY: summary()}) == readme


def test_each_question_of_the_suite_has_its_block() -> None:
    alone = ("suite", "targets", "scheduling", "scales_speed", "instructions")
    asked = questions(None, Path("work"), "default").keys() - {"latency"}  # the runtime's own, in no table
    assert {f"benchmarks/{name}.py" for name in (*asked, *alone)} == set(blocks())


def test_the_source_is_named() -> None:
    environment = {"cpu": "Some CPU", "cores": 2, "commit": "0123456789", "dirty": False}
    assert report._source({"environment": environment}) == "Some CPU, 2 cores, commit 0123456."
    assert report._source({"environment": environment | {"dirty": True}}).endswith("commit 0123456 with changes.")
    assert report._source({"environment": environment | {"commit": None}}).endswith("commit unknown.")


@pytest.mark.parametrize(
    ("file", "extent", "minutes"), [("suite.json", "default", 30), (report.QUICK_SUITE, "quick", 3)]
)
def test_the_suite_keeps_its_time(file: str, extent: str, minutes: int) -> None:
    record = json.loads((RESULTS / file).read_text())
    assert (record["extent"], record["failed"], record["environment"]["dirty"]) == (extent, [], False)
    assert sum(record["seconds"].values()) < 60 * minutes


def test_all_results_are_of_one_run() -> None:
    results = PAGE.parent / "results"
    names = json.loads((results / "suite.json").read_text())["seconds"]
    environments = [json.loads((results / f"{name}.json").read_text())["environment"] for name in names]
    assert all(not environment["dirty"] for environment in environments)
    first, *others = [[environment[name] for name in ("cpu", "cpu_flags", "cores")] for environment in environments]
    assert all(other == first for other in others)
    assert len({environment["commit"] for environment in environments}) == 1
