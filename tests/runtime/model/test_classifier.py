import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albert_ner_onnx.model import classifier
from albert_ner_onnx.model.classifier import _share_out


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_each_item_once(items: list[int], workers: int) -> None:
    done: list[int] = []
    _share_out(done.append, items, workers)
    assert sorted(done) == sorted(items)


def test_this_thread_works_too() -> None:
    """Each call waits for the other, so that both threads have to come."""
    both = threading.Barrier(2, timeout=30)
    threads: set[int] = set()

    def run(item: int) -> None:
        threads.add(threading.get_ident())
        both.wait()

    _share_out(run, [1, 2], 2)
    assert threading.get_ident() in threads
    assert len(threads) == 2


def test_others_work_while_this_thread_makes_items() -> None:
    done = threading.Semaphore(0)

    def items() -> Iterator[int]:
        yield from range(3)
        assert done.acquire(timeout=30)  # the first one is not kept back

    _share_out(lambda item: done.release(), items(), 2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("before", [0, 1, 5])
def test_a_failure_to_make_items_is_raised(workers: int, before: int) -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(before)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _share_out(done.append, items(), workers)
    assert set(done) <= set(range(before))


def test_a_failure_ends_the_making_of_items() -> None:
    def run(item: int) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        _share_out(run, count(), 2)


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize("fails", [in_main_thread, lambda: not in_main_thread()], ids=["this thread", "another"])
@pytest.mark.parametrize("error", [IndexError, KeyboardInterrupt])  # an IndexError must not look like an empty list
def test_a_failure_is_raised_and_ends_the_rest(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[[], bool], error: type[BaseException]
) -> None:
    failed = threading.Event()
    monkeypatch.setattr(classifier, "Event", lambda: failed)
    both = threading.Barrier(2, timeout=30)
    done: list[int] = []

    def run(item: int) -> None:
        done.append(item)
        both.wait()
        if fails():
            raise error("no")
        assert failed.wait(timeout=30)

    with pytest.raises(error):
        _share_out(run, range(1000), 2)
    assert sorted(done) == [0, 1]
