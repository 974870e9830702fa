"""The function of DuckDB: the answers of `recognize_batch` in SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import InputError

pa = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")

from albert_ner_onnx.files.arrow import ENTITIES  # noqa: E402
from albert_ner_onnx.integrations.duckdb import register  # noqa: E402
from data_frames import TEXTS, expected  # noqa: E402


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as made:
        register(made)
        yield made


@settings(max_examples=15)
@given(st.lists(st.none() | st.sampled_from(TEXTS), max_size=5))
def test_it_is_recognize_batch(texts: list[str | None]) -> None:
    with duckdb.connect() as connection:
        register(connection)
        connection.register("texts", pa.table({"text": pa.array(texts, pa.string())}))
        found = connection.sql("SELECT recognize(text) FROM texts").fetchall()
    assert [row[0] for row in found] == expected(texts)


def test_threads_of_duckdb_share_it_and_rows_keep_their_answers(connection: Any) -> None:
    # An answer belongs to its row also where 2,048 rows, DuckDB's most, are nulls
    texts = [None if 2000 < row < 7000 else TEXTS[row % 2] for row in range(130_000)]
    connection.register("texts", pa.table({"id": range(len(texts)), "text": texts}))
    connection.execute("SET threads = 4; CREATE TABLE t AS SELECT * FROM texts")  # row groups of 122,880 rows
    register(connection, recognizer=Fast())  # type: ignore[arg-type]
    wrong = connection.sql("""
        SELECT count(*) FROM (SELECT text, recognize(text) AS found FROM t)
        WHERE found[1].text IS DISTINCT FROM text OR (text IS NULL) <> (found IS NULL)
    """).fetchall()
    assert wrong == [(0,)]


class Fast:
    """A recognizer for which each text is an entity."""

    def stream(self, texts: Iterator[str]) -> Iterator[list[albert_ner_onnx.Entity]]:
        return ([albert_ner_onnx.Entity(text, "PER", 0, len(text), 1.0, 1.0)] for text in texts)


def test_the_type_is_that_of_arrow(connection: Any) -> None:
    found = connection.sql("SELECT recognize('Bonn') AS entities").to_arrow_table()
    assert found.schema.field("entities").type.value_type.names == ENTITIES.value_type.names
    assert [str(field.type) for field in found.schema.field("entities").type.value_type] == [
        str(field.type) for field in ENTITIES.value_type
    ]


def test_one_row_an_entity(connection: Any) -> None:
    connection.register("texts", pa.table({"id": [1, 2, 3], "body": [TEXTS[0], None, "Nothing happened."]}))
    rows = connection.sql("SELECT id, unnest(recognize(body), recursive := true) FROM texts").fetchall()
    assert [row[:3] for row in rows] == [(1, "Kofi Annan", "PER"), (1, "Geneva", "LOC")]
    people = "SELECT list_filter(recognize(body), lambda entity: entity.label = 'PER') FROM texts WHERE id = 1"
    ((found,),) = connection.sql(people).fetchall()
    assert [entity["text"] for entity in found] == ["Kofi Annan"]


def test_constants_and_null(connection: Any) -> None:
    assert connection.sql("SELECT recognize(NULL), recognize(''), recognize('Bonn')").fetchall() == [
        (None, [], expected(["Bonn"])[0])
    ]


@pytest.mark.parametrize("value", ["123", "DATE '2020-01-01'", "['a']", "'a'::BLOB"])
def test_other_types_are_refused(connection: Any, value: str) -> None:
    with pytest.raises(duckdb.BinderException, match=r"recognize\(VARCHAR\) -> STRUCT"):
        connection.sql(f"SELECT recognize({value})")


def test_it_can_be_registered_again_with_another_recognizer(connection: Any) -> None:
    register(connection, recognizer=albert_ner_onnx.load(labels=["LOC"]))
    ((found,),) = connection.execute("SELECT recognize(?)", [TEXTS[0]]).fetchall()
    assert [entity["label"] for entity in found] == ["LOC"]


def test_names(connection: Any) -> None:
    register(connection, "find_entities")
    assert connection.sql("SELECT len(find_entities('Bonn')), len(recognize('Bonn'))").fetchall() == [(1, 1)]


def test_cursors_see_it_and_files_do_not_keep_it(tmp_path: Path) -> None:
    path = str(tmp_path / "a.duckdb")
    with duckdb.connect(path) as connection:
        register(connection)
        assert connection.cursor().sql("SELECT len(recognize('Bonn'))").fetchall() == [(1,)]
        with pytest.raises(
            InputError, match=r"^name must be that of no other function, found 'recognize'.*pass another"
        ):
            register(connection.cursor())
    with duckdb.connect(path) as connection:
        register(connection)


def test_the_default_connection() -> None:
    register(duckdb, "recognize_by_default")
    try:
        assert duckdb.sql("SELECT len(recognize_by_default('Bonn'))").fetchall() == [(1,)]
    finally:
        duckdb.remove_function("recognize_by_default")


def test_an_import_loads_no_model_and_no_other_library() -> None:
    script = """if True:
        import sys
        import duckdb
        from albert_ner_onnx.integrations.duckdb import register
        register(duckdb)
        print([name for name in ("pandas", "polars", "onnxruntime", "tokenizers") if name in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
