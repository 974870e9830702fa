"""A checkpoint's weights -> the ONNX graph."""
