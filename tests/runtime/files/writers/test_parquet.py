"""Records as Parquet."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.writers import WriterOptions, open_writer
from albert_ner_onnx.files.writers.writer import Answer
from written import TEXT, document, record, write

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

JOHN = document("John is in Berlin.", ("John", "PER"), ("Berlin", "LOC"))
NOBODY = document("Nobody.")
ENTITIES = [entity.as_dict() for entity in JOHN.entities]
JSONL = InputShape("jsonl", field="text")


def table(path: Path, chunks: Sequence[tuple[Chunk, Sequence[Answer]]], shape: InputShape, **options: Any) -> Any:
    write("parquet", chunks, path / "out.parquet", shape, **options)
    assert [each.name for each in path.iterdir()] == ["out.parquet"]
    return pq.read_table(path / "out.parquet")


def shape_of(columns: Any) -> InputShape:
    return InputShape("parquet", "text", names=tuple(columns.schema.names), schema=columns.schema)


def original_columns() -> Any:
    """Columns of many types, with metadata of their own."""
    texts = [JOHN.text, None, "", "Nobody."]
    kinds = {
        "text": pa.string(),
        "large": pa.large_string(),
        "view": pa.string_view(),
        "many": pa.dictionary(pa.int8(), pa.string()),
    }
    columns = {name: pa.array(texts, kind) for name, kind in kinds.items()}
    columns |= {
        "number": pa.array([1, None, 3, 4], pa.uint16()),
        "at": pa.array([datetime(2026, 1, 2, tzinfo=UTC), None, None, None], pa.timestamp("ns", "Europe/Berlin")),
        "price": pa.array([Decimal("1.50"), None, None, None], pa.decimal128(9, 2)),
        "nested": pa.array([{"a": [1, 2]}, None, {"a": None}, {"a": []}], pa.struct([("a", pa.list_(pa.int32()))])),
        "map": pa.array([[("a", 1)], None, [], []], pa.map_(pa.string(), pa.int64())),
        "blob": pa.array([b"\xff", None, b"", b"a"], pa.binary()),
        "nothing": pa.nulls(4),
    }
    fields = [pa.field(name, array.type, metadata={"unit": name}) for name, array in columns.items()]
    return pa.RecordBatch.from_arrays(
        list(columns.values()), schema=pa.schema(fields, metadata={"pandas": "{}", "mine": "ä"})
    )


def test_the_original_columns_stay_as_they_are(tmp_path: Path) -> None:
    columns = original_columns()
    records = [record(text, line=line) for line, text in enumerate([JOHN.text, None, "", "Nobody."], 1)]
    answers: list[Answer] = [JOHN, None, document(""), NOBODY]
    halves = [
        (Chunk(records[:1], columns.slice(0, 1)), answers[:1]),
        (Chunk(records[1:], columns.slice(1)), answers[1:]),
    ]
    found = table(tmp_path, halves, shape_of(columns))
    assert found.schema.names == [*columns.schema.names, "entities"]
    assert found.drop_columns(["entities"]).schema.equals(pa.schema(list(columns.schema), columns.schema.metadata))
    for name in columns.schema.names:
        assert found[name].to_pylist() == columns[name].to_pylist(), name
        assert found.schema.field(name).metadata[b"unit"] == name.encode()
    assert found.schema.metadata == columns.schema.metadata
    assert found["entities"].to_pylist() == [ENTITIES, None, [], []]


def test_entities_have_the_type_of_the_data_frames(tmp_path: Path) -> None:
    found = table(tmp_path, [], TEXT)
    kind = found.schema.field("entities").type
    assert [field.name for field in kind.value_type] == ["text", "label", "start", "end", "score"]
    assert found.num_rows == 0
    assert found.schema.names == ["text", "file", "line", "entities"]


def test_errors_have_a_column_only_if_there_are_any(tmp_path: Path) -> None:
    records = [record(JOHN.text), record(InputError("bad"), line=2), record("lost", line=3)]
    found = table(tmp_path, [(Chunk(records), [JOHN, None, InferenceError("no answer")])], TEXT)
    assert found.to_pylist() == [
        {"text": JOHN.text, "file": "in.txt", "line": 1, "entities": ENTITIES, "entities_error": None},
        {"text": None, "file": "in.txt", "line": 2, "entities": None, "entities_error": "bad"},
        {"text": None, "file": "in.txt", "line": 3, "entities": None, "entities_error": "no answer"},
    ]


def test_csv_gives_columns_of_strings(tmp_path: Path) -> None:
    records = [record(JOHN.text, {"id": "007", "text": JOHN.text}), record(InputError("bad"), line=3)]
    shape = InputShape("csv", "text", names=("id", "text"))
    found = table(tmp_path, [(Chunk(records), [JOHN, None])], shape)
    assert found.to_pylist() == [
        {"id": "007", "text": JOHN.text, "entities": ENTITIES, "entities_error": None},
        {"id": None, "text": None, "entities": None, "entities_error": "bad"},
    ]


def json_table(path: Path, *chunks: list[dict[str, Any]]) -> Any:
    made = [(Chunk([record(NOBODY.text, row) for row in rows]), [NOBODY] * len(rows)) for rows in chunks]
    return table(path, made, JSONL).drop_columns(["entities"])


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (1, 2, pa.int64()),
        (1, 2.5, pa.float64()),
        (None, "a", pa.string()),
        ("2026-01-02T03:04:05Z", "2026-01-02", pa.string()),
        (True, None, pa.bool_()),
        ({"a": 1}, {"b": "x"}, pa.struct([("a", pa.int64()), ("b", pa.string())])),
        ([1], [2.5, None], pa.list_(pa.float64())),
        ([], ["a"], pa.list_(pa.string())),
    ],
)
def test_a_field_of_json_lines_has_the_type_of_all_its_values(
    first: object, second: object, kind: Any, tmp_path: Path
) -> None:
    found = json_table(tmp_path, [{"x": first}], [{"x": second}])
    assert found.schema.field("x").type == kind
    nested = isinstance(first, dict)
    assert found["x"].to_pylist() == ([{"a": 1, "b": None}, {"a": None, "b": "x"}] if nested else [first, second])


@pytest.mark.parametrize(
    ("first", "second"),
    [(1, "a"), ("a", [1]), (True, 1), ({}, {}), (2**70, 1), (2**53 + 1, 0.5), ([1], ["a"]), ({"a": 1}, {"a": "b"})],
)
def test_a_field_of_json_lines_without_a_common_type_holds_json(first: object, second: object, tmp_path: Path) -> None:
    together: list[list[dict[str, Any]]] = [[{"x": first}, {"x": second}, {"x": None}]]
    apart: list[list[dict[str, Any]]] = [[{"x": first}], [{"x": second}]]
    for number, chunks in enumerate([together, apart]):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = json_table(folder, *chunks)
        assert found.schema.field("x").type == pa.string()
        texts = [text for text in found["x"].to_pylist() if text is not None]
        assert list(map(json.loads, texts)) == [first, second]


def test_fields_come_in_the_order_in_which_they_are_first_seen_and_may_be_missing(tmp_path: Path) -> None:
    found = json_table(tmp_path, [{"b": 1}, {"a": 2}], [{"c": 3, "b": 4}])
    assert found.to_pylist() == [
        {"b": 1, "a": None, "c": None},
        {"b": None, "a": 2, "c": None},
        {"b": 4, "a": None, "c": 3},
    ]


def test_the_fields_of_a_bad_record_do_not_spoil_the_types_of_the_others(tmp_path: Path) -> None:
    records = [record(JOHN.text, {"text": JOHN.text}), record(InputError("text is 5"), {"text": 5}, 2)]
    failed = record("lost", {"text": "lost"}, 3)
    found = table(tmp_path, [(Chunk([*records, failed]), [JOHN, None, InferenceError("no answer")])], JSONL)
    assert found.schema.field("text").type == pa.string()
    assert found["text"].to_pylist() == [JOHN.text, None, "lost"]
    assert found["entities_error"].to_pylist() == [None, "text is 5", "no answer"]


def test_a_lone_surrogate_becomes_the_replacement_character(tmp_path: Path) -> None:
    found = json_table(tmp_path, [{"x": "a\ud800", "y": {"\udc00": ["\udfff"]}}])
    assert found.to_pylist() == [{"x": "a\ufffd", "y": {"\ufffd": ["\ufffd"]}}]
    other = document("a\ud800")
    (row,) = table(tmp_path, [(Chunk([record(other.text)]), [other])], TEXT).to_pylist()
    assert row["text"] == "a\ufffd"


def test_a_column_of_that_name_is_refused_before_the_run() -> None:
    columns = pa.record_batch({"text": ["a"], "entities": [1]})
    with pytest.raises(InputError, match=r"has a column 'entities' already; choose .* --entities-field"):
        open_writer("parquet", WriterOptions(), shape_of(columns), ())
    open_writer("parquet", WriterOptions(entities_field="found"), shape_of(columns), ())
    taken = pa.record_batch({"text": ["a"], "entities_error": [1]})
    with pytest.raises(InputError, match=r"has a column 'entities_error' already"):
        open_writer("parquet", WriterOptions(), shape_of(taken), ())


def test_a_type_that_parquet_does_not_have_is_refused_before_the_run() -> None:
    columns = pa.record_batch({"text": ["a"], "every": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    for format in ("parquet", "redact"):
        with pytest.raises(InputError, match="column 'every': Parquet has no type for month_day_nano_interval"):
            open_writer(format, WriterOptions(), shape_of(columns), ())


def test_the_rows_of_many_chunks_are_few_groups(tmp_path: Path) -> None:
    one = (Chunk([record(JOHN.text)]), [JOHN])
    write("parquet", [one] * 300, tmp_path / "out.parquet")
    file = pq.ParquetFile(tmp_path / "out.parquet")
    assert (file.num_row_groups, file.metadata.num_rows) == (1, 300)


def test_dictionaries_may_differ_from_chunk_to_chunk(tmp_path: Path) -> None:
    kind = pa.dictionary(pa.int8(), pa.string())
    parts = [pa.record_batch({"text": pa.array(texts, kind)}) for texts in (["a", "b"], ["c", "a"])]
    chunks = [(Chunk([record("x"), record("y")], part), [NOBODY, NOBODY]) for part in parts]
    found = table(tmp_path, chunks, shape_of(parts[0]))
    assert found.schema.field("text").type == kind
    assert found["text"].to_pylist() == ["a", "b", "c", "a"]


def test_the_same_chunks_give_the_same_bytes(tmp_path: Path) -> None:
    columns = original_columns()
    chunk = Chunk([record("a")] * 4, columns)
    for name in ("first", "second"):
        write("parquet", [(chunk, [JOHN, None, NOBODY, JOHN])] * 3, tmp_path / name, shape_of(columns))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_failed_finish_leaves_the_old_output_and_the_partial_file(tmp_path: Path) -> None:
    writer = open_writer("parquet", WriterOptions(), TEXT, ())
    (tmp_path / "out").write_text("old")
    partial = tmp_path / "partial"
    partial.write_bytes(writer.head() + writer.chunk(Chunk([record("a")]), [NOBODY]).output[:-40])
    with pytest.raises((pa.ArrowException, OSError)):
        writer.finish(partial, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "partial"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_any_fields_of_json_lines_come_back(tmp_path: Path, chunks: list[list[dict[str, Any]]]) -> None:
    """Every value is there again: as it was, or as JSON, or with fields of null that other objects have."""
    found = json_table(tmp_path, *chunks)
    rows = [row for rows in chunks for row in rows]
    assert found.num_rows == len(rows)
    for name in found.schema.names:
        read = found[name].to_pylist()
        expected = [row.get(name) for row in rows]
        if found.schema.field(name).type == pa.string() and not all(isinstance(each, str | None) for each in expected):
            read = [None if each is None else json.loads(each) for each in read]
        assert list(map(without_nulls, read)) == list(map(without_nulls, expected))


def without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: without_nulls(each) for name, each in value.items() if without_nulls(each) not in (None, {})}
        case list():
            return [without_nulls(each) for each in value]
    return value
