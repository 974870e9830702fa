"""A product of int8 matrices that comes out wrong where a kernel adds two products of 8 bits in 16, with saturation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from benchmarks.portability_probe import ACTIVATION, ZERO_POINT

_DEPTH = 768


def crafted_columns() -> dict[str, npt.NDArray[np.int8]]:
    """Weights that add up to sums as large as they get, by a name that begins with `ours` or `full`."""
    random = np.random.default_rng(0)
    columns: dict[str, npt.NDArray[np.int64]] = {}
    for name, low, high in (("ours", -64, 63), ("full", -127, 127)):
        columns |= {
            f"{name}: {high}": np.full(_DEPTH, high),
            f"{name}: {low}": np.full(_DEPTH, low),
            f"{name}: {high}, {low}": np.resize([high, low], _DEPTH),
            f"{name}: {high}, {high}, {low}, {low}": np.resize([high, high, low, low], _DEPTH),
            f"{name}: random": random.integers(low, high, _DEPTH, endpoint=True),
        }
    return {name: column.astype(np.int8) for name, column in columns.items()}


def crafted_model(columns: Mapping[str, npt.NDArray[np.int8]]) -> bytes:
    """A graph of one product with scales of 1: activations uint8 [row, depth] -> float32 [row, column]."""
    weight = np.stack(list(columns.values()), axis=1)
    depth, width = weight.shape
    constants: dict[str, npt.NDArray[Any]] = {
        "weight": weight,
        "scale": np.array(1, np.float32),
        "weight_scale": np.ones(width, np.float32),
        "zero_point": np.array(ZERO_POINT, np.uint8),
    }
    product = helper.make_node(
        "MatMulIntegerToFloat",
        ["activations", "weight", "scale", "weight_scale", "zero_point"],
        ["sums"],
        domain="com.microsoft",
    )
    graph = helper.make_graph(
        [product],
        "crafted",
        [helper.make_tensor_value_info("activations", TensorProto.UINT8, ["row", depth])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["row", width])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def crafted_errors(found: npt.NDArray[np.float32]) -> dict[str, float]:
    """How far each crafted column's sums, float32 [row, column], are from the integers that they should be."""
    columns = crafted_columns()
    exact = (ACTIVATION - ZERO_POINT) * np.stack(list(columns.values()), axis=1).sum(axis=0, dtype=np.int64)
    return dict(zip(columns, np.abs(found - exact).max(axis=0).tolist(), strict=True))
