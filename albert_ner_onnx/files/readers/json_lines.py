"""JSON Lines: an object on each line, with a text in one of its fields."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import Record
from albert_ner_onnx.files.lines import read_lines, read_start
from albert_ner_onnx.files.readers.chunking import Sized

_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
}

_DEEPEST = 100
"""Most objects and arrays within each other: what writes a record or sends it to a process calls itself for each."""


class JsonLinesFile:
    """Lines of JSON. Blank lines are left out."""

    def __init__(self, stream: io.BufferedReader, name: str, field: str) -> None:
        """Prepares to read.

        Args:
            stream: The lines.
            name: What records and error messages call the stream.
            field: The field that holds the text: a name, or the path to it, `a.b`.
        """
        self._stream = stream
        self._name = name
        self._field = field

    def check(self) -> None:
        """Raises `InputError` if the file is JSON over several lines, or its encoding isn't one that can be read."""
        start = read_start(self._stream, self._name).lstrip()
        if start.startswith("["):
            raise InputError(
                f"{self._name}:1: expected a JSON object on each line, found an array; convert it: `jq -c '.[]'`"
            )
        if start.partition("\n")[0].strip() == "{":
            raise InputError(
                f"{self._name}:1: expected a JSON object on each line, found one over several lines; convert it: "
                "`jq -c .`"
            )

    def close(self) -> None:
        """Closes the stream."""
        self._stream.close()

    def records(self) -> Iterator[Sized]:
        """Reads the records."""
        for number, line in enumerate(chain.from_iterable(read_lines(self._stream, self._name)), 1):
            if isinstance(line, InputError):
                yield Record(self._name, number, line), 0
            elif line.strip():
                yield self._record(line, number), len(line)

    def _record(self, line: str, number: int) -> Record:
        place = f"{self._name}:{number}"
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            fault = f"{error.msg} at column {error.colno}"
            return Record(
                self._name, number, InputError(f"{place}: expected a JSON object, found other text ({fault})")
            )
        except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
            return Record(self._name, number, InputError(f"{place}: expected a JSON object that can be read ({error})"))
        if not isinstance(fields, dict):
            found = _kind(fields)
            return Record(self._name, number, InputError(f"{place}: expected a JSON object, found {found}"))
        if line.count("[") + line.count("{") > _DEEPEST and _is_deeper(fields, _DEEPEST):  # most lines have fewer
            return Record(
                self._name,
                number,
                InputError(f"{place}: expected objects and arrays at most {_DEEPEST} deep, found more"),
            )
        return Record(self._name, number, self._text(fields, place), fields)

    def _text(self, fields: Mapping[str, Any], place: str) -> str | InputError | None:
        try:
            text = find_field(fields, self._field)
        except KeyError:
            names = ", ".join(map(repr, list(fields)[:10])) or "none"
            return InputError(f"{place}: expected a field {self._field!r}, found {names}; choose one with --field")
        if text is None or isinstance(text, str):
            return text
        return InputError(f"{place}: expected a string in field {self._field!r}, found {_kind(text)}")


def find_field(fields: Mapping[str, Any], path: str) -> Any:
    """Finds the value of a field, whose name may contain stops itself, or of a field inside others.

    Raises:
        KeyError: There is no such field.
    """
    if path in fields:
        return fields[path]
    value: Any = fields
    for name in path.split("."):
        if not isinstance(value, dict):
            raise KeyError(path)
        value = value[name]
    return value


def _is_deeper(value: Any, most: int) -> bool:
    """Whether a value has more than so many objects and arrays within each other, itself included."""
    level = [value]
    for _ in range(most):
        inside = chain.from_iterable(each.values() if isinstance(each, dict) else each for each in level)
        level = [each for each in inside if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def _kind(value: object) -> str:
    return "null" if value is None else _NAMES[type(value)]
