from pathlib import Path
from typing import Any

import pytest
import torch

from albert_ner_onnx.files.conll import ConllSentence
from albert_ner_onnx.model.tokenizer import WordTokenizer
from training import deep_conll03 as script

TAG_IDS = {"O": 0, "B-PER": 1, "I-PER": 2}
TOKENIZER = WordTokenizer((script.START / "tokenizer.json").read_bytes(), script.LONGEST)


def test_a_words_tag_stands_at_its_first_piece_in_iob2() -> None:
    (example,) = script.encode(
        [ConllSentence(["Zvonimir", "Boban", "ran"], ["I-PER", "B-PER", "O"])], TOKENIZER, TAG_IDS
    )
    firsts = [target for target in example.targets if target != script.IGNORED]
    assert firsts == [1, 1, 0]
    assert len(example.targets) == len(example.ids) > 5
    assert (example.targets[0], example.targets[-1]) == (script.IGNORED, script.IGNORED)


def test_batches_hold_every_sentence_once() -> None:
    examples = [
        script.Example([101, *[number + 5] * length, 102], [0] * (length + 2))
        for number in range(40)
        for length in (1, 30)
    ]
    found = [ids[row][ids[row] > 0].tolist() for ids, _, _ in script.batches(examples, 3) for row in range(len(ids))]
    assert sorted(found) == sorted(example.ids for example in examples)
    for ids, mask, targets in script.batches(examples, 3):
        assert ids.numel() <= script.PIECES
        assert (mask == (ids > 0)).all()
        assert (targets[mask == 0] == script.IGNORED).all()
    again = [ids.tolist() for ids, _, _ in script.batches(examples, 3)]
    assert again == [ids.tolist() for ids, _, _ in script.batches(examples, 3)]
    assert again != [ids.tolist() for ids, _, _ in script.batches(examples, 4)]


def test_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training that was stopped after a step whose state was saved, and resumed, ends with the same weights."""
    examples = [
        script.Example([101, 2000 + number, 102], [script.IGNORED, number % 3, script.IGNORED]) for number in range(8)
    ]
    monkeypatch.setattr(script, "PIECES", 6)
    monkeypatch.setattr(script, "ITERATIONS", 2)
    monkeypatch.setattr(script, "KEEP_EVERY", 3)

    def run(folder: Path) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        torch.manual_seed(0)
        model = script.start_model()
        script.train(model, examples, folder, 2, 1e-3)
        return model.state_dict()

    whole = run(tmp_path / "whole")
    kept = (tmp_path / "whole" / "state.pt").read_bytes()
    resumed = tmp_path / "resumed"
    resumed.mkdir()
    (resumed / "state.pt").write_bytes(kept)
    assert torch.load(resumed / "state.pt", weights_only=True)["step"] == 6
    for name, tensor in run(resumed).items():
        torch.testing.assert_close(tensor, whole[name])
