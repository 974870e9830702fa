"""Tables in pages."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import summary
from benchmarks.markdown import markdown, source, times
from benchmarks.pages import tables_of, with_tables, write_pages

PAGE = "# Title\n<!-- begin: scaling.growth -->\nold\n<!-- end: scaling.growth -->\nrest\n"
ENVIRONMENT = {"cpu": "Some CPU", "cores": 2, "amx": "absent", "commit": "0123456789", "changed": False}
POINT = {"size": 1000, "words": 200, "seconds": 0.5, "cpu_seconds": 0.6, "before_bytes": 9e7, "peak_bytes": None}
RECORD: dict[str, Any] = {
    "suite": "scaling",
    "figures": {"curves": {"texts": [POINT]}, "exponents": {"texts": 1.0}},
    "environment": ENVIRONMENT,
}


def test_a_page_gets_the_tables_that_it_asks_for(tmp_path: Path) -> None:
    (tmp_path / "scaling.json").write_text(json.dumps(RECORD))
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    write_pages(tmp_path, [page])
    written = page.read_text()
    assert written.startswith("# Title\n<!-- begin: scaling.growth -->\n|  | words |")
    assert "| a stream of 1,000 texts | 200 | 0.50 | 3000 | 90 | unknown |" in written
    assert written.endswith("Some CPU, 2 cores, commit 0123456.\n<!-- end: scaling.growth -->\nrest\n")
    write_pages(tmp_path, [page])
    assert page.read_text() == written


def test_a_page_that_asks_for_a_table_that_no_result_has(tmp_path: Path) -> None:
    (tmp_path / "scaling.json").write_text(json.dumps(RECORD))
    page = tmp_path / "README.md"
    page.write_text(PAGE.replace("scaling.growth", "scaling.grown"))
    with pytest.raises(ValueError, match=r"no result has the table scaling\.grown; there are scaling\.growth"):
        write_pages(tmp_path, [page])


def test_tables_without_results_stay() -> None:
    assert with_tables(PAGE, {"speed.sentences": "new"}) == PAGE


def test_where_it_was_measured() -> None:
    assert source(RECORD) == "Some CPU, 2 cores, commit 0123456."
    other = ENVIRONMENT | {"amx": "refused", "changed": True}
    assert source({"environment": other}) == "Some CPU, 2 cores, AMX refused, commit 0123456 with changes."
    assert "commit unknown." in source({"environment": ENVIRONMENT | {"commit": None}})
    assert tables_of(RECORD).keys() == {"scaling.growth"}


def test_cells() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert times({"ratio": 1.234, "ratio_quartiles": [1, 2]}) == "1.23× (1.00–2.00)"


def test_the_summary_of_peers() -> None:
    assert summary.tables({"speed": {}}) == {}
    compared = {"median": 0.002, "ratio": 1.0, "ratio_quartiles": [1.0, 1.0], "texts_per_second": 1234.0}
    part = {"peers": {"ours": compared, "spacy": compared}, "agreement": {"ours": 0.999}}
    memory = {"after_sentences": {"resident": 107_000_000}}
    records = {
        "speed": {"figures": {"sentences": part, "one_text": part}, "environment": ENVIRONMENT},
        "start": {"figures": {"peers": {"ours": {"start": compared, "memory": memory}, "spacy": {"missing": "no"}}}},
    }
    table = summary.tables(records)["summary.peers"]
    assert "| ours | 1,234 | 2.00 | 0.00200 | 107 | 99.9 |" in table
    assert "| spaCy's small model | 1,234 | 2.00 |  |  |  |" in table
