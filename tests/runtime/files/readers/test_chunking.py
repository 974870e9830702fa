"""Where a chunk ends."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx.errors import InputError
from albert_ner_onnx.files.chunks import CHUNK_CHARACTERS, CHUNK_RECORDS, Chunk, Record
from albert_ner_onnx.files.readers import chunking
from albert_ner_onnx.files.readers.chunking import chunks_of, chunks_of_rows

Content = str | list[list[str]] | InputError | None


def lengths(contents: Sequence[Content]) -> list[int]:
    return [len(chunk.records) for chunk in chunks_of(sized([Record("x", 1, content) for content in contents]))]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [1]),
        (CHUNK_RECORDS - 1, [CHUNK_RECORDS - 1]),
        (CHUNK_RECORDS, [CHUNK_RECORDS]),
        (CHUNK_RECORDS + 1, [CHUNK_RECORDS, 1]),
        (2 * CHUNK_RECORDS, [CHUNK_RECORDS, CHUNK_RECORDS]),
    ],
)
def test_by_records(count: int, expected: list[int]) -> None:
    assert lengths(["a"] * count) == expected
    assert lengths([None] * count) == expected
    assert lengths([InputError("a" * 1000)] * count) == expected


@pytest.mark.parametrize("words", [False, True])
def test_by_characters(words: bool) -> None:
    def text(length: int) -> Content:
        return [["a" * (length - 1)], ["b"]] if words else "a" * length

    assert lengths([text(CHUNK_CHARACTERS - 1), "", "b", "c"]) == [3, 1]
    assert lengths([text(CHUNK_CHARACTERS), "", "b"]) == [1, 2]
    assert lengths([text(CHUNK_CHARACTERS + 1), "b"]) == [1, 1]
    assert lengths(["b", text(2 * CHUNK_CHARACTERS), "c"]) == [2, 1]


CONTENTS = st.one_of(
    st.text("ab", max_size=12),
    st.none(),
    st.builds(InputError, st.just("bad")),
    st.lists(st.lists(st.text("a", max_size=4), max_size=3), max_size=3),
)


@given(st.lists(CONTENTS, max_size=40))
def test_chunks_hold_all_records_and_are_as_short_as_they_may_be(contents: list[Content]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunking, "CHUNK_RECORDS", 5)
        patch.setattr(chunking, "CHUNK_CHARACTERS", 20)
        records = [Record("x", line, content) for line, content in enumerate(contents, 1)]
        chunks = [list(chunk.records) for chunk in chunks_of(sized(records))]
    assert [record for chunk in chunks for record in chunk] == records
    for chunk in chunks:
        before = sum(map(size, chunk[:-1]))
        assert 1 <= len(chunk) <= 5
        assert before < 20
        assert chunk is chunks[-1] or len(chunk) == 5 or before + size(chunk[-1]) >= 20


def sized(records: Sequence[Record]) -> list[tuple[Record, int]]:
    return [(record, size(record)) for record in records]


def size(record: Record) -> int:
    match record.content:
        case str() as text:
            return len(text)
        case list() as sentences:
            return len("".join("".join(words) for words in sentences))
        case _:
            return 0


@settings(max_examples=40)
@given(st.lists(st.text("ab", max_size=12) | st.none(), max_size=40), st.lists(st.integers(0, 40)))
def test_rows_make_the_same_chunks_however_they_come(texts: list[str | None], cuts: list[int]) -> None:
    pa = pytest.importorskip("pyarrow")
    records = [Record("x", row, text) for row, text in enumerate(texts, 1)]
    table = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string()), "row": range(len(texts))})
    borders = sorted({0, len(texts), *(min(cut, len(texts)) for cut in cuts)})
    batches = [(sized(records[start:stop]), table.slice(start, stop - start)) for start, stop in pairwise(borders)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunking, "CHUNK_RECORDS", 5)
        patch.setattr(chunking, "CHUNK_CHARACTERS", 20)
        expected = [list(chunk.records) for chunk in chunks_of(sized(records))]
        chunks = list(chunks_of_rows(batches))
    assert [list(chunk.records) for chunk in chunks] == expected
    for chunk in chunks:
        assert chunk.columns is not None
        assert chunk.columns["text"].to_pylist() == [record.content for record in chunk.records]
        assert chunk.columns["row"].to_pylist() == [record.line - 1 for record in chunk.records]
        copy = pickle.loads(pickle.dumps(chunk))
        assert copy == chunk


def test_what_a_chunk_was_cut_from_is_not_pickled() -> None:
    pa = pytest.importorskip("pyarrow")
    names = pa.DictionaryArray.from_arrays(pa.array([0, None] * 50_000, pa.int8()), ["Ajax"])
    table = pa.RecordBatch.from_pydict({"text": pa.array(["a" * 100] * 100_000), "name": names})
    (chunk,) = chunks_of_rows([(sized([Record("x", 1, "a" * 100)] * 10), table.slice(501, 10))])
    pickled = pickle.dumps(chunk)
    assert len(pickled) < 10_000
    copy = pickle.loads(pickled)
    assert copy == chunk
    assert copy.columns.to_pydict() == table.slice(501, 10).to_pydict()
    assert pickle.loads(pickle.dumps(Chunk(chunk.records))) == Chunk(chunk.records)
