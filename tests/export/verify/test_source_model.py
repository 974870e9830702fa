"""ONNX files of several exporters, run next to the graphs that are built from what is read from them."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import toy
from albert_ner_export.checkpoint import SourceModel
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.run import Logits, run_model
from albert_ner_export.sources.onnx.weights import recover_weights
from albert_ner_export.verify import source_model
from albert_ner_export.verify.gates import check_source_model
from albert_ner_export.verify.source_model import run_source_model
from albert_ner_onnx import ExportError
from onnx_files import FILES, FIXTURES
from oracles import NEEDS_OPTIMUM

pytestmark = NEEDS_OPTIMUM  # it writes the files
SEQUENCES = [np.array([2, *range(4, 98, 5), 3, 7, 8, 9])[:length] for length in (24, *range(1, 25))]
HALF = [(variant, file) for variant in ("plain", "groups") for file in ("half", "converted")]


def run_both(path: Path) -> tuple[SourceModel, dict[int, Logits], list[Logits]]:
    """Returns a file, its own logits, and those of the graph that is built from what is read from it."""
    weights = recover_weights(path.read_bytes(), path)
    config = AlbertConfig.from_dict(weights.config, toy.TAGS)
    file = SourceModel(path=path, model=path, machine_epsilon=weights.machine_epsilon)
    model = build_graph(config, fold_weights(config, weights.tensors)).SerializeToString()
    return file, run_source_model(file, SEQUENCES, 24), run_model(model, SEQUENCES)


@pytest.mark.parametrize(
    ("variant", "name"),
    [*FILES, *HALF, ("equal", "model")],
)
def test_every_file_gives_the_answers_of_what_is_read_from_it(exported: Path, variant: str, name: str) -> None:
    file, expected, found = run_both(exported / variant / f"{name}.onnx")
    lengths = [len(SEQUENCES[index]) for index in expected]
    # A fixed shape takes 5 pieces; shorter sequences are padded and masked
    assert lengths == [len(ids) for ids in SEQUENCES if name != "fixed-shape" or len(ids) <= 5]
    check_source_model(file, expected, found)


@pytest.mark.parametrize("name", ["dynamo-18.onnx", "dynamo-23.onnx"])
def test_files_of_torchs_newer_exporter_do_so_too(name: str) -> None:
    file, expected, found = run_both(FIXTURES / name)
    assert len(expected) == len(SEQUENCES)
    check_source_model(file, expected, found)


def test_a_file_that_computes_in_16_bits_may_differ_only_by_rounding(exported: Path) -> None:
    file, expected, found = run_both(exported / "groups" / "half.onnx")
    check_source_model(file, expected, [logits * np.float32(1.01) for logits in found])
    with pytest.raises(
        ExportError, match=r"half\.onnx: it doesn't compute what an ALBERT .* differs by .* from the file's own"
    ):
        check_source_model(file, expected, [logits * np.float32(1.02) for logits in found])
    with pytest.raises(ExportError, match="differs by nan"):
        check_source_model(file, {0: expected[0] * np.float32(np.nan)}, found)


def test_what_onnx_runtime_cannot_run_is_refused(exported: Path) -> None:
    with pytest.raises(ExportError, match=r"bfloat16\.onnx: ONNX Runtime can't run it \(.*\), so its answers can't be"):
        run_both(exported / "plain" / "bfloat16.onnx")


def test_a_fixed_shape_without_a_mask_takes_only_its_own_length(exported: Path, tmp_path: Path) -> None:
    model = onnx.load(exported / "plain" / "ids-only.onnx")
    for size, value in zip(model.graph.input[0].type.tensor_type.shape.dim, (1, 7), strict=True):
        size.dim_value = value
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    file = SourceModel(path=path, model=path, machine_epsilon=2.0**-23)
    assert list(run_source_model(file, SEQUENCES, 24)) == [
        index for index, ids in enumerate(SEQUENCES) if len(ids) == 7
    ]
    with pytest.raises(ExportError, match=r"model\.onnx: takes only sequences of 7 pieces and no attention_mask"):
        run_source_model(file, [ids for ids in SEQUENCES if len(ids) != 7], 24)


def test_a_large_fixed_shape_is_given_fewer_sequences(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_model, "_FIXED_PIECES", 20)  # two calls of 2 x 5
    file, expected, found = run_both(exported / "plain" / "fixed-shape.onnx")
    assert [len(SEQUENCES[index]) for index in expected] == [1, 4]
    check_source_model(file, expected, found)
