"""Embeddings in 4 bits: as they are packed, and as the graph unpacks them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import IR_VERSION, OPSETS, GraphBuilder, pick_rows
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.weights import PackedRows
from albert_ner_export.int8.quantize import observe_ranges, pack_rows, quantize_weights
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_onnx import load
from albert_ner_onnx.model.session import open_session

Rows = npt.NDArray[np.float32]
matrices = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 70)), elements=st.floats(-1000, 1000, width=32)
)


def unpacked(rows: PackedRows) -> Rows:
    """Unpacks rows value by value."""
    count, blocks, size = rows.values.shape
    found = np.zeros((count, blocks * 2 * size), np.float32)
    for row, block, byte in np.ndindex(rows.values.shape):
        value, scale = int(rows.values[row, block, byte]), np.float32(rows.scale[row, block, 0])
        start = block * 2 * size + byte
        found[row, start] = np.float32(value % 16 - 8) * scale
        found[row, start + size] = np.float32(value // 16 - 8) * scale
    assert not found[:, rows.width :].any()
    return found[:, : rows.width]


def blocks(values: Rows) -> list[Rows]:
    """Splits rows into blocks of 32 values; the last block may be shorter."""
    return np.split(values, range(32, values.shape[1], 32), axis=1)


def picked(rows: Rows | PackedRows, op: str, *index: np.ndarray, axes: int) -> Rows:
    """Picks rows by running a graph that does nothing else."""
    graph = GraphBuilder(AlbertConfig.from_dict(toy.config()))
    inputs = [graph.constant(f"index{number}", value) for number, value in enumerate(index)]
    output = pick_rows(graph, "rows", rows, op, *inputs)
    shape = [None] * axes
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "rows",
            [],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSETS.items()],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    (found,) = open_session(model.SerializeToString()).run(None, {})
    return np.asarray(found, np.float32)


@given(matrices)
def test_no_block_has_a_larger_error_than_with_the_usual_scale(rows: Rows) -> None:
    """The usual scale maps the largest value of a block to 7."""
    found = pack_rows(rows)
    assert (str(found.values.dtype), str(found.scale.dtype), found.width) == ("uint8", "float16", rows.shape[1])
    assert found.values.shape == (len(rows), -(-rows.shape[1] // 32), 16)
    assert found.scale.shape == (*found.values.shape[:2], 1)
    for block, found_block in zip(blocks(rows), blocks(unpacked(found)), strict=True):
        scale = (np.abs(block).max(axis=1, keepdims=True) / 7).astype(np.float16).astype(np.float32)
        scale[scale == 0] = 1
        usual = np.clip(np.rint(block / scale), -7, 7) * scale
        error, limit = (np.square(part.astype(np.float64) - block).sum(axis=1) for part in (found_block, usual))
        assert (error <= limit * (1 + 1e-6)).all()


def test_all_16_values_of_the_grid_are_kept() -> None:
    rows = np.array([[*range(-8, 8), *range(-8, 8), 0.5, -3.5]], np.float32)
    np.testing.assert_array_equal(unpacked(pack_rows(rows)), rows)


@pytest.mark.parametrize("value", [0, 1e-30, 6e-8, 1e5, 3e38])
def test_values_of_any_size_give_finite_scales(value: float) -> None:
    found = pack_rows(np.array([[value, -value / 2]], np.float32))
    assert np.isfinite(found.scale).all()
    assert (found.scale != 0).all()
    assert np.isfinite(unpacked(found)).all()


@settings(deadline=None)
@given(matrices, st.data())
def test_the_graph_unpacks_what_was_packed(rows: Rows, data: st.DataObject) -> None:
    found = pack_rows(rows)
    expected = unpacked(found)
    ids = data.draw(hnp.arrays(np.int64, (2, 3), elements=st.integers(0, len(rows) - 1)))
    np.testing.assert_array_equal(picked(found, "Gather", ids, axes=3), expected[ids])
    end = data.draw(st.integers(1, len(rows)))
    bounds = (np.array([value]) for value in (0, end, 0))
    np.testing.assert_array_equal(picked(found, "Slice", *bounds, axes=2), expected[:end])


def test_float_rows_are_picked_as_they_are() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(picked(rows, "Gather", np.array([[2, 0]]), axes=3), rows[[[2, 0]]])


def test_embeddings_are_packed_on_request() -> None:
    settings = toy.config()
    config = AlbertConfig.from_dict(settings)
    weights = fold_weights(config, toy.tensors(settings))
    found = quantize_weights(weights, observe_ranges(config, weights, [np.arange(9)]), embedding_bits=4)
    assert isinstance(found.words, PackedRows)
    assert isinstance(found.positions, PackedRows)


def test_the_manifest_says_how_many_bits_the_embeddings_have(tmp_path: Path) -> None:
    checkpoint = toy.write_checkpoint(tmp_path / "toy", embedding_size=64, hidden_size=64)
    manifests = [
        export_model(checkpoint, tmp_path / str(bits), ExportOptions(embedding_bits=bits, min_agreement=0))
        for bits in (8, 4)
    ]
    found = [manifest.quantization for manifest in manifests]
    assert [part.embedding_bits for part in found if part] == [8, 4]
    assert found[0]
    assert found[1]
    assert found[1].int8_bytes < found[0].int8_bytes
    assert len(load(tmp_path / "4").tag([["John", "Smith"]])[0]) == 2
