"""Labels that mark no entity, several ids of O, and texts of unknown pieces, through a whole export."""

from functools import partial
from pathlib import Path

import pytest
import torch
from transformers import AlbertConfig, AlbertForTokenClassification, PreTrainedTokenizerFast

import toy
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_onnx import load
from albert_ner_onnx.tags.schemes import fill_unread, spans

LABELS = ("O", "X", "I-PER", "[PAD]", "O", "I-LOC")
TEXT = "John Smith lives in Berlin , Mary works in Paris and the 3 of 10 is to Smith - in er % ."
CHINESE = "马云在杭州创立了阿里巴巴\n" * 10


def write(folder: Path, seed: int = 0) -> Path:
    return toy.write_checkpoint(folder, seed=seed, id2label={str(i): tag for i, tag in enumerate(LABELS)})


def their_tags(folder: Path, words: list[str]) -> list[str]:
    """Transformers' label of each word's first piece."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = AlbertForTokenClassification.from_pretrained(folder).eval()
    encoding = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        best = model(encoding["input_ids"]).logits[0].argmax(-1).tolist()
    owners = encoding.word_ids()
    return [model.config.id2label[best[owners.index(word)]] for word in range(len(words))]


@pytest.mark.parametrize("seed", range(2))
def test_tags_are_those_of_transformers_without_the_ignored_ones(tmp_path: Path, seed: int) -> None:
    folder = write(tmp_path / "toy", seed)
    manifest = export_model(folder, tmp_path / "out", ExportOptions(precision="fp32", interface="huggingface"))
    assert (manifest.tags, manifest.ignored_labels, manifest.scheme) == (LABELS, ("X", "[PAD]"), "IO")
    recognizer = load(tmp_path / "out", decoder="argmax")
    assert recognizer.labels == ["LOC", "PER"]
    answers = set()
    for words in (part.split() for part in (TEXT[:40], TEXT[20:60], TEXT[40:])):
        theirs = their_tags(folder, words)
        answers.update(theirs)
        decided = ["O" if tag in ("X", "[PAD]") else tag for tag in theirs]
        read = [tag not in ("X", "[PAD]") for tag in theirs]
        expected = fill_unread(decided, read, LABELS, partial(spans, scheme="IO"))
        assert recognizer.tag([words]) == [expected]
    assert len(answers) > 2
    model = AlbertConfig.from_pretrained(tmp_path / "out")
    assert tuple((model.id2label or {}).values()) == LABELS


def test_the_user_names_what_is_ignored(tmp_path: Path) -> None:
    folder = write(tmp_path / "toy")
    options = ExportOptions(precision="fp32", ignore_labels=("X", "[PAD]", "I-LOC"))
    manifest = export_model(folder, tmp_path / "out", options)
    assert manifest.ignored_labels == ("X", "[PAD]", "I-LOC")
    assert load(tmp_path / "out").labels == ["PER"]


def test_a_text_of_unknown_pieces_is_said_to_judge_nothing(tmp_path: Path) -> None:
    folder = toy.write_checkpoint(tmp_path / "toy", seed=2)
    text = tmp_path / "chinese.txt"
    text.write_text(CHINESE, "utf-8")
    steps: list[str] = []
    options = ExportOptions(calibration=text, min_agreement=0.01)
    manifest = export_model(folder, tmp_path / "out", options, report=steps.append)
    assert manifest.quantization is not None
    assert (manifest.quantization.quality.unknown_share, manifest.quantization.quality.judged) == (1.0, False)
    (warning,) = [step for step in steps if "warning: the tokenizer doesn't know" in step]
    assert "doesn't know 100.0% of the pieces of chinese.txt, so int8 is as good as unjudged: give --calib" in warning


def test_a_float_model_says_how_much_of_its_text_is_unknown(tmp_path: Path) -> None:
    folder = toy.write_checkpoint(tmp_path / "toy")
    (folder / "tokenizer.json").write_text(toy.tokenizer().replace('"##e":', '"##ꝏ":'))
    steps: list[str] = []
    manifest = export_model(folder, tmp_path / "out", ExportOptions(precision="fp32"), report=steps.append)
    share = manifest.verification.unknown_share
    assert share is not None
    assert 0.05 < share < 1
    assert any(f"warning: the tokenizer doesn't know {share:.1%} of the pieces of the text" in step for step in steps)
