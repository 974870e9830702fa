"""Results as JSON Lines: one record per line, in valid UTF-8."""

from __future__ import annotations

import json
from collections.abc import Sequence

from albert_ner_onnx.entities import Entity


def to_json_line(text: str, entities: Sequence[Entity]) -> str:
    """Writes a text and its entities as one line of JSON; see `json_line`."""
    return json_line({"text": text, "entities": [entity.as_dict() for entity in entities]})


def json_line(record: object) -> str:
    """Writes a record as one line of JSON, without the line's end.

    Lone surrogates are escaped because UTF-8 can't encode them; any text gives valid UTF-8.
    """
    line = json.dumps(record, ensure_ascii=False)
    return line.encode("utf-8", "backslashreplace").decode()  # \udc80 is an escape in JSON, too
