import json
from pathlib import Path

import numpy as np
import pytest
from transformers import AlbertForTokenClassification

import toy
from albert_ner_export import reference
from albert_ner_export.reference import write_hugging_face
from albert_ner_export.sources import read_checkpoint


def test_what_is_written_for_the_reference_is_what_transformers_reads(tmp_path: Path) -> None:
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
def test_the_reference_gets_padding_where_it_fits(monkeypatch: pytest.MonkeyPatch, length: int, tmp_path: Path) -> None:
    seen: list[np.ndarray] = []

    class Recording:
        def run(self, names: list[str], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(feeds["attention_mask"])
            return [np.zeros((*feeds["input_ids"].shape, 2), np.float32)]

    monkeypatch.setattr(reference, "open_session", lambda model, threads: Recording())
    (tmp_path / "model.onnx").write_bytes(b"")
    found = reference.run_reference(tmp_path / "model.onnx", [np.ones(length, np.int64)], 24)
    assert [logits.shape for logits in found] == [(length, 2)]
    assert [(mask == 0).sum() for mask in seen] == [min(8, 24 - length)]
