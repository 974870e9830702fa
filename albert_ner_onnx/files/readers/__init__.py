"""Readers of the formats that a run takes, and what chooses between them."""

from albert_ner_onnx.files.readers.inputs import InputOptions, Inputs, open_inputs
from albert_ner_onnx.files.readers.sources import FORMATS, Source

__all__ = ["FORMATS", "InputOptions", "Inputs", "Source", "open_inputs"]
