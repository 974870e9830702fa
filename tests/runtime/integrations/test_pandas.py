"""The accessor of pandas: the answers of `recognize_batch`, beside the index of the texts."""

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
pd = pytest.importorskip("pandas")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import albert_ner_onnx.integrations.pandas  # noqa: E402
from albert_ner_onnx.files.arrow import ENTITIES  # noqa: E402
from data_frames import TEXTS, expected  # noqa: E402

DTYPES = [
    object,
    "str",
    "string[python]",
    "string[pyarrow]",
    "category",
    pd.ArrowDtype(pa.string()),
    pd.ArrowDtype(pa.large_string()),
    pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
]
COLUMNS = ["text", "label", "start", "end", "score"]


def python_values(series: Any) -> list[Any]:
    return [value if isinstance(value, list) else None for value in series]


@settings(max_examples=15)
@given(st.lists(st.none() | st.sampled_from(TEXTS), max_size=5), st.data())
def test_it_is_recognize_batch_with_the_index_of_the_texts(texts: list[str | None], data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts)))
    answer = expected(texts)
    for dtype in DTYPES:
        column = pd.Series(texts, index=pd.Index(index, name="id", dtype="int64"), name="column", dtype=dtype)
        found = column.albert_ner.recognize()
        assert python_values(found) == answer
        assert found.dtype == pd.ArrowDtype(ENTITIES)
        assert found.name == "column"
        pd.testing.assert_index_equal(found.index, column.index)
        rows = column.albert_ner.entities()
        assert rows.to_dict("records") == [entity for each in answer for entity in each or ()]
        assert rows.index.tolist() == [at for at, each in zip(index, answer, strict=True) for _ in each or ()]
        assert (rows.index.name, [*rows.columns]) == ("id", COLUMNS)


def test_all_that_pandas_calls_missing_is_missing() -> None:
    column = pd.Series([None, float("nan"), pd.NA, pd.NaT, "Bonn"], dtype=object)
    assert python_values(column.albert_ner.recognize()) == expected([None] * 4 + ["Bonn"])
    assert column.albert_ner.entities().index.tolist() == [4]
    for empty in (pd.Series([float("nan")] * 2), pd.Series([pd.NaT] * 2)):  # a column of a CSV without any text
        assert python_values(empty.albert_ner.recognize()) == [None, None]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_no_rows(dtype: Any) -> None:
    column = pd.Series([], dtype=dtype)
    assert column.albert_ner.recognize().dtype == pd.ArrowDtype(ENTITIES)
    rows = column.albert_ner.entities()
    assert [*rows.columns] == COLUMNS
    assert [str(kind) for kind in rows.dtypes[2:]] == ["int64", "int64", "float64"]


def test_an_index_of_several_levels() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["group", "row"])
    rows = pd.Series(["Bonn", None, TEXTS[0]], index=index).albert_ner.entities()
    assert rows.index.tolist() == [("a", 1), ("b", 1), ("b", 1)]
    assert rows.index.names == ["group", "row"]


def test_the_entities_join_the_table_of_the_texts() -> None:
    frame = pd.DataFrame({"text": [TEXTS[0], "Nothing happened."]}, index=["x", "y"])
    joined = frame.join(frame["text"].albert_ner.entities().add_prefix("entity_"))
    assert joined.index.tolist() == ["x", "x", "y"]
    assert joined["entity_text"].fillna("-").tolist() == ["Kofi Annan", "Geneva", "-"]


def test_lists_explode() -> None:
    found = pd.Series([TEXTS[0], "Bonn"]).albert_ner.recognize()
    assert found.list.len().tolist() == [2, 1]
    assert found.explode().struct.field("label").tolist() == ["PER", "LOC", "LOC"]


def test_a_column_survives_parquet() -> None:
    texts = [*TEXTS, None]
    frame = pd.DataFrame({"text": texts})
    frame["entities"] = frame["text"].albert_ner.recognize()
    file = io.BytesIO()
    frame.to_parquet(file)
    assert pq.read_table(file)["entities"].to_pylist() == expected(texts)
    again = io.BytesIO()
    frame.astype({"entities": object}).to_parquet(again)  # pandas can't read the name of a type like ENTITIES
    found = pd.read_parquet(again)["entities"]
    assert [None if each is None else [*each] for each in found] == expected(texts)


def test_a_lone_surrogate_is_a_character() -> None:
    text = "Kofi \ud800 Annan left Geneva."
    (found,) = pd.Series([text], dtype=object).albert_ner.recognize()
    answer = albert_ner_onnx.load().recognize(text)
    assert answer
    assert [(entity["start"], entity["end"]) for entity in found] == [(entity.start, entity.end) for entity in answer]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.Series([1, 2], name="age"), r"^column 'age' must hold strings, found int at index 0 \(dtype int64\); pass"),
        (pd.Series(["a", 1.5], index=["x", "y"]), r"^the series must hold strings, found float at index 'y'"),
        (pd.Series([b"a"], name=("a", 1)), r"^column \('a', 1\) must hold strings, found bytes"),
        (pd.Series([1, 2], dtype="category"), r"found int at index 0 \(dtype category\)"),
        (pd.Series([True], dtype="boolean"), r"found bool"),
        (pd.Series(["Bonn"] * 100 + [["Bonn"]]), r"found list at index 100"),
    ],
)
def test_other_values_are_refused_by_name(column: Any, message: str) -> None:
    for verb in (column.albert_ner.recognize, column.albert_ner.entities):
        with pytest.raises(InputError, match=message):
            verb()


def test_the_recognizer_is_the_callers() -> None:
    rows = pd.Series([TEXTS[0]]).albert_ner.entities(albert_ner_onnx.load(labels=["LOC"]))
    assert rows["label"].tolist() == ["LOC"]


def test_an_import_loads_no_model_and_no_other_library() -> None:
    script = """if True:
        import sys
        import albert_ner_onnx.integrations.pandas
        print([name for name in ("polars", "duckdb", "onnxruntime", "tokenizers") if name in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
