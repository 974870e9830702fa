"""Records in JSON Lines."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.writers import WriterOptions, open_writer
from albert_ner_onnx.files.writers.json_values import to_json
from albert_ner_onnx.files.writers.writer import Answer
from written import TEXT, chunk_of, document, record, write

JOHN = document("John is in Berlin.", ("John", "PER"), ("Berlin", "LOC"))
ENTITIES = [
    {"text": "John", "label": "PER", "start": 0, "end": 4, "score": 0.5625},
    {"text": "Berlin", "label": "LOC", "start": 11, "end": 17, "score": 0.59375},
]
JSONL = InputShape("jsonl", field="text")


def lines(
    format: str, chunk: Chunk, answers: list[Answer], path: Path, shape: InputShape = TEXT, **options: Any
) -> Any:
    write(format, [(chunk, answers)], path / "out", shape, **options)
    return [json.loads(line) for line in (path / "out").read_text("utf-8").splitlines()]


def test_a_text_stands_beside_its_entities_and_its_place(tmp_path: Path) -> None:
    found = lines("jsonl", chunk_of([JOHN, document("")]), [JOHN, document("")], tmp_path)
    assert found == [
        {"text": "John is in Berlin.", "entities": ENTITIES, "file": "in.txt", "line": 1},
        {"text": "", "entities": [], "file": "in.txt", "line": 2},
    ]


def test_the_fields_of_a_record_stay_and_keep_their_order(tmp_path: Path) -> None:
    fields = {"id": 7, "text": JOHN.text, "more": {"a": [None, True, 1.5, "ä"]}}
    (found,) = lines("jsonl", Chunk([record(JOHN.text, fields)]), [JOHN], tmp_path, JSONL)
    assert found == {**fields, "entities": ENTITIES}
    assert list(found) == ["id", "text", "more", "entities"]


def test_a_record_without_text_has_no_list_of_entities(tmp_path: Path) -> None:
    chunk = Chunk([record(None, {"id": 1, "text": None})])
    assert lines("jsonl", chunk, [None], tmp_path, JSONL) == [{"id": 1, "text": None, "entities": None}]
    assert lines("huggingface", chunk, [None], tmp_path, JSONL) == [None]
    assert lines("spark-nlp", chunk, [None], tmp_path, JSONL) == [None]


@pytest.mark.parametrize("format", ["jsonl", "huggingface", "spark-nlp"])
def test_an_error_is_a_record_with_its_place(format: str, tmp_path: Path) -> None:
    unread = record(InputError("in.jsonl:3: expected an object"), {"text": 5}, 3, "in.jsonl")
    failed = record("John", {"text": "John"}, 4, "in.jsonl")
    found = lines(format, Chunk([unread, failed]), [None, InferenceError("no answer")], tmp_path, JSONL)
    assert found == [
        {"error": "in.jsonl:3: expected an object", "file": "in.jsonl", "line": 3},
        {"error": "no answer", "file": "in.jsonl", "line": 4},
    ]


def test_a_field_of_the_name_is_refused_record_by_record(tmp_path: Path) -> None:
    taken = record(JOHN.text, {"text": JOHN.text, "entities": ["mine"]}, 1, "in.jsonl")
    chunk = Chunk([taken, record(JOHN.text, {"text": JOHN.text}, 2, "in.jsonl")])
    error, other = map(open_writer("jsonl", WriterOptions(), JSONL, ()).refuse, chunk.records)
    assert (
        str(error)
        == "in.jsonl:1: has a field 'entities' already; choose another name for the entities with --entities-field"
    )
    assert other is None
    named = lines("jsonl", chunk, [JOHN, JOHN], tmp_path, JSONL, entities_field="found")
    assert [(each.get("entities"), each["found"]) for each in named] == [(["mine"], ENTITIES), (None, ENTITIES)]


def test_hugging_face_has_the_list_of_the_pipeline(tmp_path: Path) -> None:
    found = lines("huggingface", chunk_of([JOHN]), [JOHN], tmp_path)
    assert found == [[entity.as_huggingface() for entity in JOHN.entities]]


def test_spark_nlp_has_its_annotations_and_the_white_list_chooses_chunks(tmp_path: Path) -> None:
    (found,) = lines("spark-nlp", chunk_of([JOHN]), [JOHN], tmp_path)
    assert found == JOHN.as_spark_nlp()
    (found,) = lines("spark-nlp", chunk_of([JOHN]), [JOHN], tmp_path, white_list=("LOC",))
    assert [chunk["result"] for chunk in found["chunk"]] == ["Berlin"]
    assert len(found["token"]) == 5


def test_the_rows_of_a_table_become_fields(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    columns = pa.record_batch(
        {
            "text": [JOHN.text, None],
            "day": [date(2026, 1, 2), None],
            "at": pa.array([1_000_000_001, None], pa.timestamp("ns")),
            "price": [Decimal("1.50"), None],
            "blob": [b"\xff\x00", None],
            "nan": [float("nan"), float("inf")],
            "nested": [{"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "took": timedelta(seconds=90)}, None],
        }
    )
    shape = InputShape("parquet", "text", names=tuple(columns.schema.names), schema=columns.schema)
    chunk = Chunk([record(JOHN.text), record(None, line=2)], columns)
    first, second = lines("jsonl", chunk, [JOHN, None], tmp_path, shape)
    assert first == {
        "text": JOHN.text,
        "day": "2026-01-02",
        "at": "1970-01-01T00:00:01.000000001",
        "price": "1.50",
        "blob": "/wA=",
        "nan": None,
        "nested": {"at": "2026-01-02T03:04:05+00:00", "took": 90.0},
        "entities": ENTITIES,
    }
    assert second == dict.fromkeys(columns.schema.names) | {"entities": None}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_value_is_one_line_of_valid_json_in_utf_8(value: object) -> None:
    line = to_json(value)
    assert "\n" not in line
    line.encode()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(line, parse_constant=refuse)  # NaN and Infinity are no JSON
    assert json.dumps(read) == json.dumps(value).replace("-Infinity", "null").replace("Infinity", "null").replace(
        "NaN", "null"
    ) or any(constant in json.dumps(value, ensure_ascii=False) for constant in ("NaN", "Infinity"))
