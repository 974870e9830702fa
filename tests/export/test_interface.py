"""A package with Hugging Face's interface, opened by those who would."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from optimum.onnxruntime import ORTModelForTokenClassification
from transformers import AlbertForTokenClassification, AutoTokenizer, pipeline

import toy
from albert_ner_export.pipeline import export_package
from albert_ner_onnx import load
from albert_ner_onnx.session import Session

TEXTS = ["John Smith lives in Berlin .", "Paris", "the works of Mary Smith , 3.5 % in Paris and Berlin"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interface")
    checkpoint = toy.write_checkpoint(folder / "checkpoint", seed=5)
    export_package(checkpoint, folder / "huggingface", precision="fp32", interface="huggingface")
    export_package(checkpoint, folder / "native", precision="fp32")
    return folder


def test_optimum_gives_the_logits_of_transformers(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder / "huggingface")
    ours = ORTModelForTokenClassification.from_pretrained(folder / "huggingface")
    theirs = AlbertForTokenClassification.from_pretrained(folder / "checkpoint").eval()
    encoding = tokenizer(TEXTS, padding=True, return_tensors="pt")
    encoding["token_type_ids"][:, 4:] = 1
    known = encoding["attention_mask"].bool()
    found, expected = ours(**encoding).logits[known], theirs(**encoding).logits[known]
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), atol=1e-4)


def test_the_pipeline_of_transformers_takes_it(folder: Path) -> None:
    found = [
        pipeline(
            "token-classification",
            model=kind.from_pretrained(path),
            tokenizer=AutoTokenizer.from_pretrained(folder / "huggingface"),
            device="cpu",
        )(TEXTS)
        for kind, path in (
            (ORTModelForTokenClassification, folder / "huggingface"),
            (AlbertForTokenClassification, folder / "checkpoint"),
        )
    ]
    assert [[(e["word"], e["entity"], e["start"]) for e in entities] for entities in found[0]] == [
        [(e["word"], e["entity"], e["start"]) for e in entities] for entities in found[1]
    ]
    assert any(found[0])


def test_our_own_runtime_gives_the_same_tags(folder: Path) -> None:
    sentences = [text.split() for text in TEXTS] + [["John", "Smith"] * 30]
    recognizers = [load(folder / name) for name in ("huggingface", "native")]
    assert recognizers[0].tag(sentences) == recognizers[1].tag(sentences)


def test_padding_changes_nothing_and_weights_stand_once(folder: Path) -> None:
    session = Session((folder / "huggingface" / "model.onnx").read_bytes(), 1)._session
    ids = np.array([[2, 9, 10, 3, 0, 0, 0]])
    mask = (ids > 0).astype(np.int64)
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    padded = session.run(None, feeds)[0][:, :4]
    np.testing.assert_allclose(
        padded, session.run(None, {name: value[:, :4] for name, value in feeds.items()})[0], atol=1e-6
    )
    sizes = [
        sum(int(np.prod(tensor.dims)) for tensor in onnx.load(folder / name / "model.onnx").graph.initializer)
        for name in ("huggingface", "native")
    ]
    assert sizes[0] - sizes[1] == 2 * 12  # the token types
