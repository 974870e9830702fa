"""What a recognizer is given: bad items, iterators, streams."""

from collections.abc import Iterator
from typing import Any

import pytest

from albert_ner_onnx import InputError, load
from toy_models import INT8

RECOGNIZER = load(INT8)
NEWS = ["John lives in Berlin", "", "Mary Smith works in Paris , the in of .", "10 %"]


def test_an_iterator_is_as_good_as_a_list() -> None:
    expected = RECOGNIZER.recognize_batch(NEWS)
    assert any(expected)
    assert RECOGNIZER.recognize_batch(text for text in NEWS) == expected
    sentences = [text.split() for text in NEWS]
    assert RECOGNIZER.tag(iter(sentences)) == RECOGNIZER.tag(sentences)


@pytest.mark.parametrize("bad", [None, 5, "a text", b"bytes"])
def test_what_is_no_list_is_named(bad: Any) -> None:
    for call in (RECOGNIZER.recognize_batch, RECOGNIZER.analyze_batch, RECOGNIZER.stream, RECOGNIZER.tag):
        with pytest.raises(InputError, match=f"must be a list or another iterable, .*{type(bad).__name__}"):
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
