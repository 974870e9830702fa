"""optimum's ONNX models in transformers' token-classification pipeline."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
import torch
from optimum.onnxruntime import ORTModelForTokenClassification

from benchmarks.peers import Settings
from benchmarks.peers.stock import STOCK
from benchmarks.peers.transformers_pipeline import PipelinePeer


class OptimumPipeline(PipelinePeer):
    """The pipeline on one of the files that `stock` makes."""

    def __init__(self, settings: Settings, file: str) -> None:
        torch.set_num_threads(settings.threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.log_severity_level = 3
        model = ORTModelForTokenClassification.from_pretrained(
            settings.models / file, file_name=STOCK[file], session_options=options, provider="CPUExecutionProvider"
        )
        super().__init__(model, settings)
        self.setup = f"pipeline, ORTModelForTokenClassification, {file}, aggregation simple"
