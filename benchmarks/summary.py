"""The README's table of peers, from the results of `speed` and `start`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.markdown import markdown, source
from benchmarks.peers import PEERS


def tables(records: Mapping[str, Any]) -> dict[str, str]:
    """A figure of every kind for every peer that was asked, if both suites have results."""
    if not {"speed", "start"} <= records.keys():
        return {}
    speed = records["speed"]["figures"]
    started = {name: each for name, each in records["start"]["figures"]["peers"].items() if "missing" not in each}
    after = {name: each["memory"]["after_sentences"]["resident"] for name, each in started.items()}
    shown = {
        "sentences per second": {name: each["texts_per_second"] for name, each in speed["sentences"]["peers"].items()},
        "one text, ms": {name: 1000 * each["median"] for name, each in speed["one_text"]["peers"].items()},
        "start to first entity, s": {name: each["start"]["median"] for name, each in started.items()},
        "resident memory, MB": {name: size / 1e6 for name, size in after.items()},
        "tags as float32, %": {name: 100 * share for name, share in speed["sentences"]["agreement"].items()},
    }
    rows = [
        [PEERS[name].title, *(_short(values[name]) if name in values else "" for values in shown.values())]
        for name in PEERS
        if any(name in values for values in shown.values())
    ]
    return {"summary.peers": f"{markdown(['', *shown], rows)}\n\n{source(records['speed'])}"}


def _short(value: float) -> str:
    """A figure with three digits, or with all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
