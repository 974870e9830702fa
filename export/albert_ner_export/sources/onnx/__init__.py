"""ONNX files that optimum or transformers exported, read back into weights."""
