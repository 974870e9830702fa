"""What a recognizer is given: bad items, iterators, streams."""

from collections import UserDict
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest

from albert_ner_onnx import InputError, load
from toy_models import INT8

RECOGNIZER = load(INT8)


class _Column:
    """A column as pandas has it: it iterates over its values, and isn't a sequence."""

    ndim = 1

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


class _Table:
    """A table as pandas has it: it iterates over the names of its columns."""

    ndim = 2
    columns = ("text",)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


NEWS = ["John lives in Berlin", "", "Mary Smith works in Paris , the in of .", "10 %"]


def test_an_iterator_is_as_good_as_a_list() -> None:
    expected = RECOGNIZER.recognize_batch(NEWS)
    assert any(expected)
    assert RECOGNIZER.recognize_batch(text for text in NEWS) == expected
    sentences = [text.split() for text in NEWS]
    assert RECOGNIZER.tag(iter(sentences)) == RECOGNIZER.tag(sentences)


@pytest.mark.parametrize("bad", [None, 5, "a text", b"bytes", bytearray(b"bytes"), np.array("a text"), np.float32(1)])
def test_what_is_no_list_is_named(bad: Any) -> None:
    for call in (RECOGNIZER.recognize_batch, RECOGNIZER.analyze_batch, RECOGNIZER.stream, RECOGNIZER.tag):
        with pytest.raises(InputError, match=f"must be a list or another iterable, .*{type(bad).__name__}"):
            call(bad)


@pytest.mark.parametrize(
    ("bad", "way_out"),
    [
        ({"id": "John lives in Berlin"}, r"found dict, which gives its keys; pass list\(d.values\(\)\)"),
        (UserDict(a="John"), "found UserDict, which gives its keys"),
        ({"John", "Mary"}, "in order, found set; pass sorted"),
        (frozenset({"John"}), "in order, found frozenset; pass sorted"),
        (np.array([[["John"]]]), "found ndarray of 3 dimensions"),
        (_Table(), "found _Table of 2 dimensions; pass one of its columns"),
    ],
)
def test_what_gives_something_else_or_in_no_order_is_refused(bad: Any, way_out: str) -> None:
    for call in (RECOGNIZER.recognize_batch, RECOGNIZER.analyze_batch, RECOGNIZER.stream, RECOGNIZER.tag):
        with pytest.raises(InputError, match=f"must be a list or another iterable.*{way_out}"):
            call(bad)


def test_texts_in_arrays_and_views() -> None:
    expected = RECOGNIZER.recognize_batch(NEWS)
    numbered = dict(enumerate(NEWS))
    for texts in (
        np.array(NEWS),
        np.array(NEWS, dtype=object),
        _Column(NEWS),
        tuple(NEWS),
        numbered.values(),
        dict.fromkeys(NEWS).keys(),
    ):
        assert RECOGNIZER.recognize_batch(texts) == expected
        assert list(RECOGNIZER.stream(texts)) == expected
    with pytest.raises(InputError, match=r"texts must be a list .*, found ndarray of 2 dimensions"):
        RECOGNIZER.recognize_batch(np.array([NEWS]))


def test_sentences_in_arrays() -> None:
    words = [["John", "lives", "in", "Berlin"], ["Mary", "Smith", "works", "."]]
    expected = RECOGNIZER.tag(words)
    assert any(tag != "O" for tag in chain(*expected))
    sentences: Any
    for sentences in (
        np.array(words),
        np.array(words, dtype=object),
        [np.array(sentence) for sentence in words],
        [_Column(sentence) for sentence in words],
        [tuple(sentence) for sentence in words],
    ):
        assert RECOGNIZER.tag(sentences) == expected
        assert RECOGNIZER.tag_document(sentences) == RECOGNIZER.tag_document(words)
    ragged = np.empty(2, dtype=object)
    ragged[:] = [["John"], np.array(["Mary", "Smith"])]
    assert RECOGNIZER.tag(ragged) == RECOGNIZER.tag([["John"], ["Mary", "Smith"]])
    assert RECOGNIZER.tag(np.empty((0, 0), dtype=str)) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.array(["John", "lives"]), r"sentences\[0\] must be a list of words, found str_"),
        ([np.array([["John"]])], r"sentences\[0\] must be a list of words, found ndarray"),
        ([np.array("John")], r"sentences\[0\] must be a list of words, found ndarray"),
        ([np.array([1, 2])], r"sentences\[0\]\[0\] must be a str, found int64"),
        ([["a"], _Column(["a", float("nan")])], r"sentences\[1\]\[1\] must be a str, found float"),
        ([bytearray(b"John")], r"sentences\[0\] must be a list of words, found bytearray"),
        ([{"John": 1}], r"sentences\[0\] must be a list of words, found dict"),
        (_Table(), "sentences must be a list .*, found _Table of 2 dimensions"),
    ],
)
def test_what_is_no_sentence_is_named(bad: Any, message: str) -> None:
    for call in (RECOGNIZER.tag, RECOGNIZER.tag_document):
        with pytest.raises(InputError, match=message):
            call(bad)


def test_an_interrupt_within_a_generator_is_not_put_off() -> None:
    def interrupted() -> Iterator[str]:
        yield "John"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(RECOGNIZER.stream(interrupted()))


@pytest.mark.parametrize("bad", [None, b"bytes", 3, ["list"]])
def test_what_is_no_text_is_named(bad: Any) -> None:
    kind = type(bad).__name__
    with pytest.raises(InputError, match=f"text must be a str, found {kind}"):
        RECOGNIZER.recognize(bad)
    with pytest.raises(InputError, match=rf"texts\[1\] must be a str, found {kind}"):
        RECOGNIZER.recognize_batch(["good", bad])
    with pytest.raises(InputError, match=rf"sentences\[1\]\[0\] must be a str, found {kind}"):
        RECOGNIZER.tag([["good"], [bad]])


def test_a_sentence_that_is_a_text_is_named() -> None:
    with pytest.raises(InputError, match=r"sentences\[0\] must be a list of words, found str"):
        RECOGNIZER.tag(["a text"])


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", True, 10**6])
def test_workers_and_threads_must_be_positive_numbers(count: Any) -> None:
    with pytest.raises(InputError, match="threads must be a whole number"):
        load(threads=count)
    with pytest.raises(InputError, match="workers must be None or a whole number"):
        load(workers=count)


def test_stream_is_lazy_and_bounded() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield NEWS[taken % len(NEWS)]

    stream = RECOGNIZER.stream(endless())
    assert taken == 0
    for number in range(1, 3000):
        next(stream)
        assert number <= taken <= number + 1024


def test_stream_reads_few_texts_ahead_if_they_are_long() -> None:
    taken = 0

    def long_texts() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield " " * 400_000

    next(RECOGNIZER.stream(long_texts()))
    assert taken == 3


@pytest.mark.parametrize("good", [0, 1, 5, 1024, 1025])
def test_a_failing_generator_delivers_what_came_before(good: int) -> None:
    def failing() -> Iterator[str]:
        yield from ["John lives in Berlin"] * good
        raise OSError("disk")

    stream = RECOGNIZER.stream(failing())
    assert [next(stream) for _ in range(good)] == RECOGNIZER.recognize_batch(["John lives in Berlin"] * good)
    with pytest.raises(OSError, match="disk"):
        next(stream)


def test_a_bad_item_in_a_stream_comes_after_the_good_ones() -> None:
    stream = RECOGNIZER.stream(["John", None, "Mary"])  # type: ignore[list-item]
    assert next(stream) == RECOGNIZER.recognize("John")
    with pytest.raises(InputError, match=r"texts\[1\]"):
        next(stream)
