"""Writes the ONNX files of the tests with the exporters that people use.

python make_onnx_files.py FOLDER            what the tests read: they call it, in a process of its own
python make_onnx_files.py FOLDER --dynamo   dynamo-*.onnx of fixtures/onnx: needs onnxscript, and toy.py on the path
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from optimum.exporters.onnx import main_export
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    AlbertForTokenClassification,
    AlbertModel,
    BertConfig,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForTokenClassification,
)

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# Name: attention, opset, whether constants are folded. Before opset 17 there is no LayerNormalization.
TORCH = {"eager-12": ("eager", 12, True), "eager-17": ("eager", 17, False), "sdpa-14": ("sdpa", 14, False)}


def example(count: int) -> tuple[torch.Tensor, ...]:
    """Returns inputs to trace with."""
    ids = torch.tensor([[2, 9, 8, 7, 3], [2, 5, 6, 7, 3]])
    return (ids, torch.ones_like(ids), torch.zeros_like(ids))[:count]


def trace(model: Any, path: Path, *, inputs: int = 3, opset: int = 18, fold: bool = True, dynamic: bool = True) -> None:
    """Exports with torch's tracing exporter."""
    axes = {name: {0: "batch", 1: "piece"} for name in (*INPUTS[:inputs], "logits")} if dynamic else None
    torch.onnx.export(
        model.eval(),
        example(inputs),
        path,
        dynamo=False,
        opset_version=opset,
        do_constant_folding=fold,
        input_names=list(INPUTS[:inputs]),
        output_names=["logits"],
        dynamic_axes=axes,
    )


def export_with_torch(checkpoint: Path) -> None:
    """Exports a checkpoint in several ways, such as in 16 bits or with fewer inputs."""
    for name, (attention, opset, fold) in TORCH.items():
        model = AlbertForTokenClassification.from_pretrained(checkpoint, attn_implementation=attention)
        trace(model, checkpoint / f"{name}.onnx", opset=opset, fold=fold)
    model = AlbertForTokenClassification.from_pretrained(checkpoint, attn_implementation="eager")
    trace(model, checkpoint / "fixed-shape.onnx", dynamic=False)
    trace(model, checkpoint / "ids-only.onnx", inputs=1)
    trace(model.half(), checkpoint / "half.onnx")
    model = AlbertForTokenClassification.from_pretrained(checkpoint, attn_implementation="eager")
    trace(model.bfloat16(), checkpoint / "bfloat16.onnx")
    converted = convert_float_to_float16(onnx.load(checkpoint / "eager-12.onnx"), keep_io_types=True)
    onnx.save(converted, checkpoint / "converted.onnx")


def export_with_optimum(checkpoint: Path) -> None:
    """Exports as `optimum-cli export onnx` does."""
    main_export(
        str(checkpoint), checkpoint, task="token-classification", dtype="fp32", do_validation=False, device="cpu"
    )


def initialize(folder: Path) -> None:
    """Exports a model as transformers initializes it: biases are 0, weights of LayerNorms are 1."""
    torch.manual_seed(0)
    AlbertForTokenClassification(AlbertConfig.from_pretrained(folder)).save_pretrained(folder)


def export_others(folder: Path, checkpoint: Path) -> None:
    """Writes files that must be refused: other networks, and files that were changed after the export."""
    small = {"vocab_size": 50, "num_labels": 5}
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    albert = AlbertConfig.from_pretrained(checkpoint)
    trace(BertForTokenClassification(BertConfig(**small, **sizes)), folder / "bert.onnx")
    distil = DistilBertConfig(**small, dim=16, n_layers=2, n_heads=2, hidden_dim=24)
    trace(DistilBertForTokenClassification(distil), folder / "distilbert.onnx", inputs=2)
    trace(AlbertForSequenceClassification(albert), folder / "sequence.onnx")
    trace(AlbertModel(albert, add_pooling_layer=False), folder / "headless.onnx")
    original = checkpoint / "model.onnx"
    quantize_dynamic(original, folder / "quantized.onnx")
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    InferenceSession(original, options, providers=["CPUExecutionProvider"])


def export_with_dynamo(checkpoint: Path, path: Path, *, opset: int, optimize: bool) -> None:
    """Exports with torch's newer exporter, and removes the Python source lines that it records for each node."""
    batch, piece = torch.export.Dim("batch"), torch.export.Dim("piece", max=24)
    torch.onnx.export(
        AlbertForTokenClassification.from_pretrained(checkpoint).eval(),
        example(3),
        path,
        dynamo=True,
        external_data=False,
        optimize=optimize,
        opset_version=opset,
        input_names=list(INPUTS),
        output_names=["logits"],
        dynamic_shapes=({0: batch, 1: piece},) * 3,
    )
    model = onnx.load(path)
    for item in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.initializer):
        item.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    onnx.save(model, path)


def main(folder: Path) -> None:
    """Exports the checkpoints in a folder: several of toy.py, and `equal`, which only has a config.json."""
    initialize(folder / "equal")
    for config in sorted(folder.glob("*/config.json")):
        export_with_optimum(config.parent)
    export_with_torch(folder / "plain")
    export_with_torch(folder / "groups")
    export_others(folder, folder / "plain")


if __name__ == "__main__":
    if "--dynamo" in sys.argv:
        import toy

        place = Path(sys.argv[1])
        source = toy.write_checkpoint(place / "toy", num_hidden_layers=2)
        export_with_dynamo(source, place / "dynamo-18.onnx", opset=18, optimize=False)
        export_with_dynamo(source, place / "dynamo-23.onnx", opset=23, optimize=True)
    else:
        main(Path(sys.argv[1]))
