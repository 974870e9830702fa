import pytest

from benchmarks.markdown import markdown, with_block

BEGIN, END = "<!-- begin: a -->\n", "<!-- end: a -->\n"


def test_a_table() -> None:
    assert markdown(["", "x"], [["one", "1"], ["two", "2"]]) == "|  | x |\n| --- | --- |\n| one | 1 |\n| two | 2 |"


def test_only_the_block_is_replaced() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n<!-- begin: b -->\n<!-- end: b -->\n"
    assert with_block(page, "a", "new\n\nblock\n") == page.replace("old\n", "new\n\nblock\n")


@pytest.mark.parametrize("page", ["", f"{BEGIN}table", f"{BEGIN}{END}{BEGIN}{END}", f"{END}{BEGIN}"])
def test_a_page_without_a_place_for_it_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="expected one block between <!-- begin: a -->"):
        with_block(page, "a", "block")
