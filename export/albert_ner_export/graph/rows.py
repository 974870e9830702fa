"""The rows of an embedding: in 4 bits, and the nodes that pick them out of whichever form they have.

Four bits are too coarse for one scale a row, so each block of 32 values has its own. They are unpacked after the rows
are picked, and by operators that every supported ONNX Runtime has for uint8 (BitwiseAnd needs opset 18, int4 IR 10).
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from albert_ner_export.graph.builder import GraphBuilder
from albert_ner_export.graph.weights import Float32, PackedRows, QuantizedRows

_BLOCK = 32
_LOWEST, _HIGHEST = -8, 7
# Where a block's furthest value may come to lie. Over -8 and 7 it is cut off, and all others get finer steps
_REACHES = (7.0, *np.arange(-7, -10.1, -0.25), *np.arange(7.25, 9.1, 0.25))
_SMALLEST, _LARGEST = np.finfo(np.float16).smallest_subnormal, np.finfo(np.float16).max


def pack_rows(rows: Float32) -> PackedRows:
    """Quantizes an embedding to 4 bits, each block by the scale that has the least squared error.

    Args:
        rows: float32 [row, width].
    """
    count, width = rows.shape
    blocks = np.pad(rows, ((0, 0), (0, -width % _BLOCK))).reshape(count, -1, _BLOCK)
    furthest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1, keepdims=True), axis=-1)
    best = np.zeros(blocks.shape, np.int8)
    best_scale, least = np.zeros(furthest.shape, np.float16), np.full(furthest.shape, np.inf)
    for reach in _REACHES:
        wanted = furthest / np.float32(reach)
        scale = np.copysign(np.clip(np.abs(wanted), _SMALLEST, _LARGEST), wanted).astype(np.float16)
        values = np.clip(np.rint(blocks / scale.astype(np.float32)), _LOWEST, _HIGHEST)
        error = np.square(values * scale - blocks, dtype=np.float64).sum(axis=-1, keepdims=True)
        better = error < least
        least = np.where(better, error, least)
        best_scale, best = np.where(better, scale, best_scale), np.where(better, values, best).astype(np.int8)
    low, high = np.split((best - _LOWEST).astype(np.uint8), 2, axis=-1)
    return PackedRows(low | high << np.uint8(4), best_scale, width)


def pick_rows(graph: GraphBuilder, name: str, rows: Float32 | QuantizedRows | PackedRows, op: str, *index: str) -> str:
    """Adds an embedding to a graph, and the nodes that pick rows of it.

    Args:
        graph: The graph.
        name: Of the embedding.
        rows: All of them.
        op: `Gather` or `Slice`.
        index: Its further inputs.

    Returns:
        The name of the rows, float32 [batch, piece, width] by `Gather` and [piece, width] by `Slice`.
    """
    if not isinstance(rows, QuantizedRows | PackedRows):
        return graph.add(op, graph.constant(name, rows), *index)
    values = graph.add(op, graph.constant(name, rows.values), *index)
    scale = graph.add(op, graph.constant(f"{name}.scale", rows.scale), *index)
    if isinstance(rows, PackedRows):
        return _unpack(graph, name, values, scale, rows.width, axes=2 if op == "Gather" else 1)
    return graph.add("Mul", graph.add("Cast", values, to=TensorProto.FLOAT), scale)


def _unpack(graph: GraphBuilder, name: str, packed: str, scale: str, width: int, axes: int) -> str:
    """Unpacks the rows of `axes` axes: [..., block, byte] -> [..., width]."""
    low = graph.add("Mod", packed, graph.constant(f"{name}.sixteen", np.array(16, np.uint8)))
    four = graph.constant(f"{name}.four", np.array(4, np.uint8))
    high = graph.add("BitShift", packed, four, direction="RIGHT")
    codes = graph.add("Cast", graph.add("Concat", low, high, axis=-1), to=TensorProto.FLOAT)
    zero = graph.constant(f"{name}.zero", np.array(-_LOWEST, np.float32))
    values = graph.add("Mul", graph.add("Sub", codes, zero), graph.add("Cast", scale, to=TensorProto.FLOAT))
    rows = graph.add("Reshape", values, graph.constant(f"{name}.shape", np.array([0] * axes + [-1], np.int64)))
    if width % _BLOCK == 0:
        return rows
    bounds = {"start": 0, "end": width, "axis": -1}
    return graph.add(
        "Slice", rows, *(graph.constant(f"{name}.{key}", np.array([at], np.int64)) for key, at in bounds.items())
    )
