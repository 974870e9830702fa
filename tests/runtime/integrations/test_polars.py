"""The expression of Polars: the answers of `recognize_batch`, eager, lazy and streaming."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import InputError

pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

from albert_ner_onnx.integrations.polars import ENTITIES, recognize  # noqa: E402
from data_frames import TEXTS, expected  # noqa: E402

DTYPES = [pl.String, pl.Categorical, pl.Enum(TEXTS)]


@settings(max_examples=15)
@given(st.lists(st.none() | st.sampled_from(TEXTS), max_size=5))
def test_it_is_recognize_batch(texts: list[str | None]) -> None:
    for dtype in DTYPES:
        frame = pl.DataFrame({"text": pl.Series(texts, dtype=dtype)})
        lazy = frame.lazy().select(recognize(pl.col("text")))
        for found in (frame.select(recognize("text")), lazy.collect(), lazy.collect(engine="streaming")):
            assert found.schema == lazy.collect_schema() == {"text": ENTITIES}
            assert found["text"].to_list() == expected(texts)


def test_many_rows_stream_in_parts_and_keep_their_order() -> None:
    texts = [TEXTS[row % len(TEXTS)] if row % 7 else None for row in range(3000)]
    query = pl.LazyFrame({"row": range(3000), "text": texts}).with_columns(
        entities=recognize(pl.col("text").cast(pl.Categorical))
    )
    found = query.filter(pl.col("row") % 2 == 1).collect(engine="streaming")
    assert found["row"].to_list() == [*range(1, 3000, 2)]
    assert found["entities"].to_list() == expected(texts)[1::2]


def test_rows_are_filtered_before_they_are_recognized() -> None:
    query = pl.LazyFrame({"row": [1, 2], "text": ["a", "b"]}).with_columns(entities=recognize("text"))
    plan = query.filter(pl.col("row") == 1).explain()
    assert plan.index("WITH_COLUMNS") < plan.index("FILTER")  # the plan is read from below


def test_a_chunked_or_sliced_column() -> None:
    column = pl.concat([pl.Series("text", TEXTS), pl.Series("text", [None, *TEXTS])], rechunk=False)
    assert column.n_chunks() == 2
    found = column.slice(3, 7).to_frame().select(recognize("text"))
    assert found["text"].to_list() == expected([*TEXTS, None, *TEXTS][3:10])


def test_expressions_and_contexts() -> None:
    frame = pl.DataFrame({"id": [2, 2, 1], "text": ["bonn", None, "Kofi Annan left Geneva."]})
    upper = frame.select(recognize(pl.col("text").str.to_titlecase()).alias("x"))
    assert upper["x"].to_list()[:2] == expected(["Bonn", None])
    grouped = frame.group_by("id", maintain_order=True).agg(recognize("text"))
    assert grouped["text"].to_list()[1] == expected(["Kofi Annan left Geneva."])
    assert (
        frame.select(recognize("text").over("id"))["text"].to_list()
        == frame.select(recognize("text"))["text"].to_list()
    )
    assert frame.select(recognize(pl.lit(None)))["literal"].to_list() == [None]


def test_lists_explode() -> None:
    frame = pl.DataFrame({"id": [1, 2, 3], "text": [TEXTS[0], None, "Nothing happened."]})
    rows = frame.select("id", entity=recognize("text")).explode("entity").unnest("entity").drop_nulls("label")
    assert rows.select("id", "text", "label").rows() == [(1, "Kofi Annan", "PER"), (1, "Geneva", "LOC")]
    labels = frame.select(recognize("text").list.eval(pl.element().struct.field("label")))
    assert labels["text"].to_list() == [["PER", "LOC"], None, []]


@pytest.mark.parametrize("values", [[1], [b"a"], [["a"]], [True]])
def test_other_types_are_refused_by_name(values: list[Any]) -> None:
    query = pl.LazyFrame({"x": values}).select(recognize("x"))
    for engine in ("in-memory", "streaming"):
        with pytest.raises((InputError, pl.exceptions.ComputeError), match=r"column 'x' must hold strings, found \w+"):
            query.collect(engine=engine)


@pytest.mark.parametrize("texts", [pl.Series("x", ["a"]), pl.DataFrame({"x": ["a"]}), ["x"], None])
def test_what_is_no_expression_is_refused(texts: Any) -> None:
    with pytest.raises(
        InputError, match=f"^texts must be a column's name or an expression, found {type(texts).__name__};"
    ):
        recognize(texts)


def test_a_query_travels() -> None:
    query = pl.LazyFrame({"text": [TEXTS[0]]}).select(recognize("text", albert_ner_onnx.load(labels=["LOC"])))
    again = pl.LazyFrame.deserialize(io.BytesIO(query.serialize()))
    assert [entity["label"] for entity in again.collect()["text"].to_list()[0]] == ["LOC"]


def test_an_import_loads_no_model_and_no_other_library() -> None:
    script = """if True:
        import sys
        from albert_ner_onnx.integrations.polars import recognize
        recognize("text")
        print([name for name in ("pandas", "duckdb", "onnxruntime", "tokenizers") if name in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
