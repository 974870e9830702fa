"""Texts and entities as Arrow arrays."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx import InputError
from albert_ner_onnx.entities import Entity

pa = pytest.importorskip("pyarrow")

from albert_ner_onnx.files.arrow import ENTITIES, ENTITY, holds_strings, texts_of, to_arrow  # noqa: E402
from arrow_arrays import encodings  # noqa: E402

characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
maybe_texts = st.lists(st.none() | characters, max_size=8)
entities = st.builds(
    Entity,
    characters,
    st.sampled_from(["PER", "LOC"]),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.floats(0, 1),
    st.floats(0, 1),
)


@given(st.lists(st.none() | st.lists(entities, max_size=3), max_size=5))
def test_entities_come_back_as_they_were(found: list[list[Entity] | None]) -> None:
    array = to_arrow(found)
    array.validate(full=True)
    assert array.type == ENTITIES
    assert array.to_pylist() == [None if each is None else [entity.as_dict() for entity in each] for each in found]


def test_the_type_is_what_the_pages_say() -> None:
    assert str(ENTITY) == "struct<text: string, label: string, start: int64, end: int64, score: double>"


@given(maybe_texts)
def test_texts_come_out_of_every_encoding(texts: list[str | None]) -> None:
    for array in encodings(texts):
        assert holds_strings(array.type)
        assert texts_of(array) == texts
        assert texts_of(array.slice(1)) == texts[1:]


def test_nulls_of_no_type_are_nulls() -> None:
    assert texts_of(pa.nulls(2)) == [None, None]


def test_a_null_of_a_dictionary_is_a_null() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), pa.array([None, "a"]))
    assert texts_of(array) == ["a", None, None]


@pytest.mark.parametrize("kind", ["int64", "binary", "list<item: string>", "dictionary<values=int64"])
def test_other_types_are_refused_by_name(kind: str) -> None:
    arrays = [pa.array([1]), pa.array([b"a"]), pa.array([["a"]]), pa.array([1]).dictionary_encode()]
    array = next(each for each in arrays if str(each.type).startswith(kind))
    assert not holds_strings(array.type)
    with pytest.raises(InputError, match=f"^column 'x' must hold strings, found {kind}.*cast it"):
        texts_of(array, "column 'x'")


def test_bytes_that_are_not_utf_8_are_found() -> None:
    _, offsets, _ = pa.array(["a", "bc"]).buffers()
    array = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ab\xff")])
    for each in (array, pa.chunked_array([pa.array(["a"]), array.slice(1)])):
        with pytest.raises(InputError, match=r"^array\[1\] must be UTF-8, found byte 0xff at offset 1 of it$"):
            texts_of(each)
    with pytest.raises(InputError, match=r"^column 'x'\[65\] must be UTF-8"):
        texts_of(array.slice(1), "column 'x'", 65)


def test_lone_surrogates_become_one_character_each() -> None:
    text = "a\ud83d\ude00\ud800é😀"
    (found,) = to_arrow([[Entity(text, "PER", 0, len(text), 0.5, 0.5)]]).to_pylist()
    assert found[0]["text"] == "a\ufffd\ufffd\ufffdé😀"


def test_pyarrow_is_all_that_it_imports() -> None:
    script = (
        "import sys, albert_ner_onnx.files.arrow; print([n for n in ('pandas', 'onnxruntime') if n in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
