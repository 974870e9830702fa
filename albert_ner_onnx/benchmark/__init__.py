"""Speed and memory of a model on this machine: `benchmark()` measures both."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from albert_ner_onnx.benchmark.measure import benchmark

__all__ = ["benchmark"]


def __getattr__(name: str) -> object:
    # Late, because it imports NumPy and ONNX Runtime: `startup` measures how long these imports take.
    if name == "benchmark":
        from albert_ner_onnx.benchmark.measure import benchmark

        return benchmark
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
