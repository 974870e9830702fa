"""Figures as Markdown: tables, and the line under each that says where it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def percent(share: float) -> str:
    """A fraction in per cent, with two digits after the point."""
    return f"{100 * share:.2f}"


def times(compared: Mapping[str, Any]) -> str:
    """A ratio of `turns.ratios`, with its quartiles."""
    low, high = compared["ratio_quartiles"]
    return f"{compared['ratio']:.2f}× ({low:.2f}–{high:.2f})"


def source(record: Mapping[str, Any]) -> str:
    """Where a suite was measured, in one line."""
    environment = record["environment"]
    amx = ", AMX refused" if environment["amx"] == "refused" else ""
    changed = " with changes" if environment["changed"] else ""
    commit = (environment["commit"] or "unknown")[:7]
    return f"{environment['cpu']}, {environment['cores']} cores{amx}, commit {commit}{changed}."
