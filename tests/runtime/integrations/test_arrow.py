"""`recognize_arrow`: the answers of `recognize_batch`, however the strings are stored."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import albert_ner_onnx
from albert_ner_onnx import Entity, EntityRecognizer, InputError

pa = pytest.importorskip("pyarrow")

from albert_ner_onnx.files.arrow import ENTITIES  # noqa: E402
from albert_ner_onnx.integrations.arrow import READ_ROWS, answers, recognize_arrow  # noqa: E402
from arrow_arrays import encodings  # noqa: E402
from data_frames import TEXTS, expected  # noqa: E402


@settings(max_examples=25)
@given(st.lists(st.none() | st.sampled_from(TEXTS), max_size=6), st.data())
def test_it_is_recognize_batch(texts: list[str | None], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(texts)))
    length = data.draw(st.integers(0, len(texts) - start))
    answer = expected(texts)
    for array in encodings(texts):
        found = recognize_arrow(array)
        found.validate(full=True)
        assert (found.type, isinstance(found, pa.ChunkedArray)) == (ENTITIES, isinstance(array, pa.ChunkedArray))
        assert found.to_pylist() == answer
        assert recognize_arrow(array.slice(start, length)).to_pylist() == answer[start : start + length]


@pytest.mark.parametrize("length", [0, 1, READ_ROWS - 1, READ_ROWS, READ_ROWS + 1, 1023, 1024, 1025, 2049])
def test_any_number_of_rows(length: int) -> None:
    texts = [None if row % 3 == 0 else f"{row}" for row in range(length)]
    recognizer = Counting()
    found = recognize_arrow(pa.array(texts, pa.string()), recognizer)  # type: ignore[arg-type]
    assert [each and each[0]["text"] for each in found.to_pylist()] == texts
    assert recognizer.texts == [text for text in texts if text is not None]


class Counting:
    """A recognizer for which each text is an entity. It remembers what it read."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def stream(self, texts: Iterable[str]) -> Iterator[list[Entity]]:
        for text in texts:
            self.texts.append(text)
            yield [Entity(text, "PER", 0, len(text), 1.0, 1.0)]


def test_the_strings_of_a_dictionary_are_read_once_and_only_where_they_are_used() -> None:
    array = pa.array(["a", "b", "a", None, "c", "a"]).dictionary_encode()
    recognizer = Counting()
    found = recognize_arrow(array.slice(2), recognizer)  # type: ignore[arg-type]
    assert [each and each[0]["text"] for each in found.to_pylist()] == ["a", None, "c", "a"]
    assert sorted(recognizer.texts) == ["a", "c"]


def test_a_dictionary_may_have_a_null_and_equal_strings() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 2], pa.int8()), pa.array([None, "Bonn", "Bonn"]))
    assert recognize_arrow(array).to_pylist() == expected(["Bonn", None, None, "Bonn"])


def test_nulls_without_a_type_are_nulls() -> None:
    assert recognize_arrow(pa.nulls(2)).to_pylist() == [None, None]
    assert recognize_arrow(pa.chunked_array([], pa.string())).to_pylist() == []


def test_texts_are_read_as_their_answers_are_needed() -> None:
    recognizer = albert_ner_onnx.load(workers=1)
    read: list[int] = []

    def endless() -> Iterator[str | None]:
        row = 0
        while True:
            read.append(row)
            yield None if row % 2 else "a"
            row += 1

    found = answers(endless(), recognizer)
    assert (next(found), next(found), next(found)) == ([], None, [])
    assert len(read) <= 2 * 1024 + 1


def test_the_texts_are_not_all_in_memory() -> None:
    texts = pa.array(["x" * 100_000] * 500)
    recognizer = Counting()
    recognizer.stream = lambda texts: ([] for _ in texts)  # type: ignore[method-assign]
    tracemalloc.start()
    try:
        recognize_arrow(texts, recognizer)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 3 * READ_ROWS * 100_000 < texts.nbytes / 2
    finally:
        tracemalloc.stop()


class Foreign:
    """A column of another library."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_array__(self, schema: Any = None) -> Any:
        return self.array.__arrow_c_array__(schema)


def test_arrays_of_other_libraries_are_taken_too() -> None:
    assert recognize_arrow(Foreign(pa.array([TEXTS[0], None]))).to_pylist() == expected([TEXTS[0], None])


@pytest.mark.parametrize("array", [["a"], "a", None, pa.table({"a": ["a"]}), pa.record_batch({"a": ["a"]})])
def test_what_is_no_array_is_refused(array: Any) -> None:
    with pytest.raises(InputError, match=f"^array must be a pyarrow.Array .*found {type(array).__name__}; pass one"):
        recognize_arrow(array)


@pytest.mark.parametrize(
    "array", [pa.array([1]), pa.array([b"a"]), pa.chunked_array([], pa.int64()), pa.array([["a"]])]
)
def test_what_has_no_strings_is_refused_before_a_model_is_loaded(array: Any) -> None:
    with pytest.raises(InputError, match=r"^text must hold strings, found (int64|binary|list.*); pass the column"):
        recognize_arrow(array, None, name="text")


def test_a_text_that_is_not_utf_8_is_named() -> None:
    good = pa.array(["a"] * 100)
    bad = pa.Array.from_buffers(pa.string(), 100, [None, good.buffers()[1], pa.py_buffer(b"a" * 70 + b"\xff" * 30)])
    with pytest.raises(InputError, match=r"^array\[70\] must be UTF-8, found byte 0xff"):
        recognize_arrow(bad)
    with pytest.raises(InputError, match=r"^the dictionary of array\[1\] must be UTF-8"):
        recognize_arrow(pa.DictionaryArray.from_arrays(pa.array([0, 80]), bad))


def test_the_recognizer_is_the_callers(recognizer_of_places: EntityRecognizer) -> None:
    (found,) = recognize_arrow(pa.array([TEXTS[0]]), recognizer_of_places).to_pylist()
    assert [entity["label"] for entity in found] == ["LOC"]


@pytest.fixture
def recognizer_of_places() -> EntityRecognizer:
    return albert_ner_onnx.load(labels=["LOC"])


def test_an_import_loads_no_model_and_no_other_library() -> None:
    script = """if True:
        import sys
        import albert_ner_onnx.integrations.arrow
        print([name for name in ("pandas", "polars", "duckdb", "onnxruntime", "tokenizers") if name in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
