import re
from itertools import product

import pytest

from growth import assert_linear


def count_pairs(text: str) -> int:
    return sum(a == b for a, b in product(text, text))


def test_linear_growth_passes() -> None:
    assert_linear(re.compile("a*b?").findall, lambda size: "a" * size, 16_000)


def test_quadratic_growth_fails() -> None:
    with pytest.raises(AssertionError, match=r"^16 times the input takes \d+ times the time"):
        assert_linear(count_pairs, lambda size: "a" * size, 1_600)
