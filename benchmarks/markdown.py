"""Tables of figures, for people, and their places in a page."""

from __future__ import annotations

from collections.abc import Sequence


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def short(value: float) -> str:
    """A figure with three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def with_block(page: str, name: str, block: str) -> str:
    """The page with a block in the place of the one that it has between comments `begin: name` and `end: name`.

    Raises:
        ValueError: It has no place for one, or several.
    """
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->\n"
    before, *found = page.split(begin)
    if len(found) != 1 or found[0].count(end) != 1:
        raise ValueError(f"README.md: expected one block between {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{block.strip()}\n{end}{found[0].split(end)[1]}"
