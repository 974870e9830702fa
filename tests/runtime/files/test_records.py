from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.entities import Entity
from albert_ner_onnx.files.records import json_line, to_json_line


@pytest.mark.parametrize("write", [lambda text: to_json_line(text, []), lambda text: json_line({"text": text})])
@given(text=st.text(st.characters()))
def test_json_is_one_line_of_utf_8_for_any_text(write: Callable[[str], str], text: str) -> None:
    line = write(text).encode("utf-8")
    assert b"\n" not in line
    assert json.loads(line)["text"] == text


def test_to_json_line_holds_the_text_and_its_entities() -> None:
    entity = Entity("Zürich", "LOC", 3, 9, 0.5, 0.5)
    line = to_json_line("in Zürich\ud800", [entity])
    assert line == (
        '{"text": "in Zürich\\ud800", "entities": '
        '[{"text": "Zürich", "label": "LOC", "start": 3, "end": 9, "score": 0.5}]}'
    )
