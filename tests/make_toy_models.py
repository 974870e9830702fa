"""Makes the toy models in tests/runtime/models, and what transformers answers with the same toys.

    python tests/make_toy_models.py

Needs the extra `dev`. The tests of the runtime only need the files that this writes, so they run without onnx and
torch.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AlbertForTokenClassification, PreTrainedTokenizerFast

import toy
from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model

MODELS = Path(__file__).parent / "runtime" / "models"
IO_TAGS = {"0": "I-GENE", "1": "O", "2": "I-DRUG"}
TOYS: dict[str, dict[str, Any]] = {
    "fp32": {"precision": "fp32", "seed": 5},
    "int8": {"precision": "int8", "seed": 2, "num_hidden_layers": 7, "num_hidden_groups": 3, "inner_group_num": 2},
    "io-cased-relu": {"precision": "fp32", "seed": 4, "hidden_act": "relu", "id2label": IO_TAGS, "lower_case": False},
}
SENTENCES = [
    ["John", "Smith", "lives", "in", "Berlin", "."],
    ["Mary"],
    ["the", "works", "of", "Paris", ",", "$", "3.5", "and", "10", "%"],
    ["to", "", "John"],
    ["\u200b"],
    ["Éa", "straße", "北京"],
    [],
]


def _expected(checkpoint: Path) -> list[list[str]]:
    """Returns transformers' tags of SENTENCES: those of the first piece of each word, `O` for a word without pieces."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(checkpoint / "tokenizer.json"))
    model = AlbertForTokenClassification.from_pretrained(checkpoint).eval()
    tags = []
    for words in SENTENCES:
        encoding = tokenizer(words, is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            best = model(encoding["input_ids"]).logits[0].argmax(-1).tolist()
        owners = encoding.word_ids()
        tags.append(
            [model.config.id2label[best[owners.index(word)]] if word in owners else "O" for word in range(len(words))]
        )
    return tags


def main() -> None:
    """Makes all models again."""
    shutil.rmtree(MODELS, ignore_errors=True)
    MODELS.mkdir()
    expected: dict[str, list[list[str]]] = {}
    for name, settings in TOYS.items():
        with tempfile.TemporaryDirectory() as folder:
            precision = settings.pop("precision")
            checkpoint = toy.write_checkpoint(Path(folder) / name, **settings)
            least = 0 if precision == "int8" else None  # int8 loses much of random weights
            options = ExportOptions(precision=precision, license="Apache-2.0", language="en", min_agreement=least)
            export_model(checkpoint, MODELS / name, options)
            expected[name] = _expected(checkpoint)
    text = json.dumps({"sentences": SENTENCES, "tags": expected}, indent=1)
    (MODELS / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
