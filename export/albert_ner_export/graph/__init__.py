"""Folded weights and the ONNX graph that computes with them."""
