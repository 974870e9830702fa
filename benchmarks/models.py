"""Models that the suites need: made once from the checkpoint, and kept in the work folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from albert_ner_export.options import ExportOptions
from albert_ner_export.pipeline import export_model
from albert_ner_export.texts.corpus import own_corpus
from albert_ner_onnx.model.manifest import MODEL
from benchmarks.child import call_in_child
from benchmarks.run import ROOT, Run

SHAPES: Final[Mapping[str, dict[str, int]]] = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "xlarge": {"hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 8192},
    "xxlarge": {"hidden_size": 4096, "num_hidden_layers": 12, "num_attention_heads": 64, "intermediate_size": 16384},
}
"""The published sizes of ALBERT, as the fields of its `config.json`."""
_POSITIONS = 128  # the published ones have 512, but an export that verifies sequences of these takes much longer
_FEW_TEXTS = 20  # are enough to calibrate random weights


def exported(run: Run, precision: str) -> Path:
    """The model folder of the run's checkpoint, exported in this precision with the window of the run's model."""
    window = json.loads((run.model / "manifest.json").read_text("utf-8"))["max_pieces"]
    return _export(run.folder, run.checkpoint, {"precision": precision, "max_sentence_length": window})


def random_model(run: Run, shape: Mapping[str, int], folder: Path) -> tuple[Path, Path]:
    """A checkpoint of random weights with the tokenizer and labels of the run's, and its export in int8."""
    checkpoint, texts = folder / "checkpoint", folder / "calibration.txt"
    if not (checkpoint / "model.safetensors").exists():
        call_in_child(__name__, "make_checkpoint", str(run.checkpoint), str(checkpoint), shape)
    texts.write_text("\n".join(own_corpus().calibration[:_FEW_TEXTS]), "utf-8")
    return checkpoint, _export(folder, checkpoint, {"min_agreement": 0, "calibration": str(texts)})


def make_checkpoint(labels_from: str, out: str, shape: Mapping[str, int]) -> None:
    """Writes a checkpoint of random weights, as transformers initialises them."""
    import torch
    from transformers import AlbertConfig, AlbertForTokenClassification

    torch.manual_seed(0)
    source = json.loads((Path(labels_from) / "config.json").read_text("utf-8"))
    labels = {int(index): tag for index, tag in source["id2label"].items()}
    config = AlbertConfig(
        **{
            "vocab_size": source["vocab_size"],
            "max_position_embeddings": _POSITIONS,
            "hidden_act": "gelu_new",
            **shape,
        },
        id2label=labels,
        label2id={tag: index for index, tag in labels.items()},
    )
    AlbertForTokenClassification(config).save_pretrained(out)
    shutil.copy(Path(labels_from) / "tokenizer.json", out)


def _export(folder: Path, checkpoint: Path, options: Mapping[str, Any]) -> Path:
    """Exports in a new process, unless the same exporter did so before."""
    state = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for file in sorted((ROOT / "export").rglob("*.py")):
        state.update(file.read_bytes())
    out = folder / f"model-{state.hexdigest()[:12]}"
    if not out.exists():
        folder.mkdir(parents=True, exist_ok=True)
        call_in_child(__name__, "export", str(checkpoint), str(out), options)
    return out


def export(checkpoint: str, out: str, options: dict[str, Any]) -> None:
    """Exports a checkpoint; a `calibration` file is given by its path."""
    if "calibration" in options:
        options["calibration"] = Path(options["calibration"])
    export_model(Path(checkpoint), Path(out), ExportOptions(**options))


def with_graph(model: Path, file: Path, out: Path) -> Path:
    """A copy of a model folder with another graph; its manifest has the new checksum."""
    if not out.exists():
        shutil.copytree(model, out)
        shutil.copyfile(file, out / MODEL)
        manifest = json.loads((out / "manifest.json").read_text("utf-8"))
        manifest["files"][MODEL] = hashlib.sha256(file.read_bytes()).hexdigest()
        (out / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return out
