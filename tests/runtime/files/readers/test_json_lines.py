from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx.files.readers.json_lines import find_field
from read import chunks_from_pipe, contents, records, refusal


def test_each_line_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "one", "id": 1}\n'
        b"\n \r\n"
        b'{"text": null}\r\n'
        b'{"text": 3}\n'
        b'{"id": 5}\n'
        b"{}\n"
        b'["text"]\n'
        b'"text"\n'
        b'{"text": "one"\n'
        b'{"text": "\xff"}\n'
        b'{"text": ["a"]} \n'
        b'{"text": "last \\ud83d\\ude00"}'
    )
    assert [(record.line, record.fields) for record in records(path)] == [
        (1, {"text": "one", "id": 1}),
        (4, {"text": None}),
        (5, {"text": 3}),
        (6, {"id": 5}),
        (7, {}),
        (8, {}),
        (9, {}),
        (10, {}),
        (11, {}),
        (12, {"text": ["a"]}),
        (13, {"text": "last 😀"}),
    ]
    assert contents(path) == [
        "one",
        None,
        "a.jsonl:5: expected a string in field 'text', found a number",
        "a.jsonl:6: expected a field 'text', found 'id'; choose one with --field",
        "a.jsonl:7: expected a field 'text', found none; choose one with --field",
        "a.jsonl:8: expected a JSON object, found an array",
        "a.jsonl:9: expected a JSON object, found a string",
        "a.jsonl:10: expected a JSON object, found other text (Expecting ',' delimiter at column 15)",
        "a.jsonl:11: not UTF-8, byte 0xff at offset 111 of the file; convert it to UTF-8",
        "a.jsonl:12: expected a string in field 'text', found an array",
        "last 😀",
    ]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("text", "top"),
        ("a.b", "inside"),
        ("a.c.d", "deep"),
        ("x.y", "with a stop"),
        ("a", "a.jsonl:1: expected a string in field 'a', found an object"),
        ("a.x", "a.jsonl:1: expected a field 'a.x', found 'text', 'a', 'x.y', 'n', 't'; choose one with --field"),
        ("text.b", "a.jsonl:1: expected a field 'text.b', found 'text', 'a', 'x.y', 'n', 't'; choose one with --field"),
        ("t", "a.jsonl:1: expected a string in field 't', found true or false"),
        ("n", None),
    ],
)
def test_a_field_is_a_name_or_a_path(tmp_path: Path, field: str, expected: str | None) -> None:
    path = tmp_path / "a.jsonl"
    fields = {"text": "top", "a": {"b": "inside", "c": {"d": "deep"}}, "x.y": "with a stop", "n": None, "t": True}
    path.write_text(json.dumps(fields))
    assert contents(path, field=field) == [expected]


KEYS = st.text("ab.", min_size=1, max_size=3)


@given(st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(KEYS, inner, max_size=3)), st.text("ab."))
def test_a_path_that_is_found_leads_there(fields: Any, path: str) -> None:
    if not isinstance(fields, dict):
        return
    try:
        value = find_field(fields, path)
    except KeyError:
        return
    if path in fields:
        assert value is fields[path]
    else:
        first, _, rest = path.partition(".")
        assert value is fields[first][rest] if "." not in rest else isinstance(fields[first], dict)


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"text":' * 100_000, '{"text": "a", "n": ' + "1" * 5000 + "}"], ids=["[", "{", "1"]
)
def test_what_python_cannot_parse_is_a_bad_record(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n' + line + '\n{"text": "three"}')
    first, bad, last = contents(path)
    assert (first, last) == ("one", "three")
    assert bad.startswith("a.jsonl:2: expected a JSON object that can be read (")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[\n{"text": "one"}]', "found an array; convert it: `jq -c '.[]'`"),
        (b'\xef\xbb\xbf\n [{"text": "one"}]', "found an array"),
        (b'{\n  "text": "one"\n}', "found one over several lines; convert it: `jq -c .`"),
        ('{"text": "a"}'.encode("utf-16-le"), "what looks like UTF-16 without a byte order mark"),
        ('{"text": "a"}'.encode("utf-32"), "found UTF-32"),
    ],
)
def test_other_formats_are_refused_before_anything_is_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    assert message in refusal(path)


def test_utf_16_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Zürich"}\n{"text": "😀"}\n', "utf-16")
    assert contents(path) == ["Zürich", "😀"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.text() | st.just("text"), VALUES, max_size=3)), st.lists(st.integers(0, 300)))
def test_fields_are_what_json_says(lines: list[dict[str, Any]], cuts: list[int]) -> None:
    content = "".join(json.dumps(fields) + "\n" for fields in lines).encode()
    read = [record for chunk in chunks_from_pipe(content, cuts, format="jsonl") for record in chunk.records]
    assert [record.fields for record in read] == lines
    assert [record.line for record in read] == list(range(1, len(lines) + 1))


def test_what_is_nested_too_deep_is_a_bad_record(tmp_path: Path) -> None:
    """Such a record could be read, but neither written nor sent to a process."""
    path = tmp_path / "a.jsonl"
    lines = [
        f'{{"text": "John", "x": {opening * depth}1{closing * depth}}}'
        for opening, closing in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"))
        for depth in (49, 50, 99, 100, 300)
    ]
    lines.append('{"text": "' + "[{" * 200 + '", "x": [' + ", ".join(["[]"] * 200) + "]}")  # many, not deep
    path.write_text("\n".join(lines))
    found = contents(path)
    bad = [number for number, content in enumerate(found, 1) if content != "John"]
    assert bad == [4, 5, 9, 10, 12, 13, 14, 15, 16]
    assert found[3] == "a.jsonl:4: expected objects and arrays at most 100 deep, found more"
    assert found[15] == "[{" * 200
