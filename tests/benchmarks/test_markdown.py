import pytest

from benchmarks.markdown import markdown, short, with_block

BEGIN, END = "<!-- begin: a -->\n", "<!-- end: a -->\n"


def test_a_table() -> None:
    assert markdown(["", "x"], [["one", "1"], ["two", "2"]]) == "|  | x |\n| --- | --- |\n| one | 1 |\n| two | 2 |"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.2364, "0.236"), (1.8, "1.80"), (99.96, "100."), (100, "100"), (1019.2, "1,019"), (0.0, "0.00")],
)
def test_a_short_figure(value: float, shown: str) -> None:
    assert short(value) == shown


def test_only_the_block_is_replaced() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n<!-- begin: b -->\n<!-- end: b -->\n"
    assert with_block(page, "a", "new\n\nblock\n") == page.replace("old\n", "new\n\nblock\n")


@pytest.mark.parametrize("page", ["", f"{BEGIN}table", f"{BEGIN}{END}{BEGIN}{END}", f"{END}{BEGIN}"])
def test_a_page_without_a_place_for_it_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="expected one block between <!-- begin: a -->"):
        with_block(page, "a", "block")
