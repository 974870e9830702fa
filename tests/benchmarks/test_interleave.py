import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.interleave import compare, interleave
from benchmarks.markdown import markdown

TIMES = st.floats(1e-3, 1e3)


def test_every_task_once_a_round_in_changing_orders() -> None:
    called: list[str] = []

    def task(name: str) -> float:
        called.append(name)
        return float(len(called))

    names = "abcd"
    found = interleave({name: lambda name=name: task(name) for name in names}, rounds=8, warm_up=2)  # type: ignore[misc]
    turns = ["".join(called[start : start + 4]) for start in range(0, len(called), 4)]
    assert len(turns) == 10
    assert {"".join(sorted(turn)) for turn in turns} == {names}
    assert len(set(turns)) > 3
    expected = {name: [4 * turn + turns[turn].index(name) + 1.0 for turn in range(2, 10)] for name in names}
    assert found == expected  # the first two are not counted


def test_ratios_are_those_of_each_round() -> None:
    # The machine is ten times slower in the second round: the medians move, the ratios do not
    found = compare({"ours": [1.0, 10.0, 1.0], "other": [2.0, 20.0, 3.0]}, "ours")
    assert found["ours"] == {"median": 1.0, "ratio": 1.0, "ratio_quartiles": [1.0, 1.0]}
    assert found["other"] == {"median": 3.0, "ratio": 2.0, "ratio_quartiles": [2.0, 2.5]}


@given(st.lists(st.tuples(TIMES, TIMES), min_size=2, max_size=30))
def test_quartiles_as_the_standard_library_has_them(pairs: list[tuple[float, float]]) -> None:
    ours, other = (list(column) for column in zip(*pairs, strict=True))
    found = compare({"ours": ours, "other": other}, "ours")["other"]
    low, middle, high = statistics.quantiles([b / a for a, b in pairs], n=4, method="inclusive")
    assert found["median"] == pytest.approx(statistics.median(other))
    assert found["ratio"] == pytest.approx(middle, abs=6e-4)
    assert found["ratio_quartiles"] == pytest.approx([low, high], abs=6e-4)


def test_table() -> None:
    assert markdown(["", "ms"], [["a", "1"], ["b", "2"]]) == "|  | ms |\n| --- | --- |\n| a | 1 |\n| b | 2 |"
