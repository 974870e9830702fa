import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AlbertForTokenClassification

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_export.graph.build import build_graph
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.verify.reference import batches, padded_logits, run_padded, write_hugging_face
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.model.session import open_session


def test_transformers_reads_what_is_written_for_the_reference(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(toy.write_checkpoint(tmp_path / "toy", num_hidden_layers=4, num_hidden_groups=2))
    folder = write_hugging_face(checkpoint.config, checkpoint.tensors, tmp_path / "written")
    model = AlbertForTokenClassification.from_pretrained(folder)
    state = {name: tensor for name, tensor in model.state_dict().items() if name in checkpoint.tensors}
    assert state.keys() == checkpoint.tensors.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(tensor.numpy(), checkpoint.tensors[name])
    written = json.loads((folder / "config.json").read_text())
    original = json.loads((tmp_path / "toy" / "config.json").read_text())
    assert {name: value for name, value in original.items() if name in written} == written


@pytest.mark.parametrize("length", [1, 10, 16, 20, 24])
def test_the_reference_gets_padding_where_it_fits(length: int) -> None:
    seen: list[np.ndarray] = []

    class Recording:
        def run(self, names: list[str], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(feeds["attention_mask"])
            return [np.zeros((*feeds["input_ids"].shape, 2), np.float32)]

    found = padded_logits(Recording(), [np.ones(length, np.int64)], 24)
    assert [logits.shape for logits in found] == [(length, 2)]
    assert [(mask == 0).sum() for mask in seen] == [min(8, 24 - length)]


@given(st.lists(st.integers(1, 3000), max_size=60))
def test_batches(lengths: list[int]) -> None:
    """Each sequence once, neighbours by length, and never more pieces than fit, unless a sequence alone has more."""
    found = batches(lengths)
    assert [lengths[index] for batch in found for index in batch] == sorted(lengths)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        assert 1 <= len(batch) <= 16
        assert len(batch) == 1 or len(batch) * (lengths[batch[-1]] + 8) <= 2048


def test_the_reference_runs_in_a_child_process(tmp_path: Path) -> None:
    """It gives the same answers as in this process, and says clearly what can't be run."""
    config = AlbertConfig.from_dict(toy.config())
    weights = fold_weights(config, toy.tensors(toy.config()))
    model = build_graph(config, weights, interface="huggingface").SerializeToString()
    (tmp_path / "model.onnx").write_bytes(model)
    sequences = [np.arange(1, length) for length in (9, 4, 12)]
    found = run_padded(tmp_path / "model.onnx", sequences, 64)
    for one, other in zip(found, padded_logits(open_session(model), sequences, 64), strict=True):
        np.testing.assert_array_equal(one, other)
    (tmp_path / "model.onnx").write_bytes(model[:100])
    with pytest.raises(ExportError, match=r"the reference to compare with, can't be run: .*ONNX Runtime can't load it"):
        run_padded(tmp_path / "model.onnx", sequences, 64)
